// SPDX-License-Identifier: Apache-2.0
#include "operators/models/FeatureBinding.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"

namespace auspex::operators {

namespace {

template <typename Number>
constexpr Number kMissing = std::numeric_limits<Number>::quiet_NaN();

/// Calls toNumber for each present value and writes the column with its stride.
template <typename Number, typename Value, typename ToNumber>
void encodeColumn(std::span<const Value> values, std::span<const uint8_t> validity, size_t feature,
                  size_t numFeatures, Number* matrix, ToNumber toNumber) {
  if (values.empty()) {
    return;  // and there may be no matrix
  }
  Number* out = matrix + feature;
  if (validity.empty()) {
    for (const Value& value : values) {
      *out = toNumber(value);
      out += numFeatures;
    }
    return;
  }
  for (size_t row = 0; row < values.size(); ++row) {
    *out = validity[row] != 0 ? toNumber(values[row]) : kMissing<Number>;
    out += numFeatures;
  }
}

const char* nameOf(ArgumentKind kind) {
  switch (kind) {
    case ArgumentKind::Double:
      return "DOUBLE";
    case ArgumentKind::Bigint:
      return "BIGINT";
    case ArgumentKind::Integer:
      return "INTEGER";
    case ArgumentKind::Boolean:
      return "BOOLEAN";
    case ArgumentKind::String:
      return "STRING";
  }
  return "?";
}

}  // namespace

FeatureSource bindFeature(const FeatureInfo& feature, size_t argument, ArgumentKind kind,
                          std::span<const std::string> categories) {
  const std::string shown =
      feature.name.empty() ? std::string("a feature") : "feature '" + feature.name + "'";
  FeatureSource source;
  source.argument = argument;
  if (feature.defaultValue) {
    source.defaultValue = *feature.defaultValue;
  }
  if (feature.declaredAsString && *feature.declaredAsString != (kind == ArgumentKind::String)) {
    throw ModelError(shown + " is declared as " +
                     (*feature.declaredAsString ? "a STRING" : "a number") +
                     " in the model's input list, but a " + nameOf(kind) + " is given");
  }
  if (kind == ArgumentKind::String) {
    if (feature.kind == FeatureKind::Numeric && categories.empty()) {
      throw ModelError(shown + " is numeric, but a STRING is given. Cast it to DOUBLE");
    }
    const std::span<const std::string> known =
        categories.empty() ? std::span<const std::string>(feature.categories) : categories;
    if (known.empty()) {
      const std::string reason =
          feature.hasDamagedCategories
              ? " is categorical and its strings in the file are damaged (XGBoost 3.1 to 3.3 do so "
                "when one is not ASCII). Name them"
              : " is categorical and the model has no dictionary of its strings. Name them";
      throw ModelError(shown + reason + " with CATEGORIES(...) or give the codes");
    }
    source.conversion = FeatureConversion::Category;
    source.categories = std::make_shared<const CategoryEncoder>(known);
    return source;
  }
  const bool integer = kind == ArgumentKind::Integer || kind == ArgumentKind::Bigint;
  const bool hasIntegers = !feature.integerCategories.empty();
  if (hasIntegers && integer) {
    source.conversion = FeatureConversion::Category;
    source.categories =
        std::make_shared<const CategoryEncoder>(std::span(feature.integerCategories));
    return source;
  }
  if (hasIntegers || !feature.categories.empty()) {
    throw ModelError(shown + " is categorical with " + (hasIntegers ? "integers" : "strings") +
                     " as categories, but a " + nameOf(kind) + " is given");
  }
  return source;
}

FeatureSource bindRemoteFeature(const FeatureInfo& feature, size_t argument, ArgumentKind kind) {
  const bool goesAsText = kind == ArgumentKind::String && feature.categories.empty() &&
                          feature.declaredAsString.value_or(false);
  if (!goesAsText) {
    return bindFeature(feature, argument, kind, {});
  }
  FeatureSource source;
  source.argument = argument;
  return source;
}

namespace {

template <typename BindFeature>
FeatureBinding bindFeatures(const ModelInfo& planned, const ModelInfo& version,
                            std::span<const ArgumentKind> kinds, BindFeature bind) {
  AUSPEX_ASSERT(kinds.size() == planned.features.size());
  if (version.features.size() != kinds.size()) {
    throw ModelError("it has " + std::to_string(version.features.size()) + " features, but " +
                     std::to_string(kinds.size()) + " are given");
  }
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < planned.features.size(); ++i) {
    places.emplace(planned.features[i].name, i);
  }
  FeatureBinding binding;
  binding.missing = version.missing;
  for (size_t i = 0; i < version.features.size(); ++i) {
    const FeatureInfo& feature = version.features[i];
    size_t argument = i;
    if (planned.namedFeatures) {
      const auto place = places.find(feature.name);
      if (place == places.end()) {
        throw ModelError("its feature '" + feature.name + "' is not given");
      }
      argument = place->second;
    }
    binding.sources.push_back(bind(feature, argument, kinds[argument]));
  }
  return binding;
}

}  // namespace

FeatureBinding bindVersion(const ModelInfo& planned, const ModelInfo& version,
                           std::span<const ArgumentKind> kinds) {
  return bindFeatures(planned, version, kinds,
                      [](const FeatureInfo& feature, size_t argument, ArgumentKind kind) {
                        return bindFeature(feature, argument, kind, {});
                      });
}

ModelInfo renamedAs(const ModelInfo& planned, const ModelInfo& other) {
  std::vector<std::string> names;
  for (const FeatureInfo& feature : other.features) {
    names.push_back(feature.name);
  }
  ModelInfo renamed = planned;
  for (FeatureInfo& feature : renamed.features) {
    const NamedPlace place = findByName(feature.name, names);
    if (place.match == NameMatch::Found) {
      feature.name = names[place.index];
    }
  }
  return renamed;
}

FeatureBinding bindRemoteVersion(const ModelInfo& planned, const ModelInfo& version,
                                 std::span<const ArgumentKind> kinds) {
  return bindFeatures(planned, version, kinds, bindRemoteFeature);
}

template <typename Number>
void encodeNumeric(std::span<const double> values, std::span<const uint8_t> validity,
                   size_t feature, size_t numFeatures, Number* matrix) {
  encodeColumn(values, validity, feature, numFeatures, matrix,
               [](double value) { return static_cast<Number>(value); });
}

template <typename Number>
void encodeNumeric(std::span<const int64_t> values, std::span<const uint8_t> validity,
                   size_t feature, size_t numFeatures, Number* matrix) {
  encodeColumn(values, validity, feature, numFeatures, matrix,
               [](int64_t value) { return static_cast<Number>(value); });
}

template <typename Number>
void encodeNumeric(std::span<const int32_t> values, std::span<const uint8_t> validity,
                   size_t feature, size_t numFeatures, Number* matrix) {
  encodeColumn(values, validity, feature, numFeatures, matrix,
               [](int32_t value) { return static_cast<Number>(value); });
}

template <typename Number>
void encodeBoolean(std::span<const uint8_t> values, std::span<const uint8_t> validity,
                   size_t feature, size_t numFeatures, Number* matrix) {
  encodeColumn(values, validity, feature, numFeatures, matrix,
               [](uint8_t value) { return value != 0 ? Number{1} : Number{0}; });
}

template <typename Number>
void encodeCategory(std::span<const std::string_view> values, std::span<const uint8_t> validity,
                    const CategoryEncoder& categories, size_t feature, size_t numFeatures,
                    Number* matrix) {
  encodeColumn(values, validity, feature, numFeatures, matrix, [&](std::string_view value) {
    return static_cast<Number>(categories.encode(value));
  });
}

template <typename Number>
void encodeCategory(std::span<const int64_t> values, std::span<const uint8_t> validity,
                    const CategoryEncoder& categories, size_t feature, size_t numFeatures,
                    Number* matrix) {
  encodeColumn(values, validity, feature, numFeatures, matrix,
               [&](int64_t value) { return static_cast<Number>(categories.encode(value)); });
}

template <typename Number>
void encodeCategory(std::span<const int32_t> values, std::span<const uint8_t> validity,
                    const CategoryEncoder& categories, size_t feature, size_t numFeatures,
                    Number* matrix) {
  encodeColumn(values, validity, feature, numFeatures, matrix, [&](int32_t value) {
    return static_cast<Number>(categories.encode(static_cast<int64_t>(value)));
  });
}

template <typename Number>
void encodeConstant(std::type_identity_t<Number> value, size_t rows, size_t feature,
                    size_t numFeatures, Number* matrix) {
  for (size_t row = 0; row < rows; ++row) {
    matrix[row * numFeatures + feature] = value;
  }
}

template <typename Number>
void replaceMissing(std::type_identity_t<Number> defaultValue, size_t rows, size_t feature,
                    size_t numFeatures, Number* matrix) {
  for (size_t row = 0; row < rows; ++row) {
    Number& value = matrix[row * numFeatures + feature];
    value = std::isnan(value) ? defaultValue : value;
  }
}

void markMissing(float missing, std::span<float> matrix) {
  std::replace(matrix.begin(), matrix.end(), missing, kMissing<float>);
}

void markMissing(double missing, std::span<double> matrix) {
  std::replace(matrix.begin(), matrix.end(), missing, kMissing<double>);
}

// The two precisions that models compute in.
#define AUSPEX_ENCODERS(Number)                                                                   \
  template void encodeNumeric(std::span<const double>, std::span<const uint8_t>, size_t, size_t,  \
                              Number*);                                                           \
  template void encodeNumeric(std::span<const int64_t>, std::span<const uint8_t>, size_t, size_t, \
                              Number*);                                                           \
  template void encodeNumeric(std::span<const int32_t>, std::span<const uint8_t>, size_t, size_t, \
                              Number*);                                                           \
  template void encodeBoolean(std::span<const uint8_t>, std::span<const uint8_t>, size_t, size_t, \
                              Number*);                                                           \
  template void encodeCategory(std::span<const std::string_view>, std::span<const uint8_t>,       \
                               const CategoryEncoder&, size_t, size_t, Number*);                  \
  template void encodeCategory(std::span<const int64_t>, std::span<const uint8_t>,                \
                               const CategoryEncoder&, size_t, size_t, Number*);                  \
  template void encodeCategory(std::span<const int32_t>, std::span<const uint8_t>,                \
                               const CategoryEncoder&, size_t, size_t, Number*);                  \
  template void encodeConstant(std::type_identity_t<Number>, size_t, size_t, size_t, Number*);    \
  template void replaceMissing(std::type_identity_t<Number>, size_t, size_t, size_t, Number*)
AUSPEX_ENCODERS(float);
AUSPEX_ENCODERS(double);
#undef AUSPEX_ENCODERS

}  // namespace auspex::operators
