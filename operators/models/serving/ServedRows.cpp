// SPDX-License-Identifier: Apache-2.0
#include "operators/models/serving/ServedRows.h"

#include <cmath>
#include <utility>

#include "operators/data/Ascii.h"
#include "operators/models/ModelError.h"

namespace auspex::operators {
namespace {

/// Doubles hold every integer up to here.
constexpr double kLargestExactInteger = 9007199254740992.0;

[[noreturn]] void refuseValue(const ServedFeature& feature, const char* given) {
  const char* const wanted = feature.kind == ServedKind::Text      ? "a text"
                             : feature.kind == ServedKind::Integer ? "an integer"
                                                                   : "a number";
  throw ModelError("feature '" + feature.name + "' takes " + wanted + ", not " + given);
}

}  // namespace

SqlType ServedFeature::type() const {
  switch (kind) {
    case ServedKind::Number:
      return SqlType::doubleType();
    case ServedKind::Integer:
      return SqlType::bigint();
    case ServedKind::Text:
      break;
  }
  return SqlType::string();
}

std::vector<ServedFeature> servedFeatures(const ModelInfo& info) {
  std::vector<ServedFeature> features;
  for (const FeatureInfo& feature : info.features) {
    ServedFeature served;
    served.name = feature.name.empty() ? "f" + std::to_string(features.size()) : feature.name;
    if (!feature.categories.empty() || feature.declaredAsString.value_or(false)) {
      served.kind = ServedKind::Text;
    } else if (!feature.integerCategories.empty()) {
      served.kind = ServedKind::Integer;
    }
    served.hasDefault = feature.defaultValue || feature.defaultText;
    features.push_back(std::move(served));
  }
  return features;
}

ServedRows::ServedRows(std::vector<ServedFeature> features)
    : features_(std::move(features)), values_(features_.size()), texts_(std::make_shared<Arena>()) {
  for (size_t i = 0; i < features_.size(); ++i) {
    places_.emplace(features_[i].name, i);
    const auto [place, isNew] =
        placesIgnoringCase_.emplace(asciiLower(features_[i].name), std::optional(i));
    if (!isNew) {
      place->second.reset();
    }
  }
}

std::optional<size_t> ServedRows::find(std::string_view name) const {
  const std::string key(name);
  const auto exact = places_.find(key);
  if (exact != places_.end()) {
    return exact->second;
  }
  const auto similar = placesIgnoringCase_.find(asciiLower(key));
  return similar == placesIgnoringCase_.end() ? std::nullopt : similar->second;
}

void ServedRows::resize(size_t numRows) {
  for (size_t i = 0; i < features_.size(); ++i) {
    Values& values = values_[i];
    values.validity.resize(numRows, 0);
    switch (features_[i].kind) {
      case ServedKind::Number:
        values.numbers.resize(numRows);
        break;
      case ServedKind::Integer:
        values.integers.resize(numRows);
        break;
      case ServedKind::Text:
        values.texts.resize(numRows, std::string_view("", 0));
        break;
    }
  }
  numRows_ = numRows;
}

void ServedRows::setNumber(size_t row, size_t feature, double value) {
  Values& values = values_[feature];
  switch (features_[feature].kind) {
    case ServedKind::Number:
      values.numbers[row] = value;
      break;
    case ServedKind::Integer:
      if (!(std::abs(value) <= kLargestExactInteger) || value != std::trunc(value)) {
        refuseValue(features_[feature], "a number with a fraction");
      }
      values.integers[row] = static_cast<int64_t>(value);
      break;
    case ServedKind::Text:
      refuseValue(features_[feature], "a number");
  }
  values.validity[row] = 1;
}

void ServedRows::setInteger(size_t row, size_t feature, int64_t value) {
  if (features_[feature].kind == ServedKind::Integer) {
    values_[feature].integers[row] = value;
    values_[feature].validity[row] = 1;
  } else {
    setNumber(row, feature, static_cast<double>(value));
  }
}

void ServedRows::setText(size_t row, size_t feature, std::string_view text) {
  if (features_[feature].kind != ServedKind::Text) {
    refuseValue(features_[feature], "a text");
  }
  values_[feature].texts[row] = texts_->copy(text);
  values_[feature].validity[row] = 1;
}

std::vector<ColumnPtr> ServedRows::finish() {
  std::vector<ColumnPtr> columns;
  for (size_t i = 0; i < features_.size(); ++i) {
    Values values = std::exchange(values_[i], {});
    switch (features_[i].kind) {
      case ServedKind::Number:
        columns.push_back(Column::make(SqlType::doubleType(), std::move(values.numbers),
                                       std::move(values.validity)));
        break;
      case ServedKind::Integer:
        columns.push_back(Column::make(SqlType::bigint(), std::move(values.integers),
                                       std::move(values.validity)));
        break;
      case ServedKind::Text:
        columns.push_back(Column::make(SqlType::string(), std::move(values.texts),
                                       std::move(values.validity), {texts_}));
        break;
    }
  }
  numRows_ = 0;
  texts_ = std::make_shared<Arena>();
  return columns;
}

}  // namespace auspex::operators
