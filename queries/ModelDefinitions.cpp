// SPDX-License-Identifier: Apache-2.0
// What a CREATE MODEL says, checked: properties, classes, rounds and the input list.
#include <fmt/format.h>

#include <charconv>

#include "operators/expressions/ExpressionFactory.h"
#include "operators/models/ModelLoader.h"
#include "queries/StatementRun.h"
#include "queries/planning/ExpressionBinder.h"
#include "queries/planning/TypeBinder.h"

namespace auspex::queries {
namespace {

/// "a, b" as its parts without the spaces around them.
std::vector<std::string> splitList(const std::string& text) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (start <= text.size()) {
    const size_t comma = std::min(text.find(',', start), text.size());
    const size_t first = text.find_first_not_of(' ', start);
    const size_t last = text.find_last_not_of(' ', comma == 0 ? 0 : comma - 1);
    parts.push_back(first < comma ? text.substr(first, last + 1 - first) : "");
    start = comma + 1;
  }
  return parts;
}

std::optional<size_t> parseRound(std::string_view text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

/// ITERATIONS: '100', the first so many, or '10:100', from the 10th (counted from 0) to before the
/// 100th.
void readIterations(const parser::Property& property, operators::LoadOptions& options) {
  const std::string_view text = property.text;
  const size_t colon = text.find(':');
  const auto end = parseRound(colon == std::string_view::npos ? text : text.substr(colon + 1));
  const auto first = colon == std::string_view::npos ? std::optional<size_t>(0)
                                                     : parseRound(text.substr(0, colon));
  if (!end || !first || *first >= *end) {
    throw StatementError(
        fmt::format("ITERATIONS='{}' names no boosting rounds. Write '100' for the first hundred, "
                    "or '10:100' for those from 10 to 99, counted from 0.",
                    text),
        property.span);
  }
  options.firstRound = *first;
  options.endRound = *end;
}

std::variant<double, std::string> toDefault(const operators::Value& value,
                                            const parser::ModelInput& input) {
  if (const auto* const text = std::get_if<std::string>(&value.data)) {
    return *text;
  }
  if (const auto* const number = std::get_if<double>(&value.data)) {
    return *number;
  }
  if (const auto* const number = std::get_if<int64_t>(&value.data)) {
    return static_cast<double>(*number);
  }
  if (const auto* const number = std::get_if<int32_t>(&value.data)) {
    return static_cast<double>(*number);
  }
  if (const auto* const truth = std::get_if<bool>(&value.data)) {
    return *truth ? 1.0 : 0.0;
  }
  throw StatementError(
      fmt::format("DEFAULT of '{}' must be a number, a boolean or a string.", input.name.name),
      input.span);
}

}  // namespace

std::vector<operators::InputDeclaration> StatementRun::bindInputs(
    const parser::CreateModel& create) const {
  const Scope nothing;
  const ExpressionBinder binder(nothing, executor_.catalog_, executor_.functions_, "DEFAULT");
  std::vector<operators::InputDeclaration> inputs;
  for (const parser::ModelInput& input : create.inputs) {
    operators::InputDeclaration declaration;
    declaration.name = input.name.name;
    const operators::SqlType type = bindType(input.type, executor_.catalog_);
    const bool isDecimal = type.isDecimal();
    try {
      declaration.isString =
          !isDecimal && operators::argumentKindOf(type) == operators::ArgumentKind::String;
      declaration.categories = input.categories.value_or(std::vector<std::string>{});
      if (input.defaultValue) {
        operators::ExpressionPtr bound = binder.bind(*input.defaultValue);
        if (!declaration.isString) {
          bound = operators::cast(bound, operators::SqlType::doubleType());
        }
        const auto value = operators::constantValue(*bound);
        declaration.defaultValue = toDefault(value.value_or(operators::Value{}), input);
      }
    } catch (const std::runtime_error& error) {
      throw StatementError(fmt::format("Input '{}': {}", input.name.name, error.what()),
                           input.span);
    }
    inputs.push_back(std::move(declaration));
  }
  return inputs;
}

ModelDefinition StatementRun::bindModel(const parser::CreateModel& create,
                                        const Properties& properties) const {
  if (create.returns || !create.transforms.empty() || create.query) {
    throw StatementError("RETURNS, TRANSFORM and training by AS SELECT are not supported yet.",
                         create.name.span);
  }
  if (!properties.text("URI")) {
    throw StatementError(
        "A model needs WITH (URI='path'), or WITH (DEPLOYMENT='RPC', ...) for one of a server.",
        create.name.span);
  }
  ModelDefinition definition;
  definition.name = create.name.name;
  definition.deployment = "EMBEDDED";
  definition.sql = statement_.text;
  definition.missing = properties.number("MISSING").value_or(definition.missing);
  definition.inputs = bindInputs(create);
  if (const auto classes = properties.text("CLASSES")) {
    definition.classes = splitList(*classes);
  }
  return definition;
}

uint32_t StatementRun::nextVersion(const std::string& model) const {
  if (replayed_ != nullptr) {
    const auto known = replayed_->details.find("version");
    if (known != replayed_->details.end()) {
      return static_cast<uint32_t>(std::stoul(known->second));
    }
  }
  return executor_.models_->nextVersion(model);
}

operators::LoadOptions StatementRun::bindLoadOptions(const ModelDefinition& definition,
                                                     const Properties& properties) const {
  operators::LoadOptions options;
  options.name = definition.name;
  options.version = nextVersion(options.name);
  options.useBestIteration = properties.boolean("BEST_ITERATION").value_or(false);
  options.missing = properties.number("MISSING").value_or(definition.missing);
  options.inputs = definition.inputs;
  if (const parser::Property* const iterations = properties.find("ITERATIONS")) {
    if (options.useBestIteration) {
      throw StatementError("ITERATIONS and BEST_ITERATION=true exclude each other.",
                           iterations->span);
    }
    readIterations(*iterations, options);
  }
  return options;
}

}  // namespace auspex::queries
