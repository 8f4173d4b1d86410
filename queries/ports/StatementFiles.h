// SPDX-License-Identifier: Apache-2.0
// Where the files are that statements name. Implemented by the engine.
#pragma once

#include <string>

namespace auspex::queries {

class StatementFiles {
 public:
  virtual ~StatementFiles() = default;
  /// What relative paths of the statements at hand start at: an absolute path, kept with what they
  /// define.
  virtual std::string basePath() = 0;
};

}  // namespace auspex::queries
