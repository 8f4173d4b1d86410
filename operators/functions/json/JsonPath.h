// SPDX-License-Identifier: Apache-2.0
// Paths of EXTRACTJSONFIELD: `$`, then `.name`, `[0]` and `["quoted name"]`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/formats/json/JsonTree.h"

namespace auspex::operators {

/// A path, taken apart. Immutable.
class JsonPath {
 public:
  /// nullopt when the text is no path.
  static std::optional<JsonPath> parse(std::string_view text);

  /// The value at the path; null when there is none.
  const JsonTree* find(const JsonTree& root) const;

 private:
  std::vector<std::string> steps_;
};

}  // namespace auspex::operators
