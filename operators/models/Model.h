// SPDX-License-Identifier: Apache-2.0
// What a model is: one immutable version with its description, and how it scores rows.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operators/models/FeatureMatrix.h"

namespace auspex::operators {

/// What a score is wanted as.
enum class OutputForm {
  /// Raw sums before the objective's transform, one per output (class, target or quantile).
  Margin,
  /// What XGBoost's predict() returns: the transformed value per output; for multi:softmax one
  /// class
  /// index, for multi:softprob all class probabilities.
  Value,
  /// Probabilities of all classes: [1 - p, p] for two classes, one per class for more. Only for
  /// models whose objective gives probabilities.
  Probability,
  /// What PREDICT returns: as Value, except that multi:softprob gives the index of the most
  /// probable
  /// class (the lowest index among equals).
  Prediction,
  /// Per tree the number of the leaf that the row reaches, as the file numbers nodes. Only for
  /// models
  /// of trees.
  Leaf,
  /// Per output the exact share (SHAP value) of each feature in the margin, then the bias:
  /// [outputs x (features + 1)]. Only where the file tells training weights.
  Contribution,
};

/// What OutputForm::Prediction means for a model.
enum class OutputKind { Probability, ClassLabel, Value };

enum class FeatureKind { Numeric, Categorical };

/// One input of a model. The place in ModelInfo::features is its column in the FeatureMatrix.
struct FeatureInfo {
  /// Empty when the file has no names.
  std::string name;
  FeatureKind kind = FeatureKind::Numeric;
  /// The file's dictionary of a categorical feature: the string at index c is coded as c. Empty
  /// when the file has none; then the codes themselves are the input.
  std::vector<std::string> categories;
  /// The same for categories that were integers when the model was trained.
  std::vector<int64_t> integerCategories;
  /// The file has a dictionary of strings that cannot be trusted: XGBoost 3.1 to 3.3 write wrong
  /// offsets when a category is not ASCII. `categories` is empty then.
  bool hasDamagedCategories = false;
  /// From the statement's input list: what an argument must be (a string or not), and what stands
  /// in for NULL, as a number or a category's code.
  std::optional<bool> declaredAsString = {};
  std::optional<double> defaultValue = {};
  /// The same for text that goes to a model server.
  std::optional<std::string> defaultText = {};
};

/// All that is known of a model version without scoring a row.
struct ModelInfo {
  std::string name;
  uint32_t version = 1;
  /// Format and its version: "XGBoost JSON 3.2.0", "XGBoost UBJSON 1.7.6".
  std::string format;
  /// As the file names its booster: "gbtree", "dart", "gblinear"; LightGBM's "gbdt", "rf", "dart".
  std::string kind = {};
  /// As the file names it: "binary:logistic".
  std::string objective;
  std::vector<FeatureInfo> features;
  /// The model computes in double precision: scoreWide loses nothing of its input.
  bool isWide = false;
  /// True when every feature has a name; star and by-name arguments need it.
  bool namedFeatures = false;
  /// Raw outputs per row: classes (one for two-class models), targets or quantiles.
  size_t numOutputs = 1;
  OutputKind outputKind = OutputKind::Value;
  /// SHA-256 of the file's bytes, 64 lower-case hexadecimal digits.
  std::string checksum;
  size_t sizeBytes = 0;
  size_t numTrees = 0;
  /// Splits on the longest path of any tree; 0 for a tree that is one leaf.
  size_t maxDepth = 0;
  /// This value means missing, besides NULL and NaN (MISSING= for models trained otherwise).
  double missing = std::numeric_limits<double>::quiet_NaN();
  /// Attributes in the file, such as best_iteration, in the file's order.
  std::vector<std::pair<std::string, std::string>> attributes;
};

/// One immutable revision of a model: a loaded artefact. Shared as shared_ptr<const ModelVersion>
/// and kept alive by the batches that use it. Any thread may call any method at any time.
class ModelVersion {
 public:
  virtual ~ModelVersion() = default;
  ModelVersion(const ModelVersion&) = delete;
  ModelVersion& operator=(const ModelVersion&) = delete;

  const ModelInfo& info() const { return info_; }

  /// Numbers per row that score() writes; 0 when the model cannot give this form.
  virtual size_t outputsPerRow(OutputForm form) const = 0;

  /// Why the model cannot give a form whose outputsPerRow is 0: "gives no probabilities".
  std::string refusalOf(OutputForm form) const;

  /// Scores rows: out is [rows x outputsPerRow(form)] row-major, in row order.
  /// The features must be info().features.size() wide, out of exactly that size and the form one
  /// that the model gives (asserted: the statement was checked when it was planned). A row's result
  /// does not depend on the other rows of the call, bit for bit. Uses the calling thread only.
  virtual void score(FeatureMatrix features, OutputForm form, std::span<float> out) const = 0;

  /// The same with features and scores in double precision. Models that are not wide round to
  /// float32.
  virtual void scoreWide(WideFeatureMatrix features, OutputForm form, std::span<double> out) const;

 protected:
  explicit ModelVersion(ModelInfo info) : info_(std::move(info)) {}

 private:
  ModelInfo info_;
};

/// The place of a feature by its exact name, else ignoring ASCII case when that is unique.
enum class NameMatch { Found, Missing, Ambiguous };
struct NamedPlace {
  NameMatch match = NameMatch::Missing;
  size_t index = 0;
};
/// Looks a name up among others by the rule of PREDICT's star: exactly, else ignoring case if
/// unique.
NamedPlace findByName(std::string_view name, std::span<const std::string> names);

}  // namespace auspex::operators
