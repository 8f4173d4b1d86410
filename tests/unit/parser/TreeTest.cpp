// SPDX-License-Identifier: Apache-2.0
// Shapes and places of trees, which printing alone does not show.
#include <variant>

#include "tests/unit/parser/PrintCase.h"

namespace auspex::parser {
namespace {

/// The source that a span covers.
std::string sourceOf(const std::string& text, const Span& span) {
  return text.substr(span.begin, span.end - span.begin);
}

TEST_CASE("Chains lean to the left") {
  const auto expression = parseExpression("a - b - c");
  const auto& outer = std::get<Arithmetic>(expression->node);
  CHECK(std::holds_alternative<Arithmetic>(outer.left->node));
  CHECK(std::holds_alternative<ColumnReference>(outer.right->node));
  CHECK(expression->depth == 3);
}

TEST_CASE("NOT binds less than a comparison and more than AND") {
  const auto expression = parseExpression("NOT a = b AND c");
  const auto& both = std::get<Logical>(expression->node);
  CHECK(both.operation == LogicalOperator::And);
  const auto& negated = std::get<Not>(both.left->node);
  CHECK(std::holds_alternative<Comparison>(negated.operand->node));
}

TEST_CASE("Nodes know where they came from") {
  const std::string text = "SELECT a + b,\n  f(x) AS y\nFROM s t\nWHERE NOT a = 'z';";
  const auto parsed = parse(text);
  const Select& select = std::get<Query>(parsed[0].statement.node).select;
  const auto& sum = std::get<SingleColumn>(select.items[0].item);
  CHECK(sourceOf(text, sum.expression->span) == "a + b");
  const auto& right = std::get<Arithmetic>(sum.expression->node).right;
  CHECK(right->span.line == 1);
  CHECK(right->span.column == 12);
  const auto& call = std::get<SingleColumn>(select.items[1].item);
  CHECK(sourceOf(text, call.expression->span) == "f(x)");
  CHECK(sourceOf(text, select.items[1].span) == "f(x) AS y");
  CHECK(call.alias->span.line == 2);
  CHECK(call.alias->span.column == 11);
  CHECK(sourceOf(text, select.from->source.span) == "s t");
  CHECK(sourceOf(text, select.where->span) == "NOT a = 'z'");
  CHECK(select.where->span.line == 4);
  CHECK(sourceOf(text, parsed[0].span) == parsed[0].text);
}

TEST_CASE("Columns count characters, not bytes") {
  const std::string text = "SELECT '\xC3\xA4\xC3\xB6\xC3\xBC', b FROM s;";
  const auto parsed = parse(text);
  const Select& select = std::get<Query>(parsed[0].statement.node).select;
  CHECK(select.items[1].span.column == 15);
  CHECK(sourceOf(text, select.items[1].span) == "b");
}

TEST_CASE("Arguments") {
  const auto expression = parseExpression("PREDICT('m', *, x AS amount)");
  const auto& call = std::get<FunctionCall>(expression->node);
  REQUIRE(call.arguments.size() == 3);
  CHECK(std::holds_alternative<StringLiteral>(call.arguments[0].value->node));
  CHECK(call.arguments[1].star);
  CHECK(call.arguments[1].value == nullptr);
  CHECK(call.arguments[2].name->name == "AMOUNT");
  CHECK(std::holds_alternative<ColumnReference>(call.arguments[2].value->node));
}

TEST_CASE("Frames") {
  const auto rows = parseExpression("SUM(x) OVER (PARTITION BY k ROWS 5 PRECEDING)");
  const Over& rowsOver = *std::get<FunctionCall>(rows->node).over;
  CHECK(rowsOver.partitionBy.size() == 1);
  CHECK(rowsOver.frame->kind == Frame::Kind::Rows);
  CHECK(rowsOver.frame->rows == 5);
  const auto range = parseExpression("SUM(x) OVER (RANGE 10 MINUTES PRECEDING)");
  const Over& rangeOver = *std::get<FunctionCall>(range->node).over;
  CHECK(rangeOver.frame->kind == Frame::Kind::Range);
  CHECK(rangeOver.frame->range.count == 10);
  CHECK(rangeOver.frame->range.unit == TimeUnit::Minutes);
}

TEST_CASE("An alternative that failed leaves nothing behind") {
  // A lambda, a list in parentheses and an alias are tried here before what it really is.
  const auto expression = parseExpression("f((a), (b + c), (d))");
  CHECK(std::get<FunctionCall>(expression->node).arguments.size() == 3);
  const auto parsed = parse("SELECT a FROM s GROUP BY (a) + 1, (b);");
  const Select& select = std::get<Query>(parsed[0].statement.node).select;
  REQUIRE(select.groupBy->expressions.size() == 2);
  CHECK(print(*select.groupBy->expressions[0]) == "A + 1");
}

TEST_CASE("Names know whether they were quoted") {
  const auto plain = parseExpression("abc");
  const auto quoted = parseExpression("`ABC`");
  CHECK_FALSE(std::get<ColumnReference>(plain->node).name.quoted);
  CHECK(std::get<ColumnReference>(quoted->node).name.quoted);
  CHECK(std::get<ColumnReference>(plain->node).name.name == "ABC");
}

}  // namespace
}  // namespace auspex::parser
