// SPDX-License-Identifier: Apache-2.0
// How a statement names a version in a model registry: mlflow://name@alias, mlflow://name/3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auspex::operators {

struct RegistryUri {
  std::string model;                ///< the registry's name for it
  std::string alias;                ///< as the registry writes it; empty: `version` is set
  std::optional<uint32_t> version;  ///< the same version for ever

  std::string toString() const;
};

/// Whether a URI is of a registry at all, well-formed or not.
bool isRegistryUri(std::string_view uri);
/// Throws ModelError when it is not as above.
RegistryUri parseRegistryUri(std::string_view uri);

/// The address of a registry without slashes at its end. Throws ModelError unless it is http:// or
/// https:// with a host and perhaps a path; a password in it would end up in logs.
std::string checkRegistryUrl(std::string_view url);

}  // namespace auspex::operators
