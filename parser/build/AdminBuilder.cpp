// SPDX-License-Identifier: Apache-2.0
// Builds the statements that look at, steer, drop, alter and check what is there.
#include <cassert>
#include <memory>
#include <utility>

#include "parser/build/ClauseBuilder.h"
#include "parser/build/ExpressionBuilder.h"
#include "parser/build/StatementBuilder.h"

namespace auspex::parser {
namespace {

ShowKind showKind(const NodeReader& what) {
  if (what.hasToken(TokenKind::Plugins)) {
    return ShowKind::ConnectorPlugins;
  }
  if (what.hasToken(TokenKind::Connectors)) {
    switch (what.firstToken().kind) {
      case TokenKind::Source:
        return ShowKind::SourceConnectors;
      case TokenKind::Sink:
        return ShowKind::SinkConnectors;
      default:
        return ShowKind::Connectors;
    }
  }
  switch (what.firstToken().kind) {
    case TokenKind::Streams:
      return ShowKind::Streams;
    case TokenKind::Tables:
      return ShowKind::Tables;
    case TokenKind::Queries:
      return ShowKind::Queries;
    case TokenKind::Served:
      return ShowKind::ServedModels;
    case TokenKind::Models:
      return ShowKind::Models;
    case TokenKind::Properties:
      return ShowKind::Properties;
    case TokenKind::Functions:
      return ShowKind::Functions;
    case TokenKind::Types:
      return ShowKind::Types;
    case TokenKind::VariablesWord:
      return ShowKind::Variables;
    default:
      return ShowKind::Topics;
  }
}

Statement::Node buildShow(const NodeReader& node) {
  const NodeReader target = node.first();
  if (target.kind() == NodeKind::ModelVersions) {
    return ShowModelVersions{nameOf(target)};
  }
  if (target.kind() == NodeKind::CreateModelText) {
    return ShowCreateModel{nameOf(target)};
  }
  return Show{showKind(target), target.has(NodeKind::All), target.has(NodeKind::Extended)};
}

DescribeKind describeKind(NodeKind kind) {
  switch (kind) {
    case NodeKind::DescribeStreams:
      return DescribeKind::Streams;
    case NodeKind::DescribeTables:
      return DescribeKind::Tables;
    case NodeKind::DescribeFunction:
      return DescribeKind::Function;
    case NodeKind::DescribeConnector:
      return DescribeKind::Connector;
    case NodeKind::DescribeModel:
      return DescribeKind::Model;
    default:
      return DescribeKind::Source;
  }
}

Describe buildDescribe(const NodeReader& node) {
  const NodeReader target = node.first();
  Describe describe;
  describe.kind = describeKind(target.kind());
  describe.extended = node.has(NodeKind::Extended);
  if (describe.kind == DescribeKind::Source) {
    describe.name = buildIdentifier(target.firstToken());
  } else if (describe.kind != DescribeKind::Streams && describe.kind != DescribeKind::Tables) {
    describe.name = buildIdentifier(target.first().firstToken());
  }
  return describe;
}

Explain buildExplain(const NodeReader& node) {
  const NodeReader target = node.first();
  if (target.kind() == NodeKind::Name) {
    return {nullptr, buildIdentifier(target.firstToken())};
  }
  return {std::make_shared<const Statement>(buildStatement(target)), std::nullopt};
}

std::optional<std::int64_t> numberOf(const NodeReader& parent, NodeKind clause) {
  const auto node = parent.find(clause);
  return node ? std::optional<std::int64_t>(
                    buildWholeNumber(node->get(NodeKind::Number).firstToken()))
              : std::nullopt;
}

PrintTopic buildPrint(const NodeReader& node) {
  return {writtenText(node.first().firstToken()), node.has(NodeKind::FromBeginning),
          numberOf(node, NodeKind::PrintInterval), numberOf(node, NodeKind::Limit)};
}

ControlQuery buildControl(const NodeReader& node) {
  ControlQuery control;
  if (node.firstToken().kind != TokenKind::Terminate) {
    control.action =
        node.firstToken().kind == TokenKind::Pause ? QueryAction::Pause : QueryAction::Resume;
  }
  if (node.has(NodeKind::Name)) {
    control.queryId = nameOf(node);
  }
  return control;
}

std::optional<Interval> timeoutOf(const NodeReader& node) {
  const auto timeout = node.find(NodeKind::Timeout);
  return timeout ? std::optional<Interval>(buildInterval(timeout->get(NodeKind::Interval)))
                 : std::nullopt;
}

AssertTopic buildAssertTopic(const NodeReader& node) {
  AssertTopic result;
  result.exists = !node.has(NodeKind::NotExists);
  for (const NodeReader& child : node.children()) {
    if (child.kind() == NodeKind::Name || child.kind() == NodeKind::Text) {
      result.topic = writtenText(child.firstToken());
    }
  }
  result.properties = propertiesOf(node);
  result.timeout = timeoutOf(node);
  return result;
}

AssertSchema buildAssertSchema(const NodeReader& node) {
  AssertSchema result;
  result.exists = !node.has(NodeKind::NotExists);
  if (const auto subject = node.find(NodeKind::Subject)) {
    result.subject = writtenText(subject->first().firstToken());
  }
  result.id = numberOf(node, NodeKind::SchemaId);
  result.timeout = timeoutOf(node);
  return result;
}

std::vector<Identifier> columnsOf(const NodeReader& node) {
  const auto columns = node.find(NodeKind::NameList);
  return columns ? namesOf(*columns) : std::vector<Identifier>{};
}

AssertSource buildAssertSource(const NodeReader& node) {
  AssertSource result;
  result.kind = buildSourceKind(node);
  result.name = nameOf(node);
  if (const auto elements = node.find(NodeKind::Elements)) {
    result.elements = buildElements(*elements);
  }
  result.properties = propertiesOf(node);
  return result;
}

AlterSource buildAlterSource(const NodeReader& node) {
  AlterSource alter{buildSourceKind(node), nameOf(node), {}};
  for (const NodeReader& column : node.children(NodeKind::AddedColumn)) {
    alter.columns.push_back({nameOf(column), buildType(column.get(NodeKind::Type)), column.span()});
  }
  return alter;
}

const std::string& textAt(const NodeReader& node, std::size_t index) {
  return node.children(NodeKind::Text)[index].firstToken().text;
}

std::optional<Statement::Node> buildAssertion(const NodeReader& node) {
  switch (node.kind()) {
    case NodeKind::AssertTopic:
      return buildAssertTopic(node);
    case NodeKind::AssertSchema:
      return buildAssertSchema(node);
    case NodeKind::AssertValues:
      return AssertValues{nameOf(node), columnsOf(node),
                          expressionsOf(node.get(NodeKind::ValueRow))};
    case NodeKind::AssertNull:
      return AssertTombstone{nameOf(node), columnsOf(node),
                             expressionsOf(node.get(NodeKind::ValueRow))};
    case NodeKind::AssertSource:
      return buildAssertSource(node);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Statement::Node> buildAdminStatement(const NodeReader& node) {
  switch (node.kind()) {
    case NodeKind::Show:
      return buildShow(node);
    case NodeKind::Describe:
      return buildDescribe(node);
    case NodeKind::Explain:
      return buildExplain(node);
    case NodeKind::Print:
      return buildPrint(node);
    case NodeKind::Control:
      return buildControl(node);
    case NodeKind::SetProperty:
      return SetProperty{textAt(node, 0), textAt(node, 1)};
    case NodeKind::UnsetProperty:
      return UnsetProperty{textAt(node, 0)};
    case NodeKind::DefineVariable:
      return DefineVariable{nameOf(node).name, textAt(node, 0)};
    case NodeKind::UndefineVariable:
      return UndefineVariable{nameOf(node).name};
    case NodeKind::AlterSystem:
      return AlterSystem{textAt(node, 0), textAt(node, 1)};
    case NodeKind::DropSource:
      return DropSource{buildSourceKind(node), node.has(NodeKind::IfExists), nameOf(node),
                        node.has(NodeKind::DeleteTopic)};
    case NodeKind::DropType:
      return DropType{node.has(NodeKind::IfExists), nameOf(node)};
    case NodeKind::DropConnector:
      return DropConnector{node.has(NodeKind::IfExists), nameOf(node)};
    case NodeKind::AlterSource:
      return buildAlterSource(node);
    default:
      return buildAssertion(node);
  }
}

}  // namespace auspex::parser
