// SPDX-License-Identifier: Apache-2.0
#include "parser/build/StatementBuilder.h"

#include <cassert>
#include <utility>

#include "parser/SyntaxError.h"
#include "parser/build/ClauseBuilder.h"
#include "parser/build/ExpressionBuilder.h"
#include "parser/build/SelectBuilder.h"

namespace auspex::parser {
namespace {

CreateAsSelect buildCreateAsSelect(const NodeReader& node) {
  if (const auto elements = node.find(NodeKind::Elements)) {
    throw SyntaxError(
        "CREATE ... AS SELECT takes no column list: the columns are those of the query.",
        elements->span(), node.tree().statementText());
  }
  if (const auto readOnly = node.find(NodeKind::ReadOnly)) {
    throw SyntaxError("CREATE ... AS SELECT writes to its result, so it cannot be a SOURCE.",
                      readOnly->span(), node.tree().statementText());
  }
  CreateAsSelect create;
  create.kind = buildSourceKind(node);
  create.orReplace = node.has(NodeKind::OrReplace);
  create.ifNotExists = node.has(NodeKind::IfNotExists);
  create.name = nameOf(node);
  create.properties = propertiesOf(node);
  create.query = selectOf(node);
  return create;
}

CreateSource buildCreateSource(const NodeReader& node) {
  CreateSource create;
  create.kind = buildSourceKind(node);
  create.orReplace = node.has(NodeKind::OrReplace);
  create.readOnly = node.has(NodeKind::ReadOnly);
  create.ifNotExists = node.has(NodeKind::IfNotExists);
  create.name = nameOf(node);
  if (const auto elements = node.find(NodeKind::Elements)) {
    create.elements = buildElements(*elements);
  }
  create.properties = propertiesOf(node);
  return create;
}

CreateType buildCreateType(const NodeReader& node) {
  return {node.has(NodeKind::IfNotExists), nameOf(node), buildType(node.get(NodeKind::Type))};
}

CreateConnector buildCreateConnector(const NodeReader& node) {
  CreateConnector create;
  create.kind = node.hasToken(TokenKind::Source) ? ConnectorKind::Source : ConnectorKind::Sink;
  create.ifNotExists = node.has(NodeKind::IfNotExists);
  create.name = nameOf(node);
  create.properties = propertiesOf(node);
  return create;
}

InsertValues buildInsertValues(const NodeReader& node) {
  InsertValues insert;
  insert.target = nameOf(node);
  if (const auto columns = node.find(NodeKind::NameList)) {
    insert.columns = namesOf(*columns);
  }
  for (const NodeReader& row : node.children(NodeKind::ValueRow)) {
    insert.rows.push_back(expressionsOf(row));
  }
  return insert;
}

}  // namespace

std::optional<Statement::Node> buildCreateOrInsert(const NodeReader& node) {
  switch (node.kind()) {
    case NodeKind::CreateSource:
      if (node.has(NodeKind::Select)) {
        return buildCreateAsSelect(node);
      }
      return buildCreateSource(node);
    case NodeKind::CreateType:
      return buildCreateType(node);
    case NodeKind::CreateConnector:
      return buildCreateConnector(node);
    case NodeKind::Insert:
      if (node.has(NodeKind::Select)) {
        return InsertSelect{nameOf(node), propertiesOf(node), selectOf(node)};
      }
      return buildInsertValues(node);
    default:
      return std::nullopt;
  }
}

Statement buildStatement(const NodeReader& node) {
  if (node.kind() == NodeKind::Select) {
    return {Query{buildSelect(node)}, node.span()};
  }
  for (const auto build : {buildCreateOrInsert, buildModelStatement, buildAdminStatement}) {
    if (auto statement = build(node)) {
      return {std::move(*statement), node.span()};
    }
  }
  assert(false && "a statement of the grammar has no builder");
  return {};
}

}  // namespace auspex::parser
