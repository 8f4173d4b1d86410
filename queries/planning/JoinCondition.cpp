// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/JoinCondition.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "parser/ast/Printer.h"
#include "queries/StatementError.h"
#include "queries/planning/ExpressionBinder.h"

namespace auspex::queries {
namespace {

class ConditionSplitter {
 public:
  ConditionSplitter(const parser::Join& join, const DataSource& right, const Scope& both,
                    size_t firstRight, const PlanningContext& context)
      : join_(join), right_(right), both_(both), firstRight_(firstRight), context_(context) {}

  JoinCondition split() const {
    std::vector<const parser::Expression*> parts;
    flatten(*join_.condition, parts);
    JoinCondition condition;
    for (const parser::Expression* const part : parts) {
      if (const auto equality = equalityOf(*part, parts.size() == 1)) {
        condition.equalities.push_back(*equality);
      } else {
        condition.others.push_back(part);
      }
    }
    auto& equalities = condition.equalities;
    if (equalities.empty()) {
      throw StatementError("Invalid join condition: an equality of both sources is needed.",
                           join_.condition->span);
    }
    auto key = std::find_if(equalities.begin(), equalities.end(),
                            [this](const JoinEquality& each) { return isByKey(each); });
    key = key == equalities.end() ? equalities.begin() : key;
    condition.key = *key;
    equalities.erase(key);
    return condition;
  }

 private:
  static void flatten(const parser::Expression& condition,
                      std::vector<const parser::Expression*>& parts) {
    const auto* const logical = std::get_if<parser::Logical>(&condition.node);
    if (logical != nullptr && logical->operation == parser::LogicalOperator::And) {
      flatten(*logical->left, parts);
      flatten(*logical->right, parts);
      return;
    }
    parts.push_back(&condition);
  }

  /// Nothing for another condition, which is an error where it stands alone.
  std::optional<JoinEquality> equalityOf(const parser::Expression& part, bool isAlone) const {
    const auto* const comparison = std::get_if<parser::Comparison>(&part.node);
    if (comparison == nullptr || comparison->operation != parser::ComparisonOperator::Equal) {
      return std::nullopt;
    }
    JoinEquality equality{&part, {comparison->left.get(), comparison->right.get()}, {}, false};
    for (const parser::Expression* const side : equality.sides) {
      const auto* const reference = std::get_if<parser::ColumnReference>(&side->node);
      if (reference != nullptr && reference->source) {
        both_.checkSource(*reference->source);
      }
    }
    std::array<std::optional<size_t>, 2> sources;
    for (size_t i = 0; i < sources.size(); ++i) {
      sources[i] = sourceOf(*equality.sides[i]);
      if (!sources[i] && isAlone) {
        refuseSide(*equality.sides[i]);
      }
    }
    if (!sources[0] || !sources[1] || *sources[0] == *sources[1]) {
      if (isAlone) {
        refuseSide(*equality.sides[1]);
      }
      return std::nullopt;
    }
    equality.isSwapped = *sources[0] == 1;
    if (equality.isSwapped) {
      std::swap(equality.sides[0], equality.sides[1]);
    }
    equality.texts = {textOf(*equality.sides[0]), textOf(*equality.sides[1])};
    return equality;
  }

  /// 0: reads only columns of the left side; 1: of the right one; nothing: of both, or none.
  std::optional<size_t> sourceOf(const parser::Expression& expression) const {
    const operators::ExpressionPtr bound =
        ExpressionBinder(both_, context_.catalog, context_.functions, "JOIN ON").bind(expression);
    std::vector<size_t> columns;
    operators::collectColumns(*bound, columns);
    if (columns.empty() || (columns.front() < firstRight_) != (columns.back() < firstRight_)) {
      return std::nullopt;
    }
    return columns.front() < firstRight_ ? 0 : 1;
  }

  [[noreturn]] void refuseSide(const parser::Expression& expression) const {
    throw StatementError(
        fmt::format("Invalid comparison expression '{}' in join '{}'. Each side of the join "
                    "comparision must contain references from exactly one source.",
                    parser::print(expression, parser::Parentheses::Everywhere),
                    parser::print(*join_.condition, parser::Parentheses::Everywhere)),
        expression.span);
  }

  std::string textOf(const parser::Expression& expression) const {
    const auto* const reference = std::get_if<parser::ColumnReference>(&expression.node);
    if (reference == nullptr) {
      return parser::print(expression, parser::Parentheses::Everywhere);
    }
    const ScopeColumn& column = both_.resolve(*reference, expression.span, "JOIN ON");
    return column.source + "." + column.name;
  }

  bool isByKey(const JoinEquality& equality) const {
    const auto* const reference = std::get_if<parser::ColumnReference>(&equality.sides[1]->node);
    return reference != nullptr && right_.schema.numKeys() == 1 &&
           both_.resolve(*reference, equality.sides[1]->span, "JOIN ON").position == firstRight_;
  }

  const parser::Join& join_;
  const DataSource& right_;
  const Scope& both_;
  size_t firstRight_;
  const PlanningContext& context_;
};

}  // namespace

std::string JoinEquality::toString() const {
  return fmt::format("{} = {}", texts[isSwapped ? 1 : 0], texts[isSwapped ? 0 : 1]);
}

JoinCondition splitCondition(const parser::Join& join, const DataSource& right, const Scope& both,
                             size_t firstRight, const PlanningContext& context) {
  return ConditionSplitter(join, right, both, firstRight, context).split();
}

}  // namespace auspex::queries
