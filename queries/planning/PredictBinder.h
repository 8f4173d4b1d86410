// SPDX-License-Identifier: Apache-2.0
// Scoring calls in expressions: PREDICT and its kin become columns of scoring steps, one step per
// model and argument list.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/models/ModelRegistry.h"
#include "queries/catalog/Catalog.h"
#include "queries/planning/ExpressionBinder.h"
#include "queries/planning/Plan.h"

namespace auspex::queries {

/// True for PREDICT and its kin.
bool isScoringFunction(const std::string& name);

/// Collects the scoring steps of one SELECT. The columns of step k stand behind those of the scope
/// and of the steps before it, so a call may take another call's score as an argument.
class PredictBinder {
 public:
  PredictBinder(const Scope& scope, const Catalog& catalog,
                std::shared_ptr<const operators::ModelRegistry> models)
      : scope_(scope), catalog_(catalog), models_(std::move(models)) {}

  /// The column for a scoring call; a null pointer when the expression is none. `binder` binds the
  /// arguments. Throws StatementError: unknown model, features that the row cannot supply.
  operators::ExpressionPtr bind(const parser::Expression& expression,
                                const ExpressionBinder& binder);

  const std::vector<PredictPlan>& steps() const { return steps_; }
  /// First column of the first step.
  size_t firstColumn() const { return scope_.width(); }

 private:
  struct Given;
  struct Choice;

  /// The class or the number of features that may stand before the features.
  Choice choose(const parser::FunctionCall& call, operators::PredictSlot slot,
                const operators::ModelVersion& version, const std::string& model) const;
  size_t findClass(const parser::Argument& argument, const operators::ModelVersion& version,
                   const std::string& model) const;
  /// The place among steps_ of the step that serves the call; a new one when there is none.
  size_t findStep(const std::string& model,
                  const std::shared_ptr<const operators::ModelVersion>& version,
                  std::vector<operators::ExpressionPtr> arguments,
                  const std::optional<size_t>& topFeatures, const ExpressionBinder& binder,
                  const parser::Span& place);
  /// How calls of a server's model get over its failures.
  void bindPolicies(PredictPlan& step, const ModelDefinition& definition,
                    const parser::Span& place) const;
  /// What the rows of a model are split by, in the scope; nothing happens when they are not.
  void bindSplit(PredictPlan& step, const ExpressionBinder& binder,
                 const parser::Span& place) const;

  std::shared_ptr<const operators::ModelVersion> findModel(const parser::Argument& argument,
                                                           std::string& name) const;
  /// The call's argument for each feature, null where only the star can supply it; checks that they
  /// fit the model.
  std::vector<const parser::Argument*> argumentsByFeature(const parser::FunctionCall& call,
                                                          size_t firstFeature,
                                                          const operators::ModelVersion& version,
                                                          const std::string& model,
                                                          Given& given) const;
  /// firstFeature: the place in the call of what feeds features.
  std::vector<operators::ExpressionPtr> bindArguments(const parser::FunctionCall& call,
                                                      size_t firstFeature,
                                                      const operators::ModelVersion& version,
                                                      const std::string& model,
                                                      const ExpressionBinder& binder) const;
  operators::ExpressionPtr featureFromRow(const operators::FeatureInfo& feature,
                                          const std::string& model, const parser::Span& span) const;

  const Scope& scope_;
  const Catalog& catalog_;
  std::shared_ptr<const operators::ModelRegistry> models_;
  std::vector<PredictPlan> steps_;
};

}  // namespace auspex::queries
