// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/ServingPlanner.h"

#include <fmt/format.h>

#include <algorithm>

#include "operators/ServingOperators.h"
#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteModel.h"
#include "queries/StatementError.h"
#include "queries/planning/PredictBinder.h"

namespace auspex::queries {
namespace {

using operators::ServedFeature;

parser::ExpressionPtr makeExpression(parser::Expression::Node node, const parser::Span& place) {
  return std::make_shared<const parser::Expression>(parser::Expression{std::move(node), place, 1});
}

/// What SQL calls the features: as identifiers without quotes would, where that tells them apart.
std::vector<std::string> columnNames(const std::vector<ServedFeature>& features) {
  std::vector<std::string> upper;
  for (const ServedFeature& feature : features) {
    upper.push_back(operators::asciiUpper(feature.name));
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < features.size(); ++i) {
    const bool isUnique = std::count(upper.begin(), upper.end(), upper[i]) == 1;
    names.push_back(isUnique ? upper[i] : features[i].name);
  }
  return names;
}

/// PREDICT('reference', first feature, second feature, ...), and its kin.
parser::ExpressionPtr callOf(const char* function, const std::string& reference,
                             const std::vector<std::string>& columns, const parser::Span& place) {
  parser::FunctionCall call;
  call.name = {function, false, place};
  call.writtenName = function;
  call.arguments.push_back(
      {makeExpression(parser::StringLiteral{reference}, place), std::nullopt, false, place});
  for (const std::string& column : columns) {
    const parser::ColumnReference named{std::nullopt, {column, true, place}};
    call.arguments.push_back({makeExpression(named, place), std::nullopt, false, place});
  }
  return makeExpression(std::move(call), place);
}

/// A row without a score is one whose request gets an error for an answer.
operators::FailurePolicy asAnswered(operators::FailurePolicy policy) {
  return policy == operators::FailurePolicy::Fail || policy == operators::FailurePolicy::DeadLetter
             ? operators::FailurePolicy::Null
             : policy;
}

/// Collects the columns that replies are made of.
class ReplyColumns {
 public:
  size_t add(operators::ExpressionPtr column) {
    plan_.names.push_back(column->toString());
    plan_.expressions.push_back(std::move(column));
    return plan_.expressions.size() - 1;
  }
  PlanNodePtr toNode(PlanNodePtr input) const {
    PlanNode node{plan_, {std::move(input)}, {}, false};
    for (const operators::ExpressionPtr& expression : plan_.expressions) {
      node.types.push_back(expression->type());
    }
    return std::make_shared<const PlanNode>(std::move(node));
  }

 private:
  ProjectPlan plan_;
};

/// The scoring step, on top of the requests.
PlanNodePtr scoreRequests(PlanNodePtr requests, PredictPlan step) {
  step.policies.onError = asAnswered(step.policies.onError);
  step.policies.onUnavailable = asAnswered(step.policies.onUnavailable);
  PlanNode node{step, {requests}, requests->types, false};
  for (size_t slot = 0; slot < operators::kNumPredictSlots; ++slot) {
    try {
      node.types.push_back(
          operators::typeOf(static_cast<operators::PredictSlot>(slot), *step.version));
    } catch (const operators::ModelError&) {
      node.types.push_back(operators::SqlType::doubleType());  // never read
    }
  }
  return std::make_shared<const PlanNode>(std::move(node));
}

}  // namespace

operators::Topology planServing(const ServingDefinition& serving, const parser::Span& place,
                                const PlanningContext& context, const TopologyOptions& options) {
  std::shared_ptr<const operators::ModelVersion> version;
  try {
    version = context.models->find(serving.reference);
  } catch (const operators::ModelError& error) {
    throw StatementError(error.what(), place);
  }
  operators::ServingSpec spec = serving.spec;
  spec.isWide = version->info().isWide ||
                dynamic_cast<const operators::RemoteModel*>(version.get()) != nullptr;
  const std::vector<ServedFeature> features = operators::servedFeatures(version->info());
  const std::vector<std::string> names = columnNames(features);
  PlanNode source{RequestsPlan{serving.requestTopic, spec, features}, {}, {}, false};
  Scope scope;
  for (size_t i = 0; i < features.size(); ++i) {
    scope.add({"REQUEST", names[i], features[i].type(), false, false, i});
    source.types.push_back(features[i].type());
  }
  const size_t firstRequestColumn = source.types.size();
  for (const operators::SqlType& type : operators::requestColumnTypes()) {
    source.types.push_back(type);
  }
  scope.setWidth(source.types.size());
  const ExpressionBinder binder(scope, context.catalog, context.functions, "SERVE MODEL");
  PredictBinder scoring(scope, context.catalog, context.models);
  const auto score = [&](const char* function) {
    return scoring.bind(*callOf(function, serving.reference, names, place), binder);
  };

  auto sink = std::make_shared<operators::ReplySinkDescription>();
  sink->topic = serving.replyTopic;
  sink->serving = spec;
  ReplyColumns columns;
  for (size_t i = firstRequestColumn; i < source.types.size(); ++i) {
    columns.add(operators::column(i, source.types[i],
                                  operators::nameOfRequestColumn(i - firstRequestColumn)));
  }
  sink->versionColumn = columns.add(score("MODEL_VERSION"));
  if (serving.spec.givesPredictions) {
    sink->predictionColumn = columns.add(score("PREDICT"));
  }
  if (serving.spec.givesProbabilities) {
    sink->probabilityColumn = columns.add(score("PREDICT_PROBA"));
  }
  AUSPEX_ASSERT(scoring.steps().size() == 1);
  QueryPlan plan;
  plan.root = columns.toNode(
      scoreRequests(std::make_shared<const PlanNode>(std::move(source)), scoring.steps()[0]));
  SinkTarget target;
  target.topic = serving.replyTopic;
  target.result = std::move(sink);
  return buildTopology(plan, target, options);
}

}  // namespace auspex::queries
