// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/BoundExpression.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "operators/data/Assert.h"
#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

/// Calls `apply` on every child pointer of `node` that is not null, in written order.
template <typename Node, typename Apply>
void forEachChild(Node& node, Apply&& apply) {
  const auto one = [&](auto& child) {
    if (child != nullptr) {
      apply(child);
    }
  };
  const auto all = [&](auto& children) {
    for (auto& child : children) {
      one(child);
    }
  };
  std::visit(Overloaded{[](auto& leaf) {
    using Leaf = std::remove_cvref_t<decltype(leaf)>;
    static_assert(std::is_same_v<Leaf, ColumnNode> || std::is_same_v<Leaf, LiteralNode> ||
                  std::is_same_v<Leaf, TimeUnitNode> || std::is_same_v<Leaf, LambdaParameterNode>);
                        },
                        [&](auto& binary)
                          requires requires { binary.left;
}
{ one(binary.left), one(binary.right); }
, [&](auto& unary) requires requires {
  unary.operand;
}
{ one(unary.operand); }
, [&](auto& in) requires requires {
  in.candidates;
}
{ one(in.value), all(in.candidates); }
, [&](auto& like) requires requires {
  like.pattern;
}
{ one(like.value), one(like.pattern); }
, [&](auto& cases) requires requires {
  cases.conditions;
}
{
  for (size_t i = 0; i < cases.conditions.size(); ++i) {
    one(cases.conditions[i]);
    one(cases.results[i]);
  }
  one(cases.otherwise);
}
, [&](auto& array) requires requires {
  array.elements;
}
{ all(array.elements); }
, [&](auto& map) requires requires {
  map.keys;
}
{
  for (size_t i = 0; i < map.keys.size(); ++i) {
    one(map.keys[i]);
    one(map.values[i]);
  }
}
, [&](auto& record) requires requires {
  record.fields;
}
{ all(record.fields); }
, [&](auto& subscript) requires requires {
  subscript.index;
  subscript.base;
}
{ one(subscript.base), one(subscript.index); }
, [&](auto& dereference) requires requires {
  dereference.fieldIndex;
}
{ one(dereference.base); }
, [&](auto& call) requires requires {
  call.arguments;
}
{ all(call.arguments); }
, [&](auto& lambda) requires requires {
  lambda.body;
}
{ all(lambda.parameters), one(lambda.body); }
}  // namespace
,
             node);
}  // namespace auspex::operators

/// What a node is besides its children, compared.
bool isSameNode(const BoundExpression::Node& left, const BoundExpression::Node& right) {
  if (left.index() != right.index()) {
    return false;
  }
  return std::visit(
      [&](const auto& node) {
        using Node = std::remove_cvref_t<decltype(node)>;
        const Node& other = std::get<Node>(right);
        if constexpr (std::is_same_v<Node, ColumnNode>) {
          return node.index == other.index;
        } else if constexpr (std::is_same_v<Node, LiteralNode>) {
          return node.value == other.value && node.untypedNull == other.untypedNull;
        } else if constexpr (std::is_same_v<Node, TimeUnitNode>) {
          return node.unit == other.unit;
        } else if constexpr (requires { node.operation; }) {
          return node.operation == other.operation;
        } else if constexpr (std::is_same_v<Node, LikeNode>) {
          return node.escape == other.escape;
        } else if constexpr (std::is_same_v<Node, IsNullNode>) {
          return node.negated == other.negated;
        } else if constexpr (std::is_same_v<Node, CaseNode>) {
          return (node.otherwise == nullptr) == (other.otherwise == nullptr);
        } else if constexpr (std::is_same_v<Node, DereferenceNode>) {
          return node.fieldIndex == other.fieldIndex;
        } else if constexpr (std::is_same_v<Node, CallNode>) {
          return node.function == other.function && node.signatureIndex == other.signatureIndex &&
                 node.function->deterministic;
        } else if constexpr (std::is_same_v<Node, LambdaParameterNode>) {
          return node.id == other.id;
        } else {
          return true;
        }
      },
      left);
}

}  // namespace

BoundExpression::BoundExpression(SqlType type, Node&& node)
    : type_(std::move(type)), node_(std::move(node)) {
}

BoundExpression::~BoundExpression() = default;

ExpressionPtr makeExpression(SqlType type, BoundExpression::Node&& node) {
  return std::make_shared<const BoundExpression>(std::move(type), std::move(node));
}

bool BoundExpression::isNullLiteral() const {
  const auto* const node = as<LiteralNode>();
  return node != nullptr && node->value.isNull();
}

bool BoundExpression::isUntypedNull() const {
  const auto* const node = as<LiteralNode>();
  return node != nullptr && node->untypedNull;
}

std::vector<ExpressionPtr> childrenOf(const BoundExpression& expression) {
  std::vector<ExpressionPtr> children;
  forEachChild(expression.node(), [&](const ExpressionPtr& child) { children.push_back(child); });
  return children;
}

void collectColumns(const BoundExpression& expression, std::vector<size_t>& columns) {
  if (const auto* const node = expression.as<ColumnNode>()) {
    const auto place = std::lower_bound(columns.begin(), columns.end(), node->index);
    if (place == columns.end() || *place != node->index) {
      columns.insert(place, node->index);
    }
    return;
  }
  forEachChild(expression.node(),
               [&](const ExpressionPtr& child) { collectColumns(*child, columns); });
}

ExpressionPtr remapColumns(const ExpressionPtr& expression, const std::vector<size_t>& newIndex) {
  BoundExpression::Node node = expression->node();
  if (auto* const columnNode = std::get_if<ColumnNode>(&node)) {
    AUSPEX_ASSERT(columnNode->index < newIndex.size());
    columnNode->index = newIndex[columnNode->index];
  } else {
    forEachChild(node, [&](ExpressionPtr& child) { child = remapColumns(child, newIndex); });
  }
  return makeExpression(expression->type(), std::move(node));
}

bool isSame(const BoundExpression& left, const BoundExpression& right) {
  if (!(left.type() == right.type()) || !isSameNode(left.node(), right.node())) {
    return false;
  }
  const std::vector<ExpressionPtr> leftChildren = childrenOf(left);
  const std::vector<ExpressionPtr> rightChildren = childrenOf(right);
  return std::equal(leftChildren.begin(), leftChildren.end(), rightChildren.begin(),
                    rightChildren.end(), [](const ExpressionPtr& one, const ExpressionPtr& other) {
                      return one == other || isSame(*one, *other);
                    });
}

}  // namespace auspex::operators
