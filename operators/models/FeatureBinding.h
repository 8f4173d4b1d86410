// SPDX-License-Identifier: Apache-2.0
// Which argument of PREDICT feeds which feature of the model and how its values become float32; and
// the loops that fill a FeatureMatrix column by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "operators/models/CategoryEncoder.h"
#include "operators/models/Model.h"

namespace auspex::operators {

/// The SQL side of an argument, as far as features are concerned.
enum class ArgumentKind { Double, Bigint, Integer, Boolean, String };

/// How the values of one argument become float32.
enum class FeatureConversion {
  /// Numbers rounded to the nearest float32, as XGBoost rounds its input; FALSE and TRUE as 0
  /// and 1.
  Numeric,
  /// Strings or integers looked up in the feature's dictionary; unknown ones are missing.
  Category,
};

/// Where one feature comes from.
struct FeatureSource {
  /// Index among the arguments of the call.
  size_t argument = 0;
  FeatureConversion conversion = FeatureConversion::Numeric;
  /// Set for FeatureConversion::Category.
  std::shared_ptr<const CategoryEncoder> categories;
  /// Stands in for NULL (DEFAULT in the model's input list), as a number or code.
  std::optional<double> defaultValue;
};

/// Plain data, made when the statement is planned: sources[f] feeds feature f.
struct FeatureBinding {
  std::vector<FeatureSource> sources;
  /// This value means missing, besides NULL and NaN (MISSING= for models trained otherwise).
  double missing = std::numeric_limits<double>::quiet_NaN();
};

/// Decides how an argument of that kind feeds the feature. Throws ModelError, naming feature and
/// kind, when it cannot: a string for a numeric feature, or for a categorical one without
/// dictionary. categories: a dictionary given by the statement (CATEGORIES(...)); empty to use the
/// file's.
FeatureSource bindFeature(const FeatureInfo& feature, size_t argument, ArgumentKind kind,
                          std::span<const std::string> categories);

/// Binds a version to arguments that were given for the features of another version of the same
/// model: kinds[f] is what feeds feature f of `planned`. Features are found by name, or by place
/// where they have none. Throws ModelError when the version cannot take them.
FeatureBinding bindVersion(const ModelInfo& planned, const ModelInfo& version,
                           std::span<const ArgumentKind> kinds);

/// The same for models of servers: where the model has no categories for a string, it goes as it is
/// (conversion Numeric, without meaning). Throws ModelError.
FeatureSource bindRemoteFeature(const FeatureInfo& feature, size_t argument, ArgumentKind kind);
FeatureBinding bindRemoteVersion(const ModelInfo& planned, const ModelInfo& version,
                                 std::span<const ArgumentKind> kinds);

/// The same features under the names that another model has for them, as findByName finds them;
/// those that it does not have keep theirs.
ModelInfo renamedAs(const ModelInfo& planned, const ModelInfo& other);

/// The encoders below write column `feature` of a row-major matrix [rows x numFeatures] of float or
/// double, one value per row; values.size() is the number of rows. validity: one byte per row, 0 =
/// NULL, or empty when no row is NULL. NULL becomes NaN. They allocate nothing and cannot fail.
template <typename Number>
void encodeNumeric(std::span<const double> values, std::span<const uint8_t> validity,
                   size_t feature, size_t numFeatures, Number* matrix);
template <typename Number>
void encodeNumeric(std::span<const int64_t> values, std::span<const uint8_t> validity,
                   size_t feature, size_t numFeatures, Number* matrix);
template <typename Number>
void encodeNumeric(std::span<const int32_t> values, std::span<const uint8_t> validity,
                   size_t feature, size_t numFeatures, Number* matrix);
/// One byte per row: 0 is FALSE (0.0), anything else TRUE (1.0).
template <typename Number>
void encodeBoolean(std::span<const uint8_t> values, std::span<const uint8_t> validity,
                   size_t feature, size_t numFeatures, Number* matrix);
template <typename Number>
void encodeCategory(std::span<const std::string_view> values, std::span<const uint8_t> validity,
                    const CategoryEncoder& categories, size_t feature, size_t numFeatures,
                    Number* matrix);
template <typename Number>
void encodeCategory(std::span<const int64_t> values, std::span<const uint8_t> validity,
                    const CategoryEncoder& categories, size_t feature, size_t numFeatures,
                    Number* matrix);
template <typename Number>
void encodeCategory(std::span<const int32_t> values, std::span<const uint8_t> validity,
                    const CategoryEncoder& categories, size_t feature, size_t numFeatures,
                    Number* matrix);
/// A feature that no argument feeds: the same value (NaN for missing) in every row.
template <typename Number>
void encodeConstant(std::type_identity_t<Number> value, size_t rows, size_t feature,
                    size_t numFeatures, Number* matrix);

/// Replaces missing values (NaN) of a filled column by a default.
template <typename Number>
void replaceMissing(std::type_identity_t<Number> defaultValue, size_t rows, size_t feature,
                    size_t numFeatures, Number* matrix);
/// Turns every value equal to `missing` in the whole matrix into NaN.
void markMissing(float missing, std::span<float> matrix);
void markMissing(double missing, std::span<double> matrix);

}  // namespace auspex::operators
