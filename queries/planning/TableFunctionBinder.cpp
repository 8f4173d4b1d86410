// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/TableFunctionBinder.h"

#include <fmt/format.h>

#include "operators/data/Assert.h"
#include "queries/StatementError.h"

namespace auspex::queries {

TableFunctionBinder::TableFunctionBinder(const parser::Select& select,
                                         const PlanningContext& context, PlannedSources& from)
    : context_(context), firstColumn_(from.scope.width()), numCalls_(countCalls(select)) {
  if (numCalls_ == 0) {
    return;
  }
  if (from.root->isTable) {
    throw StatementError("Table source is not supported with table functions", select.span);
  }
  if (select.groupBy) {
    throw StatementError("Table functions cannot be used with aggregations.", select.span);
  }
  from.scope.setWidth(firstColumn_ + numCalls_);
}

const parser::FunctionCall* TableFunctionBinder::callIn(
    const parser::Expression& expression) const {
  const auto* const call = std::get_if<parser::FunctionCall>(&expression.node);
  const bool isTable = call != nullptr && context_.functions.classOf(call->name.name) ==
                                              operators::FunctionClass::Table;
  return isTable ? call : nullptr;
}

void TableFunctionBinder::countIn(const parser::Expression& expression, size_t& count) const {
  // Calls may stand in scalar calls and arithmetic; elsewhere they are refused when they are bound.
  const auto& node = expression.node;
  if (const auto* const call = std::get_if<parser::FunctionCall>(&node)) {
    count += callIn(expression) != nullptr ? 1 : 0;
    for (const parser::Argument& argument : call->arguments) {
      if (argument.value) {
        countIn(*argument.value, count);
      }
    }
  } else if (const auto* const arithmetic = std::get_if<parser::Arithmetic>(&node)) {
    countIn(*arithmetic->left, count);
    countIn(*arithmetic->right, count);
  } else if (const auto* const unary = std::get_if<parser::Unary>(&node)) {
    countIn(*unary->operand, count);
  } else if (const auto* const cast = std::get_if<parser::Cast>(&node)) {
    countIn(*cast->value, count);
  } else if (const auto* const field = std::get_if<parser::Dereference>(&node)) {
    countIn(*field->base, count);
  } else if (const auto* const element = std::get_if<parser::Subscript>(&node)) {
    countIn(*element->base, count);
    countIn(*element->index, count);
  }
}

size_t TableFunctionBinder::countCalls(const parser::Select& select) const {
  size_t count = 0;
  for (const parser::SelectItem& item : select.items) {
    if (const auto* const single = std::get_if<parser::SingleColumn>(&item.item)) {
      countIn(*single->expression, count);
    }
  }
  return count;
}

operators::ExpressionPtr TableFunctionBinder::bind(const parser::Expression& expression,
                                                   const ExpressionBinder& binder) {
  const parser::FunctionCall* const call = callIn(expression);
  if (call == nullptr) {
    return nullptr;
  }
  if (functions_.size() == numCalls_) {
    throw StatementError(
        fmt::format("Table functions may stand in the select list, in calls and arithmetic: {}",
                    call->writtenName),
        expression.span);
  }
  std::vector<operators::ExpressionPtr> arguments;
  std::string text = call->name.name + "(";
  for (const parser::Argument& argument : call->arguments) {
    if (!argument.value) {
      throw StatementError(fmt::format("Function '{}' does not take *.", call->writtenName),
                           argument.span);
    }
    if (callIn(*argument.value) != nullptr) {
      throw StatementError("Table functions can't be nested", argument.span);
    }
    arguments.push_back(binder.bind(*argument.value));
    text += (arguments.size() == 1 ? "" : ", ") + arguments.back()->toString();
  }
  try {
    functions_.push_back(context_.functions.bindTable(call->writtenName, std::move(arguments)));
  } catch (const operators::TypeError& error) {
    throw StatementError(error.what(), expression.span);
  }
  return operators::column(firstColumn_ + functions_.size() - 1, functions_.back().resultType,
                           text + ")");
}

PlanNodePtr TableFunctionBinder::addTo(PlanNodePtr input) const {
  if (numCalls_ == 0) {
    return input;
  }
  AUSPEX_ASSERT(functions_.size() == numCalls_);
  PlanNode node{FlatMapPlan{functions_}, {input}, input->types, false};
  for (const operators::BoundTableFunction& function : functions_) {
    node.types.push_back(function.resultType);
  }
  return std::make_shared<const PlanNode>(std::move(node));
}

}  // namespace auspex::queries
