// SPDX-License-Identifier: Apache-2.0
// Expressions as text, in ksqlDB's form: for EXPLAIN, error texts and the processing log.
#include <fmt/format.h>

#include "operators/data/Ascii.h"
#include "operators/expressions/BoundExpression.h"
#include "operators/expressions/CastKernels.h"
#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

namespace {

std::string listText(const std::vector<ExpressionPtr>& expressions) {
  std::string text;
  for (const ExpressionPtr& expression : expressions) {
    text += (text.empty() ? "" : ", ") + expression->toString();
  }
  return text;
}

std::string quote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c;
    if (c == '\'') {
      quoted += '\'';
    }
  }
  return quoted + "'";
}

std::string caseText(const CaseNode& node) {
  std::string text = "(CASE";
  for (size_t i = 0; i < node.conditions.size(); ++i) {
    text += fmt::format(" WHEN {} THEN {}", node.conditions[i]->toString(),
                        node.results[i]->toString());
  }
  if (node.otherwise != nullptr) {
    text += " ELSE " + node.otherwise->toString();
  }
  return text + " END)";
}

std::string mapText(const MapNode& node) {
  std::string text;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    text += fmt::format("{}{} := {}", i == 0 ? "" : ", ", node.keys[i]->toString(),
                        node.values[i]->toString());
  }
  return "MAP(" + text + ")";
}

std::string structText(const StructNode& node, const SqlType& type) {
  std::string text;
  for (size_t i = 0; i < node.fields.size(); ++i) {
    text += fmt::format("{}{} := {}", i == 0 ? "" : ", ", type.fields()[i].name,
                        node.fields[i]->toString());
  }
  return "STRUCT(" + text + ")";
}

struct Printer {
  const SqlType& type;

  std::string operator()(const ColumnNode& node) const { return node.name; }
  std::string operator()(const LiteralNode& node) const {
    if (node.value.isNull()) {
      return "null";
    }
    const std::string text = textOf(type, node.value);
    const bool quoted = type.is(TypeKind::String) || type.is(TypeKind::Bytes) ||
                        type.is(TypeKind::Date) || type.is(TypeKind::Time) ||
                        type.is(TypeKind::Timestamp);
    return quoted ? quote(text) : text;
  }
  std::string operator()(const TimeUnitNode& node) const { return node.unit; }
  std::string operator()(const ArithmeticNode& node) const {
    return fmt::format("({} {} {})", node.left->toString(), symbolOf(node.operation),
                       node.right->toString());
  }
  std::string operator()(const NegateNode& node) const { return "-" + node.operand->toString(); }
  std::string operator()(const ComparisonNode& node) const {
    return fmt::format("({} {} {})", node.left->toString(), symbolOf(node.operation),
                       node.right->toString());
  }
  std::string operator()(const LogicalNode& node) const {
    return fmt::format("({} {} {})", node.left->toString(),
                       node.operation == LogicalOperator::And ? "AND" : "OR",
                       node.right->toString());
  }
  std::string operator()(const NotNode& node) const {
    return "(NOT " + node.operand->toString() + ")";
  }
  std::string operator()(const InNode& node) const {
    return fmt::format("({} IN ({}))", node.value->toString(), listText(node.candidates));
  }
  std::string operator()(const LikeNode& node) const {
    const std::string escape =
        node.escape.has_value() ? fmt::format(" ESCAPE {}", quote(*node.escape)) : "";
    return fmt::format("({} LIKE {}{})", node.value->toString(), node.pattern->toString(), escape);
  }
  std::string operator()(const IsNullNode& node) const {
    return fmt::format("({} IS {}NULL)", node.operand->toString(), node.negated ? "NOT " : "");
  }
  std::string operator()(const CastNode& node) const {
    return node.implicit ? node.operand->toString()
                         : fmt::format("CAST({} AS {})", node.operand->toString(), type.toString());
  }
  std::string operator()(const CaseNode& node) const { return caseText(node); }
  std::string operator()(const ArrayNode& node) const {
    return "ARRAY[" + listText(node.elements) + "]";
  }
  std::string operator()(const MapNode& node) const { return mapText(node); }
  std::string operator()(const StructNode& node) const { return structText(node, type); }
  std::string operator()(const SubscriptNode& node) const {
    return fmt::format("{}[{}]", node.base->toString(), node.index->toString());
  }
  std::string operator()(const DereferenceNode& node) const {
    return fmt::format("{}->{}", node.base->toString(),
                       node.base->type().fields()[node.fieldIndex].name);
  }
  std::string operator()(const CallNode& node) const {
    return fmt::format("{}({})", asciiUpper(node.function->name), listText(node.arguments));
  }
  std::string operator()(const LambdaParameterNode& node) const { return node.name; }
  std::string operator()(const LambdaNode& node) const {
    return node.parameters.size() == 1
               ? fmt::format("{} => {}", node.parameters[0]->toString(), node.body->toString())
               : fmt::format("({}) => {}", listText(node.parameters), node.body->toString());
  }
};

}  // namespace

std::string BoundExpression::toString() const {
  return std::visit(Printer{type_}, node_);
}

const char* symbolOf(ArithmeticOperator operation) {
  static constexpr const char* kSymbols[] = {"+", "-", "*", "/", "%"};
  return kSymbols[static_cast<size_t>(operation)];
}

const char* symbolOf(ComparisonOperator operation) {
  static constexpr const char* kSymbols[] = {
      "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"};
  return kSymbols[static_cast<size_t>(operation)];
}

const char* nameOf(ComparisonOperator operation) {
  static constexpr const char* kNames[] = {"EQUAL",
                                           "NOT_EQUAL",
                                           "LESS_THAN",
                                           "LESS_THAN_OR_EQUAL",
                                           "GREATER_THAN",
                                           "GREATER_THAN_OR_EQUAL",
                                           "IS_DISTINCT_FROM",
                                           "IS_NOT_DISTINCT_FROM"};
  return kNames[static_cast<size_t>(operation)];
}

}  // namespace auspex::operators
