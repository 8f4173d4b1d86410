// SPDX-License-Identifier: Apache-2.0
#include "operators/models/InputContract.h"

#include <algorithm>
#include <set>

#include "operators/models/CategoryEncoder.h"
#include "operators/models/ModelError.h"

namespace auspex::operators {

namespace {

/// The code of a category among those of a feature.
std::optional<double> codeOf(const FeatureInfo& feature,
                             const std::variant<double, std::string>& category) {
  const auto place = [](const auto& known, const auto& wanted) -> std::optional<double> {
    const auto found = std::find(known.begin(), known.end(), wanted);
    if (found == known.end()) {
      return std::nullopt;
    }
    return static_cast<double>(found - known.begin());
  };
  if (const auto* const text = std::get_if<std::string>(&category)) {
    return place(feature.categories, *text);
  }
  const double number = std::get<double>(category);
  if (feature.integerCategories.empty()) {
    return number;
  }
  for (size_t code = 0; code < feature.integerCategories.size(); ++code) {
    if (static_cast<double>(feature.integerCategories[code]) == number) {
      return static_cast<double>(code);
    }
  }
  return std::nullopt;
}

void declareCategories(const InputDeclaration& input, FeatureInfo& feature) {
  const std::string shown = "input '" + input.name + "'";
  if (!input.categories.empty()) {
    if (!input.isString) {
      throw ModelError(shown + ": CATEGORIES are for a VARCHAR");
    }
    const std::set<std::string> distinct(input.categories.begin(), input.categories.end());
    if (distinct.size() != input.categories.size()) {
      throw ModelError(shown + ": a category stands twice in CATEGORIES");
    }
    if (input.categories.size() > CategoryEncoder::kMaxCategories) {
      throw ModelError(shown + ": more than " + std::to_string(CategoryEncoder::kMaxCategories) +
                       " categories");
    }
    if (!feature.integerCategories.empty() ||
        (!feature.categories.empty() && feature.categories != input.categories)) {
      throw ModelError(shown + ": the model's file has other categories. Leave CATEGORIES out");
    }
    feature.categories = input.categories;
    feature.kind = FeatureKind::Categorical;
    feature.hasDamagedCategories = false;
  }
  if (input.isString && feature.categories.empty()) {
    throw ModelError(shown +
                     ": a VARCHAR needs CATEGORIES('a', 'b', ...) in the order of their "
                     "codes, since the model's file has none for it");
  }
}

void declare(const InputDeclaration& input, FeatureInfo& feature) {
  declareCategories(input, feature);
  feature.declaredAsString = input.isString;
  if (!input.defaultValue) {
    return;
  }
  if (std::holds_alternative<std::string>(*input.defaultValue) != input.isString) {
    throw ModelError("input '" + input.name + "': DEFAULT is not of its type");
  }
  feature.defaultValue = codeOf(feature, *input.defaultValue);
  if (!feature.defaultValue) {
    throw ModelError("input '" + input.name + "': DEFAULT is none of its categories");
  }
}

}  // namespace

void applyInputContract(const std::vector<InputDeclaration>& inputs, ModelInfo& info) {
  if (inputs.empty()) {
    return;
  }
  std::set<std::string> names;
  for (const InputDeclaration& input : inputs) {
    if (!names.insert(input.name).second) {
      throw ModelError("input '" + input.name + "' is declared twice");
    }
  }
  if (!info.namedFeatures) {
    if (inputs.size() != info.features.size()) {
      throw ModelError("the model has " + std::to_string(info.features.size()) +
                       " features without names, but the input list has " +
                       std::to_string(inputs.size()) + " entries");
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      info.features[i].name = inputs[i].name;
      declare(inputs[i], info.features[i]);
    }
    info.namedFeatures = true;
    return;
  }
  std::vector<std::string> known;
  for (const FeatureInfo& feature : info.features) {
    known.push_back(feature.name);
  }
  for (const InputDeclaration& input : inputs) {
    const NamedPlace place = findByName(input.name, known);
    if (place.match != NameMatch::Found) {
      throw ModelError("the model has no feature '" + input.name + "' for the input list");
    }
    declare(input, info.features[place.index]);
  }
}

}  // namespace auspex::operators
