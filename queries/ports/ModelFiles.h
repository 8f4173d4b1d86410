// SPDX-License-Identifier: Apache-2.0
// Reads the files that statements name. Implemented by the engine, which knows what a path is
// relative to.
#pragma once

#include <string>

namespace auspex::queries {

class ModelFiles {
 public:
  virtual ~ModelFiles() = default;
  /// The path of a model's URI, resolved. Throws std::runtime_error when it is not allowed.
  virtual std::string resolve(const std::string& uri) = 0;
};

}  // namespace auspex::queries
