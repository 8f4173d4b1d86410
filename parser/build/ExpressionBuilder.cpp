// SPDX-License-Identifier: Apache-2.0
#include "parser/build/ExpressionBuilder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <initializer_list>
#include <limits>
#include <utility>

#include "parser/Parser.h"
#include "parser/SyntaxError.h"
#include "parser/build/ClauseBuilder.h"

namespace auspex::parser {
namespace {

constexpr std::string_view kSmallestBigintDigits = "9223372036854775808";

/// The height of the highest of some subtrees; null ones count nothing.
template <typename Range>
std::uint32_t highest(const Range& expressions) {
  std::uint32_t depth = 0;
  for (const ExpressionPtr& expression : expressions) {
    depth = std::max(depth, expression == nullptr ? 0U : expression->depth);
  }
  return depth;
}

std::uint32_t highest(std::initializer_list<ExpressionPtr> expressions) {
  return highest<std::initializer_list<ExpressionPtr>>(expressions);
}

/// Makes a node over subtrees of the given height.
ExpressionPtr make(Expression::Node node, const Span& span, std::uint32_t depthBelow) {
  if (depthBelow >= kMaxExpressionDepth) {
    throw SyntaxError(fmt::format("The expression has more than {} operations inside each other.",
                                  kMaxExpressionDepth),
                      span, "");
  }
  return std::make_shared<const Expression>(Expression{std::move(node), span, depthBelow + 1});
}

ExpressionPtr buildIntegerLiteral(const Token& token, const Span& span, bool negative) {
  if (negative && token.text == kSmallestBigintDigits) {
    return make(IntegerLiteral{std::numeric_limits<std::int64_t>::min(), false}, span, 0);
  }
  const std::int64_t value = negative ? -buildWholeNumber(token) : buildWholeNumber(token);
  const bool fits32 = value >= std::numeric_limits<std::int32_t>::min() &&
                      value <= std::numeric_limits<std::int32_t>::max();
  return make(IntegerLiteral{value, fits32}, span, 0);
}

ExpressionPtr buildLiteral(const Token& token, const Span& span, bool negative) {
  const std::string sign = negative ? "-" : "";
  switch (token.kind) {
    case TokenKind::StringText:
      return make(StringLiteral{token.text}, span, 0);
    case TokenKind::IntegerNumber:
      return buildIntegerLiteral(token, span, negative);
    case TokenKind::DecimalNumber:
      return make(DecimalLiteral{sign + token.text}, span, 0);
    case TokenKind::FloatingNumber: {
      const double value = buildNumber(token);
      return make(DoubleLiteral{negative ? -value : value, sign + token.text}, span, 0);
    }
    case TokenKind::True:
    case TokenKind::False:
      return make(BooleanLiteral{token.kind == TokenKind::True}, span, 0);
    default:
      assert(token.kind == TokenKind::Null);
      return make(NullLiteral{}, span, 0);
  }
}

bool isDecimalText(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const auto numPoints = std::count(digits.begin(), digits.end(), '.');
  const auto numDigits =
      std::count_if(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return numPoints <= 1 && numDigits > 0 &&
         static_cast<std::size_t>(numPoints + numDigits) == digits.size();
}

ExpressionPtr buildTypedLiteral(const NodeReader& node) {
  const Token& type = node.firstToken();
  const Token& value = node.token(node.begin() + 1);
  if (type.kind != TokenKind::Decimal) {
    throw SyntaxError(fmt::format("Unknown type: {}", buildIdentifier(type).name), type.span,
                      node.tree().statementText());
  }
  if (!isDecimalText(value.text)) {
    throw SyntaxError::invalidLiteral(fmt::format("Invalid numeric literal: {}", value.text),
                                      value.span);
  }
  return make(DecimalLiteral{value.text}, node.span(), 0);
}

ArithmeticOperator arithmeticOperator(TokenKind kind) {
  switch (kind) {
    case TokenKind::PlusSign:
      return ArithmeticOperator::Add;
    case TokenKind::MinusSign:
      return ArithmeticOperator::Subtract;
    case TokenKind::Asterisk:
      return ArithmeticOperator::Multiply;
    case TokenKind::Slash:
      return ArithmeticOperator::Divide;
    case TokenKind::PercentSign:
      return ArithmeticOperator::Modulo;
    default:
      assert(kind == TokenKind::Concat);
      return ArithmeticOperator::Concat;
  }
}

/// A chain of operators of one level; they bind to the left.
ExpressionPtr buildBinary(const NodeReader& node) {
  const auto operands = node.children();
  ExpressionPtr left = buildExpression(operands.front());
  for (std::size_t i = 1; i < operands.size(); ++i) {
    const auto operation = arithmeticOperator(node.token(operands[i - 1].end()).kind);
    ExpressionPtr right = buildExpression(operands[i]);
    const std::uint32_t depth = highest({left, right});
    left = make(Arithmetic{operation, std::move(left), std::move(right)},
                node.spanOf(node.begin(), operands[i].end()), depth);
  }
  return left;
}

ExpressionPtr buildLogical(const NodeReader& node, LogicalOperator operation) {
  const auto operands = node.children();
  ExpressionPtr left = buildExpression(operands.front());
  for (std::size_t i = 1; i < operands.size(); ++i) {
    ExpressionPtr right = buildExpression(operands[i]);
    const std::uint32_t depth = highest({left, right});
    left = make(Logical{operation, std::move(left), std::move(right)},
                node.spanOf(node.begin(), operands[i].end()), depth);
  }
  return left;
}

ExpressionPtr buildNegation(const NodeReader& node) {
  const NodeReader operand = node.first();
  ExpressionPtr result = buildExpression(operand);
  for (std::size_t i = operand.begin(); i > node.begin(); --i) {
    const std::uint32_t depth = result->depth;
    result = make(Not{std::move(result)}, node.spanOf(i - 1, node.end()), depth);
  }
  return result;
}

ExpressionPtr buildUnary(const NodeReader& node) {
  const NodeReader operand = node.first();
  const bool isSmallestBigint = operand.begin() > node.begin() &&
                                operand.end() == operand.begin() + 1 &&
                                operand.firstToken().kind == TokenKind::IntegerNumber &&
                                operand.firstToken().text == kSmallestBigintDigits &&
                                node.token(operand.begin() - 1).kind == TokenKind::MinusSign;
  std::size_t signsEnd = operand.begin();
  ExpressionPtr result;
  if (isSmallestBigint) {
    --signsEnd;
    result = buildLiteral(operand.firstToken(), node.spanOf(signsEnd, node.end()), true);
  } else {
    result = buildExpression(operand);
  }
  for (std::size_t i = signsEnd; i > node.begin(); --i) {
    const auto operation =
        node.token(i - 1).kind == TokenKind::MinusSign ? UnaryOperator::Minus : UnaryOperator::Plus;
    const std::uint32_t depth = result->depth;
    result = make(Unary{operation, std::move(result)}, node.spanOf(i - 1, node.end()), depth);
  }
  return result;
}

ExpressionPtr buildPostfix(const NodeReader& node) {
  const auto parts = node.children();
  ExpressionPtr base = buildExpression(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const Span span = node.spanOf(node.begin(), parts[i].end());
    if (parts[i].kind() == NodeKind::Dereference) {
      const std::uint32_t depth = base->depth;
      base = make(Dereference{std::move(base), nameOf(parts[i])}, span, depth);
    } else {
      ExpressionPtr index = expressionOf(parts[i]);
      const std::uint32_t depth = highest({base, index});
      base = make(Subscript{std::move(base), std::move(index)}, span, depth);
    }
  }
  return base;
}

ComparisonOperator comparisonOperator(TokenKind kind) {
  switch (kind) {
    case TokenKind::Equal:
      return ComparisonOperator::Equal;
    case TokenKind::NotEqual:
      return ComparisonOperator::NotEqual;
    case TokenKind::Less:
      return ComparisonOperator::Less;
    case TokenKind::LessOrEqual:
      return ComparisonOperator::LessOrEqual;
    case TokenKind::Greater:
      return ComparisonOperator::Greater;
    default:
      assert(kind == TokenKind::GreaterOrEqual);
      return ComparisonOperator::GreaterOrEqual;
  }
}

ExpressionPtr buildPredicate(const NodeReader& node) {
  const auto parts = node.children();
  ExpressionPtr value = buildExpression(parts.front());
  if (parts.size() == 1) {
    return value;
  }
  const NodeReader& rest = parts[1];
  const bool negated = rest.hasToken(TokenKind::Not);
  std::vector<ExpressionPtr> operands = expressionsOf(rest);
  const std::uint32_t depth = std::max(value->depth, highest(operands));
  const Span span = node.span();
  switch (rest.kind()) {
    case NodeKind::Comparison:
      return make(Comparison{comparisonOperator(rest.firstToken().kind), value, operands[0]}, span,
                  depth);
    case NodeKind::IsDistinct:
      return make(Comparison{negated ? ComparisonOperator::IsNotDistinctFrom
                                     : ComparisonOperator::IsDistinctFrom,
                             value, operands[0]},
                  span, depth);
    case NodeKind::Between:
      return make(Between{value, operands[0], operands[1], negated}, span, depth);
    case NodeKind::InList:
      return make(InList{value, std::move(operands), negated}, span, depth);
    case NodeKind::Like: {
      std::optional<std::string> escape;
      if (const auto clause = rest.find(NodeKind::Escape)) {
        escape = clause->get(NodeKind::Text).firstToken().text;
      }
      return make(Like{value, operands[0], std::move(escape), negated}, span, depth);
    }
    default:
      assert(rest.kind() == NodeKind::IsNull);
      return make(IsNull{value, negated}, span, depth);
  }
}

ExpressionPtr buildCase(const NodeReader& node) {
  Case result;
  std::uint32_t depth = 0;
  if (const auto operand = node.find(NodeKind::CaseOperand)) {
    result.operand = expressionOf(*operand);
    depth = result.operand->depth;
  }
  for (const NodeReader& clause : node.children(NodeKind::When)) {
    const auto parts = expressionsOf(clause);
    depth = std::max(depth, highest(parts));
    result.clauses.push_back({parts[0], parts[1]});
  }
  if (const auto otherwise = node.find(NodeKind::Else)) {
    result.otherwise = expressionOf(*otherwise);
    depth = std::max(depth, result.otherwise->depth);
  }
  return make(std::move(result), node.span(), depth);
}

ExpressionPtr buildMap(const NodeReader& node) {
  MapConstructor map;
  std::uint32_t depth = 0;
  for (const NodeReader& entry : node.children(NodeKind::Entry)) {
    const auto parts = expressionsOf(entry);
    depth = std::max(depth, highest(parts));
    map.entries.push_back({parts[0], parts[1]});
  }
  return make(std::move(map), node.span(), depth);
}

ExpressionPtr buildStruct(const NodeReader& node) {
  StructConstructor result;
  std::uint32_t depth = 0;
  for (const NodeReader& entry : node.children(NodeKind::Entry)) {
    result.entries.push_back({nameOf(entry), expressionOf(entry)});
    depth = std::max(depth, result.entries.back().value->depth);
  }
  return make(std::move(result), node.span(), depth);
}

Frame buildFrame(const NodeReader& node) {
  Frame frame;
  frame.kind = node.kind() == NodeKind::RowsFrame ? Frame::Kind::Rows : Frame::Kind::Range;
  frame.unbounded = node.has(NodeKind::Unbounded);
  if (const auto rows = node.find(NodeKind::Number)) {
    frame.rows = buildWholeNumber(rows->firstToken());
  }
  if (const auto range = node.find(NodeKind::Interval)) {
    frame.range = buildInterval(*range);
  }
  return frame;
}

Over buildOver(const NodeReader& node) {
  Over over;
  over.span = node.span();
  over.partitionBy = expressionsOf(node);
  if (const auto rows = node.find(NodeKind::RowsFrame)) {
    over.frame = buildFrame(*rows);
  } else if (const auto range = node.find(NodeKind::RangeFrame)) {
    over.frame = buildFrame(*range);
  }
  return over;
}

ExpressionPtr buildLambda(const NodeReader& node) {
  Lambda lambda{namesOf(node.get(NodeKind::LambdaParameters)), expressionOf(node)};
  const std::uint32_t depth = lambda.body->depth;
  return make(std::move(lambda), node.span(), depth);
}

Argument buildArgument(const NodeReader& node) {
  Argument argument;
  argument.span = node.span();
  const NodeReader value = node.first();
  if (value.kind() == NodeKind::Star) {
    argument.star = true;
  } else {
    argument.value = buildExpression(value);
  }
  if (const auto alias = node.find(NodeKind::Alias)) {
    argument.name = nameOf(*alias);
  }
  return argument;
}

ExpressionPtr buildCall(const NodeReader& node) {
  FunctionCall call;
  call.name = nameOf(node);
  call.writtenName = node.firstToken().text;
  if (node.has(NodeKind::Distinct)) {
    if (call.name.name != "COUNT") {
      throw SyntaxError(fmt::format("DISTINCT is for COUNT, not for {}.", call.writtenName),
                        node.span(), node.tree().statementText());
    }
    call.name.name = "COUNT_DISTINCT";
  }
  std::uint32_t depth = 0;
  for (const NodeReader& child : node.children(NodeKind::Argument)) {
    call.arguments.push_back(buildArgument(child));
    depth = std::max(depth, highest({call.arguments.back().value}));
  }
  if (const auto over = node.find(NodeKind::Over)) {
    call.over = buildOver(*over);
    depth = std::max(depth, highest(call.over->partitionBy));
  }
  return make(std::move(call), node.span(), depth);
}

ExpressionPtr buildColumn(const NodeReader& node) {
  const auto names = namesOf(node);
  if (names.size() == 2) {
    return make(ColumnReference{names[0], names[1]}, node.span(), 0);
  }
  return make(ColumnReference{std::nullopt, names[0]}, node.span(), 0);
}

ExpressionPtr buildArray(const NodeReader& node) {
  ArrayConstructor array{expressionsOf(node)};
  const std::uint32_t depth = highest(array.elements);
  return make(std::move(array), node.span(), depth);
}

ExpressionPtr buildCast(const NodeReader& node) {
  Cast cast{expressionOf(node), buildType(node.get(NodeKind::Type))};
  const std::uint32_t depth = cast.value->depth;
  return make(std::move(cast), node.span(), depth);
}

/// Levels of the grammar at which this node has one operand and nothing else.
bool isLookedThrough(const NodeReader& node) {
  switch (node.kind()) {
    case NodeKind::Disjunction:
    case NodeKind::Conjunction:
    case NodeKind::Negation:
    case NodeKind::Predicate:
    case NodeKind::Binary:
    case NodeKind::Unary:
    case NodeKind::Postfix:
      return node.first().begin() == node.begin() && node.first().end() == node.end();
    default:
      return node.kind() == NodeKind::Parenthesized;
  }
}

bool isExpression(NodeKind kind) {
  switch (kind) {
    case NodeKind::Disjunction:
    case NodeKind::Conjunction:
    case NodeKind::Negation:
    case NodeKind::Predicate:
    case NodeKind::Binary:
    case NodeKind::Unary:
    case NodeKind::Postfix:
      return true;
    default:
      return false;
  }
}

}  // namespace

ExpressionPtr buildExpression(const NodeReader& start) {
  NodeReader node = start;
  while (isLookedThrough(node)) {
    node = node.first();
  }
  switch (node.kind()) {
    case NodeKind::Disjunction:
      return buildLogical(node, LogicalOperator::Or);
    case NodeKind::Conjunction:
      return buildLogical(node, LogicalOperator::And);
    case NodeKind::Negation:
      return buildNegation(node);
    case NodeKind::Predicate:
      return buildPredicate(node);
    case NodeKind::Binary:
      return buildBinary(node);
    case NodeKind::Unary:
      return buildUnary(node);
    case NodeKind::Postfix:
      return buildPostfix(node);
    case NodeKind::Literal:
      return buildLiteral(node.firstToken(), node.span(), false);
    case NodeKind::TypedLiteral:
      return buildTypedLiteral(node);
    case NodeKind::Case:
      return buildCase(node);
    case NodeKind::Cast:
      return buildCast(node);
    case NodeKind::Array:
      return buildArray(node);
    case NodeKind::Map:
      return buildMap(node);
    case NodeKind::StructValue:
      return buildStruct(node);
    case NodeKind::Call:
      return buildCall(node);
    case NodeKind::Lambda:
      return buildLambda(node);
    case NodeKind::UnitArgument:
      return make(TimeUnitArgument{buildTimeUnit(node.firstToken().kind)}, node.span(), 0);
    default:
      assert(node.kind() == NodeKind::Column);
      return buildColumn(node);
  }
}

ExpressionPtr buildPropertyValue(const NodeReader& node) {
  const bool negative = node.firstToken().kind == TokenKind::MinusSign;
  return buildLiteral(node.token(node.end() - 1), node.span(), negative);
}

ExpressionPtr expressionOf(const NodeReader& parent) {
  for (const NodeReader& child : parent.children()) {
    if (isExpression(child.kind())) {
      return buildExpression(child);
    }
  }
  assert(false && "the grammar left no expression here");
  return nullptr;
}

std::vector<ExpressionPtr> expressionsOf(const NodeReader& parent) {
  std::vector<ExpressionPtr> result;
  for (const NodeReader& child : parent.children()) {
    if (isExpression(child.kind())) {
      result.push_back(buildExpression(child));
    }
  }
  return result;
}

}  // namespace auspex::parser
