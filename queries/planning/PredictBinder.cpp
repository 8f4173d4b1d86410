// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/PredictBinder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "operators/data/Ascii.h"
#include "operators/expressions/ExpressionFactory.h"
#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteModel.h"
#include "parser/NearestName.h"
#include "parser/ast/Printer.h"
#include "queries/StatementError.h"

namespace auspex::queries {
namespace {

using operators::ExpressionPtr;
using operators::SqlType;

std::optional<operators::PredictSlot> slotOf(const std::string& function) {
  if (function == "PREDICT") {
    return operators::PredictSlot::Prediction;
  }
  if (function == "PREDICT_PROBA") {
    return operators::PredictSlot::Probability;
  }
  if (function == "PREDICT_MARGIN") {
    return operators::PredictSlot::Margin;
  }
  if (function == "PREDICT_LEAF") {
    return operators::PredictSlot::Leaf;
  }
  if (function == "EXPLAIN_PREDICT") {
    return operators::PredictSlot::Explanation;
  }
  if (function == "MODEL_VERSION") {
    return operators::PredictSlot::Version;
  }
  if (function == "MODEL_VARIANT") {
    return operators::PredictSlot::Variant;
  }
  return std::nullopt;
}

bool isSameCall(const PredictPlan& step, const std::string& model,
                const std::vector<ExpressionPtr>& arguments) {
  return step.model.reference == model &&
         std::equal(step.arguments.begin(), step.arguments.end(), arguments.begin(),
                    arguments.end(), [](const ExpressionPtr& left, const ExpressionPtr& right) {
                      return operators::isSame(*left, *right);
                    });
}

}  // namespace

/// The arguments behind the model's name: by position, by feature name, or the star.
struct PredictBinder::Given {
  bool star = false;
  parser::Span starSpan;
  std::vector<const parser::Argument*> positional;
  std::map<std::string, const parser::Argument*> named;
};

/// What PREDICT_PROBA('m', 'class', ...) and EXPLAIN_PREDICT('m', 3, ...) choose of their outputs.
struct PredictBinder::Choice {
  size_t firstFeature = 1;
  std::optional<size_t> classIndex;
  std::optional<size_t> topFeatures;
};

bool isScoringFunction(const std::string& name) {
  return slotOf(name).has_value();
}

ExpressionPtr PredictBinder::bind(const parser::Expression& expression,
                                  const ExpressionBinder& binder) {
  const auto* const call = std::get_if<parser::FunctionCall>(&expression.node);
  if (call == nullptr) {
    return nullptr;
  }
  const auto slot = slotOf(call->name.name);
  if (!slot) {
    return nullptr;
  }
  if (call->arguments.empty() || call->arguments[0].star) {
    throw StatementError(fmt::format("{} needs the model's name first: {}('model', *).",
                                     call->name.name, call->name.name),
                         expression.span);
  }
  std::string model;
  const auto version = findModel(call->arguments[0], model);
  try {
    const operators::SqlType type = operators::typeOf(*slot, *version);
    const Choice choice = choose(*call, *slot, *version, model);
    const size_t index =
        findStep(model, version, bindArguments(*call, choice.firstFeature, *version, model, binder),
                 choice.topFeatures, binder, expression.span);
    const size_t position =
        firstColumn() + index * operators::kNumPredictSlots + static_cast<size_t>(*slot);
    ExpressionPtr column =
        operators::column(position, type, fmt::format("{}('{}')", call->name.name, model));
    if (!choice.classIndex) {
      return column;
    }
    const operators::Value place{static_cast<int32_t>(*choice.classIndex + 1)};
    return operators::subscript(std::move(column),
                                operators::literal(place, operators::SqlType::integer()));
  } catch (const operators::ModelError& error) {
    throw StatementError(fmt::format("Model '{}': {}", model, error.what()), expression.span);
  }
}

size_t PredictBinder::findStep(const std::string& model,
                               const std::shared_ptr<const operators::ModelVersion>& version,
                               std::vector<ExpressionPtr> arguments,
                               const std::optional<size_t>& topFeatures,
                               const ExpressionBinder& binder, const parser::Span& place) {
  const auto same = std::find_if(steps_.begin(), steps_.end(), [&](const PredictPlan& step) {
    return isSameCall(step, model, arguments) &&
           (!topFeatures || !step.topFeatures || *step.topFeatures == *topFeatures);
  });
  const auto index = static_cast<size_t>(same - steps_.begin());
  if (same == steps_.end()) {
    const ModelDefinition* const definition =
        catalog_.findModel(operators::parseModelReference(model).name);
    PredictPlan step;
    step.model = {model, models_, ""};
    step.deployment = definition == nullptr ? "EMBEDDED" : definition->deployment;
    step.version = version;
    step.arguments = std::move(arguments);
    if (definition != nullptr && definition->remote) {
      bindPolicies(step, *definition, place);
    }
    bindSplit(step, binder, place);
    steps_.push_back(std::move(step));
  }
  if (topFeatures) {
    steps_[index].topFeatures = topFeatures;
  }
  return index;
}

void PredictBinder::bindPolicies(PredictPlan& step, const ModelDefinition& definition,
                                 const parser::Span& place) const {
  step.policies = definition.policies;
  if (step.policies.fallback.empty()) {
    return;
  }
  step.fallback = {step.policies.fallback, models_, ""};
  std::vector<operators::ArgumentKind> kinds;
  for (const ExpressionPtr& argument : step.arguments) {
    kinds.push_back(operators::argumentKindOf(argument->type()));
  }
  try {
    const auto served = step.fallback.serve();
    if (served->versions.size() > 1) {
      throw operators::ModelError("it is split; name one of its aliases");
    }
    const operators::ModelInfo& fallback = served->versions[0]->info();
    operators::bindVersion(operators::renamedAs(step.version->info(), fallback), fallback, kinds);
  } catch (const operators::ModelError& error) {
    throw StatementError(fmt::format("Model '{}' cannot fall back on '{}': {}.",
                                     step.model.reference, step.policies.fallback, error.what()),
                         place);
  }
}

void PredictBinder::bindSplit(PredictPlan& step, const ExpressionBinder& binder,
                              const parser::Span& place) const {
  const ModelDefinition* const definition = catalog_.findModel(step.model.reference);
  if (definition == nullptr || !definition->splitKey) {
    return;  // not the bare name, or no split
  }
  step.model.splitKey = parser::print(*definition->splitKey);
  try {
    step.splitKey = operators::cast(binder.bind(*definition->splitKey), SqlType::string());
  } catch (const std::runtime_error& error) {
    throw StatementError(fmt::format("Model '{}' is split BY {}, which these rows do not give: {}",
                                     step.model.reference, step.model.splitKey, error.what()),
                         place);
  }
}

PredictBinder::Choice PredictBinder::choose(const parser::FunctionCall& call,
                                            operators::PredictSlot slot,
                                            const operators::ModelVersion& version,
                                            const std::string& model) const {
  Choice choice;
  const bool explains = slot == operators::PredictSlot::Explanation;
  if (explains) {
    choice.topFeatures = 0;
  }
  if (call.arguments.size() < 2 || call.arguments[1].star || call.arguments[1].name ||
      (!explains && slot != operators::PredictSlot::Probability)) {
    return choice;
  }
  // A constant may be a feature as well, when all of them are given by position.
  const bool allByPosition =
      std::none_of(call.arguments.begin() + 2, call.arguments.end(),
                   [](const parser::Argument& argument) { return argument.star || argument.name; });
  if (allByPosition && call.arguments.size() - 1 <= version.info().features.size()) {
    return choice;
  }
  const parser::Argument& first = call.arguments[1];
  const auto* const number = std::get_if<parser::IntegerLiteral>(&first.value->node);
  if (explains) {
    if (number == nullptr || number->value < 1) {
      throw StatementError(fmt::format("How many features to show must be a number from 1 on: "
                                       "EXPLAIN_PREDICT('{}', 3, *).",
                                       model),
                           first.span);
    }
    choice.topFeatures = static_cast<size_t>(number->value);
  } else {
    choice.classIndex = findClass(first, version, model);
  }
  choice.firstFeature = 2;
  return choice;
}

size_t PredictBinder::findClass(const parser::Argument& argument,
                                const operators::ModelVersion& version,
                                const std::string& model) const {
  const auto* const number = std::get_if<parser::IntegerLiteral>(&argument.value->node);
  const auto* const text = std::get_if<parser::StringLiteral>(&argument.value->node);
  if (number == nullptr && text == nullptr) {
    throw StatementError(
        fmt::format("The class must be a constant: PREDICT_PROBA('{}', 1, *).", model),
        argument.span);
  }
  const std::string wanted = text != nullptr ? text->value : std::to_string(number->value);
  const ModelDefinition* const definition =
      catalog_.findModel(operators::parseModelReference(model).name);
  std::vector<std::string> classes;
  if (definition != nullptr) {
    classes = definition->classes;
  }
  const size_t numClasses = version.outputsPerRow(operators::OutputForm::Probability);
  while (classes.size() < numClasses) {
    classes.push_back(std::to_string(classes.size()));
  }
  const auto found = std::find(classes.begin(), classes.end(), wanted);
  if (found == classes.end()) {
    std::string known;
    for (size_t i = 0; i < std::min(classes.size(), size_t{20}); ++i) {
      known += (known.empty() ? "" : ", ") + classes[i];
    }
    throw StatementError(fmt::format("Model '{}' has no class '{}'. It has: {}{}", model, wanted,
                                     known, classes.size() > 20 ? ", ..." : ""),
                         argument.span);
  }
  return static_cast<size_t>(found - classes.begin());
}

std::shared_ptr<const operators::ModelVersion> PredictBinder::findModel(
    const parser::Argument& argument, std::string& name) const {
  const auto* const text = std::get_if<parser::StringLiteral>(&argument.value->node);
  if (text == nullptr) {
    throw StatementError("The model must be named by a string: PREDICT('model', *).",
                         argument.span);
  }
  try {
    // Model names are identifiers, so case does not matter unless two differ by nothing else.
    operators::ModelReference reference = operators::parseModelReference(text->value);
    if (catalog_.findModel(reference.name) == nullptr) {
      reference.name = operators::asciiUpper(reference.name);
    }
    if (catalog_.findModel(reference.name) == nullptr) {
      std::string message = fmt::format("Unknown model: '{}'.", text->value);
      if (const auto nearest = parser::nearestName(reference.name, namesOf(catalog_.models))) {
        message += fmt::format(" Did you mean '{}'?", *nearest);
      }
      throw StatementError(message + " SHOW MODELS lists them.", argument.span);
    }
    name = reference.toString();
    return models_->find(name);
  } catch (const operators::ModelError& error) {
    throw StatementError(error.what(), argument.span);
  }
}

ExpressionPtr PredictBinder::featureFromRow(const operators::FeatureInfo& feature,
                                            const std::string& model,
                                            const parser::Span& span) const {
  std::vector<std::string> names;
  std::vector<const ScopeColumn*> columns;
  for (const ScopeColumn& column : scope_.columns()) {
    if (!column.isPseudo) {
      names.push_back(column.name);
      columns.push_back(&column);
    }
  }
  const operators::NamedPlace place = operators::findByName(feature.name, names);
  if (place.match == operators::NameMatch::Found) {
    const ScopeColumn& column = *columns[place.index];
    return operators::column(column.position, column.type, column.name);
  }
  if (place.match == operators::NameMatch::Ambiguous) {
    throw StatementError(
        fmt::format("Model '{}': several columns could be its feature '{}'. Name it: "
                    "PREDICT('{}', *, column AS {}).",
                    model, feature.name, model, feature.name),
        span);
  }
  std::string message = fmt::format("Model '{}' needs feature '{}', which the row does not have.",
                                    model, feature.name);
  if (const auto nearest = parser::nearestName(feature.name, names)) {
    message += fmt::format(" Did you mean column '{}'? PREDICT('{}', *, {} AS {}).", *nearest,
                           model, *nearest, feature.name);
  }
  throw StatementError(message, span);
}

std::vector<const parser::Argument*> PredictBinder::argumentsByFeature(
    const parser::FunctionCall& call, size_t firstFeature, const operators::ModelVersion& version,
    const std::string& model, Given& given) const {
  const auto& features = version.info().features;
  for (size_t i = firstFeature; i < call.arguments.size(); ++i) {
    const parser::Argument& argument = call.arguments[i];
    if (argument.star) {
      given.star = true;
      given.starSpan = argument.span;
    } else if (argument.name) {
      given.named[argument.name->name] = &argument;
    } else {
      given.positional.push_back(&argument);
    }
  }
  if (given.star && !version.info().namedFeatures) {
    throw StatementError(
        fmt::format("Model '{}' has no feature names, so * cannot choose columns. Give the {} "
                    "features in the model's order.",
                    model, features.size()),
        given.starSpan);
  }
  if (!given.positional.empty() && (given.star || !given.named.empty())) {
    throw StatementError("Arguments by position cannot be mixed with * or named ones.",
                         given.positional[0]->span);
  }
  if (!given.positional.empty() && given.positional.size() != features.size()) {
    throw StatementError(fmt::format("Model '{}' has {} features, but {} were given.", model,
                                     features.size(), given.positional.size()),
                         given.positional[0]->span);
  }
  std::vector<std::string> featureNames;
  for (const operators::FeatureInfo& feature : features) {
    featureNames.push_back(feature.name);
  }
  std::vector<const parser::Argument*> byFeature(features.size(), nullptr);
  for (const auto& [name, argument] : given.named) {
    const operators::NamedPlace place = operators::findByName(name, featureNames);
    if (place.match != operators::NameMatch::Found) {
      std::string message = fmt::format("Model '{}' has no feature '{}'.", model, name);
      if (const auto nearest = parser::nearestName(name, featureNames)) {
        message += fmt::format(" Did you mean '{}'?", *nearest);
      }
      throw StatementError(message, argument->span);
    }
    byFeature[place.index] = argument;
  }
  if (!given.positional.empty()) {
    return given.positional;
  }
  return byFeature;
}

std::vector<ExpressionPtr> PredictBinder::bindArguments(const parser::FunctionCall& call,
                                                        size_t firstFeature,
                                                        const operators::ModelVersion& version,
                                                        const std::string& model,
                                                        const ExpressionBinder& binder) const {
  const auto& features = version.info().features;
  Given given;
  const std::vector<const parser::Argument*> byFeature =
      argumentsByFeature(call, firstFeature, version, model, given);
  std::vector<ExpressionPtr> bound;
  for (size_t i = 0; i < features.size(); ++i) {
    const parser::Argument* const argument = byFeature[i];
    if (argument == nullptr && !given.star) {
      throw StatementError(fmt::format("Model '{}' needs feature '{}', which the call does not "
                                       "give. Add * to take it from the row.",
                                       model, features[i].name),
                           call.arguments[0].span);
    }
    ExpressionPtr expression = argument != nullptr
                                   ? binder.bind(*argument->value)
                                   : featureFromRow(features[i], model, given.starSpan);
    if (expression->type().isDecimal()) {
      expression = operators::cast(expression, operators::SqlType::doubleType());
    }
    // Throws when the feature cannot be fed with it.
    const operators::ArgumentKind kind = operators::argumentKindOf(expression->type());
    if (dynamic_cast<const operators::RemoteModel*>(&version) != nullptr) {
      operators::bindRemoteFeature(features[i], i, kind);
    } else {
      operators::bindFeature(features[i], i, kind, {});
    }
    bound.push_back(std::move(expression));
  }
  return bound;
}

}  // namespace auspex::queries
