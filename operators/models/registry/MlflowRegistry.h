// SPDX-License-Identifier: Apache-2.0
// A model registry of MLflow, asked by its REST API: which version an alias is, and its file.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "operators/models/registry/RegistryUri.h"
#include "operators/ports/HttpTransport.h"

namespace auspex::operators {

/// What the registry says of a version.
struct RegisteredVersion {
  uint32_t number = 0;
  std::string runId;  ///< that made it; empty when it does not say
};

/// A version with the bytes of its trees.
struct RegisteredArtefact {
  RegisteredVersion version;
  std::string file;  ///< its path in the registry
  std::string bytes;
};

/// What came of a question: an answer, or why there is none.
template <typename Answer>
struct RegistryAnswer {
  std::optional<Answer> answer;
  std::string failure;
};

/// Answers are bounded in size and time; redirects are not followed, and addresses are those that
/// the transport allows. A value: what is under way does not need it. Any thread.
class MlflowRegistry {
 public:
  template <typename Answer>
  using Done = std::function<void(RegistryAnswer<Answer>)>;

  /// url: as checkRegistryUrl gives it. The transport must outlive the object.
  MlflowRegistry(HttpTransport& transport, std::string url)
      : transport_(transport), url_(std::move(url)) {}

  /// Which version it is; one by its number must be there. `done` is called once, on a thread of
  /// the transport; like that of fetch it must not throw.
  void resolve(const RegistryUri& uri, Done<RegisteredVersion> done) const;
  /// The file with the trees of a version.
  void fetch(const std::string& model, const RegisteredVersion& version,
             Done<RegisteredArtefact> done) const;

  /// The same, waiting for it. Throws ModelError, naming the registry.
  RegisteredVersion resolveNow(const RegistryUri& uri) const;
  RegisteredArtefact fetchNow(const std::string& model, const RegisteredVersion& version) const;

 private:
  HttpTransport& transport_;
  std::string url_;
};

}  // namespace auspex::operators
