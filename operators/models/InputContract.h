// SPDX-License-Identifier: Apache-2.0
// The input list of CREATE MODEL: what the features are called and what they take, where the file
// does not say.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "operators/models/Model.h"

namespace auspex::operators {

/// One entry of an input list.
struct InputDeclaration {
  std::string name;
  /// VARCHAR; otherwise a number, a boolean or a time.
  bool isString = false;
  /// CATEGORIES(...): the string at index c has code c.
  std::vector<std::string> categories;
  /// DEFAULT: stands in for what is missing.
  std::optional<std::variant<double, std::string>> defaultValue;
};

/// Puts the declarations into info.features. Where the file has no names there must be one
/// declaration per feature, in the model's order, and they give the names; otherwise each names a
/// feature of the file, in any order. Nothing happens without declarations. Throws ModelError when
/// they do not fit the file.
void applyInputContract(const std::vector<InputDeclaration>& inputs, ModelInfo& info);

}  // namespace auspex::operators
