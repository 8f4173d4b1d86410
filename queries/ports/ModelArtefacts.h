// SPDX-License-Identifier: Apache-2.0
// The engine's own copies of model files, by checksum: a version stays what it was, wherever its
// file has gone since. Implemented by the engine.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace auspex::queries {

/// Errors are std::runtime_error.
class ModelArtefacts {
 public:
  virtual ~ModelArtefacts() = default;
  /// Keeps the bytes under their SHA-256 for good; nothing happens when they are there already.
  virtual void keep(const std::string& checksum, std::string_view bytes) = 0;
  /// The bytes of that checksum; nothing when they are not there, or are damaged.
  virtual std::optional<std::string> find(const std::string& checksum) = 0;
};

}  // namespace auspex::queries
