// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/ExpressionBinder.h"

#include <fmt/format.h>

#include "operators/expressions/TimeText.h"
#include "parser/NearestName.h"
#include "queries/StatementError.h"
#include "queries/planning/TypeBinder.h"

namespace auspex::queries {
namespace {

using operators::ExpressionPtr;

operators::ComparisonOperator toOperator(parser::ComparisonOperator operation) {
  // Both enumerations list the operators in one order.
  return static_cast<operators::ComparisonOperator>(operation);
}

static_assert(static_cast<int>(parser::ComparisonOperator::IsNotDistinctFrom) ==
              static_cast<int>(operators::ComparisonOperator::IsNotDistinctFrom));
static_assert(static_cast<int>(parser::ArithmeticOperator::Modulo) ==
              static_cast<int>(operators::ArithmeticOperator::Modulo));

const char* unitName(parser::TimeUnit unit) {
  switch (unit) {
    case parser::TimeUnit::Years:
      return "YEARS";
    case parser::TimeUnit::Months:
      return "MONTHS";
    case parser::TimeUnit::Days:
      return "DAYS";
    case parser::TimeUnit::Hours:
      return "HOURS";
    case parser::TimeUnit::Minutes:
      return "MINUTES";
    case parser::TimeUnit::Seconds:
      return "SECONDS";
    case parser::TimeUnit::Milliseconds:
      break;
  }
  return "MILLISECONDS";
}

/// The constant that a literal stands for; a null pointer for everything else.
ExpressionPtr bindLiteral(const parser::Expression::Node& node) {
  if (std::holds_alternative<parser::NullLiteral>(node)) {
    return operators::nullLiteral();
  }
  if (const auto* const boolean = std::get_if<parser::BooleanLiteral>(&node)) {
    return operators::literal(boolean->value);
  }
  if (const auto* const integer = std::get_if<parser::IntegerLiteral>(&node)) {
    return operators::integerLiteral(integer->value);
  }
  if (const auto* const decimal = std::get_if<parser::DecimalLiteral>(&node)) {
    return operators::decimalLiteral(decimal->text);
  }
  if (const auto* const real = std::get_if<parser::DoubleLiteral>(&node)) {
    return operators::doubleLiteral(real->value);
  }
  if (const auto* const text = std::get_if<parser::StringLiteral>(&node)) {
    return operators::literal(text->value);
  }
  if (const auto* const unit = std::get_if<parser::TimeUnitArgument>(&node)) {
    return operators::timeUnit(unitName(unit->unit));
  }
  return nullptr;
}

/// What ksqlDB says before a type error: where it was, but for lists and functions, which are
/// checked before the clause is.
std::string prefixFor(const std::string& clause, const parser::Expression& expression,
                      std::string_view message) {
  if (std::holds_alternative<parser::FunctionCall>(expression.node) ||
      message.starts_with("Invalid ")) {
    return "";
  }
  if (clause == "WHERE" || clause == "HAVING") {
    return fmt::format("Error in {} expression: ", clause);
  }
  return clause == "SELECT" && std::holds_alternative<parser::Cast>(expression.node)
             ? "Invalid Select: "
             : "";
}

/// ROWTIME and the bounds of windows: a text beside them is a time.
bool isTimeColumn(const parser::Expression& expression) {
  const auto* const reference = std::get_if<parser::ColumnReference>(&expression.node);
  return reference != nullptr &&
         (reference->name.name == "ROWTIME" || reference->name.name == "WINDOWSTART" ||
          reference->name.name == "WINDOWEND");
}

}  // namespace

ExpressionPtr ExpressionBinder::bindBeside(const parser::Expression& expression,
                                           const parser::Expression& other) const {
  const auto* const text = std::get_if<parser::StringLiteral>(&expression.node);
  if (text == nullptr || !isTimeColumn(other)) {
    return bind(expression);
  }
  const std::optional<int64_t> time = operators::parseIsoTimestamp(text->value);
  if (!time) {
    throw StatementError(fmt::format("Failed to parse timestamp '{}': it must be as "
                                     "'2020-05-26T10:30:05.123', with an optional zone.",
                                     text->value),
                         expression.span);
  }
  return operators::literal(operators::Value{*time}, operators::SqlType::bigint());
}

ExpressionPtr ExpressionBinder::bind(const parser::Expression& expression) const {
  try {
    if (interceptor_) {
      if (ExpressionPtr replaced = interceptor_(expression)) {
        return replaced;
      }
    }
    return bindNode(expression);
  } catch (const operators::TypeError& error) {
    throw StatementError(prefixFor(clause_, expression, error.what()) + error.what(),
                         expression.span);
  }
}

std::vector<ExpressionPtr> ExpressionBinder::bindAll(
    const std::vector<parser::ExpressionPtr>& expressions) const {
  std::vector<ExpressionPtr> bound;
  for (const parser::ExpressionPtr& expression : expressions) {
    bound.push_back(bind(*expression));
  }
  return bound;
}

ExpressionPtr ExpressionBinder::bindNode(const parser::Expression& expression) const {
  const auto& node = expression.node;
  if (ExpressionPtr constant = bindLiteral(node)) {
    return constant;
  }
  if (const auto* const reference = std::get_if<parser::ColumnReference>(&node)) {
    if (ExpressionPtr parameter = lambdaParameterNamed(*reference)) {
      return parameter;
    }
    const ScopeColumn& column = scope_.resolve(*reference, expression.span, clause_);
    return operators::column(column.position, column.type, scope_.shownName(column));
  }
  if (const auto* const unary = std::get_if<parser::Unary>(&node)) {
    ExpressionPtr operand = bind(*unary->operand);
    return unary->operation == parser::UnaryOperator::Minus ? operators::negate(operand) : operand;
  }
  if (const auto* const arithmetic = std::get_if<parser::Arithmetic>(&node)) {
    return bindArithmetic(*arithmetic);
  }
  if (const auto* const comparison = std::get_if<parser::Comparison>(&node)) {
    return operators::comparison(toOperator(comparison->operation),
                                 bindBeside(*comparison->left, *comparison->right),
                                 bindBeside(*comparison->right, *comparison->left));
  }
  if (const auto* const logical = std::get_if<parser::Logical>(&node)) {
    ExpressionPtr left = bind(*logical->left);
    ExpressionPtr right = bind(*logical->right);
    return logical->operation == parser::LogicalOperator::And
               ? operators::logicalAnd(std::move(left), std::move(right))
               : operators::logicalOr(std::move(left), std::move(right));
  }
  if (const auto* const inverse = std::get_if<parser::Not>(&node)) {
    return operators::logicalNot(bind(*inverse->operand));
  }
  if (const auto* const between = std::get_if<parser::Between>(&node)) {
    return operators::between(bind(*between->value), bindBeside(*between->low, *between->value),
                              bindBeside(*between->high, *between->value), between->negated);
  }
  if (const auto* const in = std::get_if<parser::InList>(&node)) {
    return operators::in(bind(*in->value), bindAll(in->candidates), in->negated);
  }
  if (const auto* const like = std::get_if<parser::Like>(&node)) {
    return operators::like(bind(*like->value), bind(*like->pattern), like->escape, like->negated);
  }
  if (const auto* const isNull = std::get_if<parser::IsNull>(&node)) {
    return operators::isNull(bind(*isNull->value), isNull->negated);
  }
  if (const auto* const call = std::get_if<parser::FunctionCall>(&node)) {
    return bindCall(*call, expression);
  }
  if (const auto* const cast = std::get_if<parser::Cast>(&node)) {
    return operators::cast(bind(*cast->value), bindType(cast->type, catalog_));
  }
  if (const auto* const choice = std::get_if<parser::Case>(&node)) {
    return bindCase(*choice);
  }
  if (const auto* const subscript = std::get_if<parser::Subscript>(&node)) {
    return operators::subscript(bind(*subscript->base), bind(*subscript->index));
  }
  if (const auto* const dereference = std::get_if<parser::Dereference>(&node)) {
    return operators::dereference(bind(*dereference->base), dereference->field.name);
  }
  return bindConstructor(expression);
}

ExpressionPtr ExpressionBinder::bindArithmetic(const parser::Arithmetic& node) const {
  ExpressionPtr left = bind(*node.left);
  ExpressionPtr right = bind(*node.right);
  if (node.operation == parser::ArithmeticOperator::Concat) {
    return operators::concat(std::move(left), std::move(right), functions_);
  }
  return operators::arithmetic(static_cast<operators::ArithmeticOperator>(node.operation),
                               std::move(left), std::move(right));
}

ExpressionPtr ExpressionBinder::bindConstructor(const parser::Expression& expression) const {
  const auto& node = expression.node;
  if (const auto* const array = std::get_if<parser::ArrayConstructor>(&node)) {
    return operators::arrayOf(bindAll(array->elements));
  }
  if (const auto* const map = std::get_if<parser::MapConstructor>(&node)) {
    std::vector<ExpressionPtr> keys;
    std::vector<ExpressionPtr> values;
    for (const parser::MapEntry& entry : map->entries) {
      keys.push_back(bind(*entry.key));
      values.push_back(bind(*entry.value));
    }
    return operators::mapOf(std::move(keys), std::move(values));
  }
  if (const auto* const structure = std::get_if<parser::StructConstructor>(&node)) {
    std::vector<std::pair<std::string, ExpressionPtr>> fields;
    for (const parser::StructEntry& entry : structure->entries) {
      fields.emplace_back(entry.name.name, bind(*entry.value));
    }
    return operators::structOf(std::move(fields));
  }
  throw StatementError("A lambda is only allowed as an argument of a function that takes one.",
                       expression.span);
}

ExpressionPtr ExpressionBinder::bindCase(const parser::Case& node) const {
  std::vector<ExpressionPtr> conditions;
  std::vector<ExpressionPtr> results;
  for (const parser::WhenClause& clause : node.clauses) {
    ExpressionPtr condition = bind(*clause.condition);
    if (node.operand) {
      condition = operators::comparison(operators::ComparisonOperator::Equal, bind(*node.operand),
                                        std::move(condition));
    }
    conditions.push_back(std::move(condition));
    results.push_back(bind(*clause.result));
  }
  return operators::caseWhen(std::move(conditions), std::move(results),
                             node.otherwise ? bind(*node.otherwise) : nullptr);
}

ExpressionPtr ExpressionBinder::lambdaParameterNamed(
    const parser::ColumnReference& reference) const {
  if (reference.source) {
    return nullptr;
  }
  // The innermost lambda's come last, and hide others and columns of their name.
  for (size_t i = lambdaParameters_.size(); i-- > 0;) {
    if (lambdaParameters_[i].first == reference.name.name) {
      return lambdaParameters_[i].second;
    }
  }
  return nullptr;
}

ExpressionPtr ExpressionBinder::bindLambda(const parser::Lambda& lambda,
                                           const parser::FunctionCall& call,
                                           const std::vector<ExpressionPtr>& before) const {
  const std::vector<operators::SqlType> types = operators::lambdaParameterTypes(
      call.writtenName, before, lambda.parameters.size(), functions_);
  const size_t numOuter = lambdaParameters_.size();
  std::vector<ExpressionPtr> parameters;
  for (size_t i = 0; i < types.size(); ++i) {
    const std::string& name = lambda.parameters[i].name;
    parameters.push_back(operators::lambdaParameter(nextLambdaParameter_++, types[i], name));
    lambdaParameters_.emplace_back(name, parameters.back());
  }
  ExpressionPtr body = bind(*lambda.body);
  lambdaParameters_.resize(numOuter);
  return operators::lambda(std::move(parameters), std::move(body));
}

ExpressionPtr ExpressionBinder::bindCall(const parser::FunctionCall& call,
                                         const parser::Expression& expression) const {
  const auto kind = functions_.classOf(call.name.name);
  if (!kind) {
    std::string message =
        fmt::format("Can't find any functions with the name '{}'", call.writtenName);
    if (const auto nearest = parser::nearestName(call.name.name, functions_.names())) {
      message += fmt::format(". Did you mean {}?", *nearest);
    }
    throw StatementError(message, expression.span);
  }
  if (call.over) {
    throw StatementError("OVER is not supported yet.", call.over->span);
  }
  if (*kind == operators::FunctionClass::Aggregate) {
    throw MisplacedAggregate(
        fmt::format("{} does not support aggregate functions: {} is an aggregate function.",
                    clause_, call.name.name),
        expression.span);
  }
  if (*kind == operators::FunctionClass::Table) {
    throw StatementError(
        fmt::format("{} does not support table functions: {}", clause_, call.name.name),
        expression.span);
  }
  std::vector<ExpressionPtr> arguments;
  for (const parser::Argument& argument : call.arguments) {
    if (argument.star && call.arguments.size() == 1) {
      break;  // as without arguments: which functions take that is for the overloads to say
    }
    if (argument.star || argument.name) {
      throw StatementError(
          fmt::format("Function '{}' takes neither * nor named arguments; PREDICT and its kin do.",
                      call.writtenName),
          argument.span);
    }
    const auto* const lambda = std::get_if<parser::Lambda>(&argument.value->node);
    arguments.push_back(lambda == nullptr ? bind(*argument.value)
                                          : bindLambda(*lambda, call, arguments));
  }
  return operators::call(call.writtenName, std::move(arguments), functions_);
}

}  // namespace auspex::queries
