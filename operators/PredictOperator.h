// SPDX-License-Identifier: Apache-2.0
// Scores rows with a model: one operator per model and argument list, whatever number of functions
// over them a statement calls.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/Topology.h"
#include "operators/expressions/BoundExpression.h"
#include "operators/models/FeatureBinding.h"
#include "operators/models/Model.h"

namespace auspex::operators {

/// The output columns that a scoring operator can add, each at its own place behind the columns in.
enum class PredictSlot : uint8_t {
  Prediction,
  Probability,
  Margin,
  Leaf,
  Explanation,
  Version,
  Variant
};
inline constexpr size_t kNumPredictSlots = 7;
using PredictSlots = std::array<bool, kNumPredictSlots>;

/// What becomes of a row that got no score from a model server.
enum class FailurePolicy : uint8_t {
  Wait,        ///< of a server that is not to be had: until it is
  Fail,        ///< the query ends with the reason, at the offsets committed last
  Null,        ///< the score is NULL, and so is who scored
  DeadLetter,  ///< the row is a dead letter; of a table it stays, with NULL as score
  Fallback,    ///< another model scores the row
};

/// How a query gets over failures of a model server.
struct FailurePolicies {
  FailurePolicy onError = FailurePolicy::DeadLetter;  ///< of rows that the model refuses
  FailurePolicy onUnavailable = FailurePolicy::Wait;
  std::string fallback = {};  ///< a reference to an embedded model; empty: no policy needs it
};

/// Columns out: those in, then one per slot; slots that nobody wants stay null pointers. PREDICT
/// and a single margin are DOUBLE, probabilities and several margins ARRAY<DOUBLE>, leaves
/// ARRAY<INTEGER>, contributions MAP<STRING, DOUBLE> by feature, the largest first (or an array of
/// such, one per output), the version that scored the row INTEGER, its variant STRING. NULL
/// arguments are missing features. What the model stands for may change between two draws. A model
/// of a server answers later.
struct PredictDescription final : OperatorDescription {
  std::string model;  ///< a reference, as ModelReference::toString gives it
  std::string deployment = "EMBEDDED";
  std::shared_ptr<const ModelVersion> version;  ///< that the arguments were bound to
  std::vector<ExpressionPtr> arguments;         ///< over the columns in, one per feature
  ExpressionPtr splitKey;                       ///< STRING; null: the model was not split
  PredictSlots wanted{};
  /// Of contributions only so many features, those of the largest, without the bias; 0: all and the
  /// bias.
  size_t topFeatures = 0;
  /// Of a table whose old sides are wanted: the store that keeps the scores of its rows, the
  /// columns that identify a row, and their types. Empty: the old side is scored again.
  std::string store;
  std::vector<size_t> keyColumns;
  std::vector<SqlType> keyTypes;
  std::string shadowTopic;   ///< empty: nothing is scored in the shadow
  bool isTable = false;      ///< the rows are changes of a table
  FailurePolicies policies;  ///< of a model server

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  bool answersLater() const override;
  std::string toString() const override;

  /// The slots that such a store keeps: those wanted, and the version.
  PredictSlots keptSlots() const;
  /// Their types.
  std::vector<SqlType> keptTypes() const;
};

/// The key of the bias among contributions: "bias", or in parentheses when a feature has that name.
std::string biasName(const ModelInfo& info);
/// The names of the features; those without one are f0, f1, ... by place, as XGBoost names them.
std::vector<std::string> featureNames(const ModelInfo& info);

/// The form in which a slot asks for scores; nothing for what is known without any.
std::optional<OutputForm> formOf(PredictSlot slot);
/// The type of a slot's column. Throws ModelError when the model cannot give it.
SqlType typeOf(PredictSlot slot, const ModelVersion& version);

/// The kind of argument a SQL type is for a feature; throws ModelError when it can be none.
ArgumentKind argumentKindOf(const SqlType& type);

}  // namespace auspex::operators
