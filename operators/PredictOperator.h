// SPDX-License-Identifier: Apache-2.0
// Scores rows with a model: one operator per model and argument list, whatever number of functions
// over them a statement calls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/Topology.h"
#include "operators/expressions/BoundExpression.h"
#include "operators/models/FeatureBinding.h"
#include "operators/models/Model.h"

namespace auspex::operators {

/// One output column: a form of the score, as a number or as an array of all outputs.
struct PredictOutput {
  OutputForm form = OutputForm::Prediction;
  bool isArray = false;  ///< ARRAY<DOUBLE> of outputsPerRow(form), else DOUBLE of the only one
};

/// Columns out: those in, then one per output. NULL arguments are missing features. The version
/// stays the same for the life of a task.
struct PredictDescription final : OperatorDescription {
  std::string model;  ///< as the statement names it
  std::string deployment = "EMBEDDED";
  std::shared_ptr<const ModelVersion> version;
  std::vector<ExpressionPtr> arguments;  ///< over the columns in
  FeatureBinding binding;
  std::vector<PredictOutput> outputs;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

/// The kind of argument a SQL type is for a feature; throws ModelError when it can be none.
ArgumentKind argumentKindOf(const SqlType& type);

}  // namespace auspex::operators
