// SPDX-License-Identifier: Apache-2.0
// Scores rows with a model: one operator per model and argument list, whatever number of functions
// over them a statement calls.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "operators/Topology.h"
#include "operators/expressions/BoundExpression.h"
#include "operators/models/FeatureBinding.h"
#include "operators/models/Model.h"

namespace auspex::operators {

/// The output columns that a scoring operator can add, each at its own place behind the columns in.
enum class PredictSlot : uint8_t { Prediction, Probability, Margin, Leaf, Explanation };
inline constexpr size_t kNumPredictSlots = 5;

/// Columns out: those in, then one per slot; slots that nobody wants stay null pointers. PREDICT
/// and a single margin are DOUBLE, probabilities and several margins ARRAY<DOUBLE>, leaves
/// ARRAY<INTEGER>, contributions MAP<STRING, DOUBLE> by feature, the largest first (or an array of
/// such, one per output). NULL arguments are missing features. The version stays the same for the
/// life of a task.
struct PredictDescription final : OperatorDescription {
  std::string model;  ///< as the statement names it
  std::string deployment = "EMBEDDED";
  std::shared_ptr<const ModelVersion> version;
  std::vector<ExpressionPtr> arguments;  ///< over the columns in
  FeatureBinding binding;
  std::array<bool, kNumPredictSlots> wanted{};
  /// Of contributions only so many features, those of the largest, without the bias; 0: all and the
  /// bias.
  size_t topFeatures = 0;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

/// The key of the bias among contributions: "bias", or in parentheses when a feature has that name.
std::string biasName(const ModelInfo& info);
/// The names of the features; those without one are f0, f1, ... by place, as XGBoost names them.
std::vector<std::string> featureNames(const ModelInfo& info);

/// The form in which a slot asks for scores.
OutputForm formOf(PredictSlot slot);
/// The type of a slot's column. Throws ModelError when the model cannot give it.
SqlType typeOf(PredictSlot slot, const ModelVersion& version);

/// The kind of argument a SQL type is for a feature; throws ModelError when it can be none.
ArgumentKind argumentKindOf(const SqlType& type);

}  // namespace auspex::operators
