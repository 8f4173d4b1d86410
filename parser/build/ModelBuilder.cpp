// SPDX-License-Identifier: Apache-2.0
// Builds the statements about models from the parse tree.
#include <cassert>
#include <utility>

#include "parser/SyntaxError.h"
#include "parser/ast/Printer.h"
#include "parser/build/ClauseBuilder.h"
#include "parser/build/ExpressionBuilder.h"
#include "parser/build/SelectBuilder.h"
#include "parser/build/StatementBuilder.h"

namespace auspex::parser {
namespace {

std::string textOf(const NodeReader& parent) {
  return parent.get(NodeKind::Text).firstToken().text;
}

ModelInput buildInput(const NodeReader& node) {
  ModelInput input;
  input.name = nameOf(node);
  input.type = buildType(node.get(NodeKind::Type));
  input.span = node.span();
  if (const auto categories = node.find(NodeKind::Categories)) {
    input.categories.emplace();
    for (const NodeReader& text : categories->children(NodeKind::Text)) {
      input.categories->push_back(text.firstToken().text);
    }
  }
  if (const auto value = node.find(NodeKind::Default)) {
    input.defaultValue = expressionOf(*value);
  }
  return input;
}

CreateModel buildCreateModel(const NodeReader& node) {
  CreateModel create;
  create.orReplace = node.has(NodeKind::OrReplace);
  create.ifNotExists = node.has(NodeKind::IfNotExists);
  create.name = nameOf(node);
  if (const auto inputs = node.find(NodeKind::ModelInputs)) {
    for (const NodeReader& input : inputs->children(NodeKind::ModelInput)) {
      create.inputs.push_back(buildInput(input));
    }
  }
  if (const auto returns = node.find(NodeKind::Returns)) {
    create.returns = buildType(returns->get(NodeKind::Type));
  }
  for (const NodeReader& item : node.children(NodeKind::TransformItem)) {
    create.transforms.push_back({expressionOf(item), nameOf(item), item.span()});
  }
  create.properties = propertiesOf(node);
  if (node.has(NodeKind::Select)) {
    create.query = selectOf(node);
  }
  return create;
}

ModelTarget buildTarget(const NodeReader& node) {
  ModelTarget target;
  target.span = node.span();
  if (node.firstToken().kind == TokenKind::IntegerNumber) {
    target.version = buildWholeNumber(node.firstToken());
  } else {
    target.alias = nameOf(node);
  }
  return target;
}

ModelTarget targetOf(const NodeReader& parent) {
  return buildTarget(parent.get(NodeKind::ModelTarget));
}

double numberOf(const NodeReader& parent) {
  return buildNumber(parent.get(NodeKind::Number).firstToken());
}

SplitModel buildSplit(const NodeReader& node) {
  SplitModel split;
  for (const NodeReader& share : node.children(NodeKind::SplitShare)) {
    split.shares.push_back({targetOf(share), numberOf(share)});
  }
  split.key = expressionOf(node);
  if (const auto salt = node.find(NodeKind::Salt)) {
    split.salt = textOf(*salt);
  }
  return split;
}

ShadowModel buildShadow(const NodeReader& node) {
  ShadowModel shadow{targetOf(node), std::nullopt};
  if (const auto sample = node.find(NodeKind::Sample)) {
    shadow.sample = numberOf(*sample);
  }
  return shadow;
}

CanaryModel buildCanary(const NodeReader& node) {
  CanaryModel canary;
  canary.target = targetOf(node);
  if (const auto steps = node.find(NodeKind::Steps)) {
    for (const NodeReader& step : steps->children(NodeKind::Number)) {
      canary.steps.push_back(buildNumber(step.firstToken()));
    }
  }
  if (const auto every = node.find(NodeKind::Every)) {
    if (const auto written = every->find(NodeKind::Interval)) {
      const Interval interval = buildInterval(*written);
      canary.every = print(interval);
    } else {
      canary.every = textOf(*every);
    }
  }
  if (const auto key = node.find(NodeKind::BasedOn)) {
    canary.key = expressionOf(*key);
  }
  if (const auto promote = node.find(NodeKind::PromoteWhen)) {
    canary.promoteWhen = textOf(*promote);
  }
  canary.elseRollback = node.has(NodeKind::ElseRollback);
  return canary;
}

AlterModel::Action buildAction(const NodeReader& node) {
  switch (node.kind()) {
    case NodeKind::AddVersion: {
      AddModelVersion add{std::nullopt, propertiesOf(node)};
      if (const auto version = node.find(NodeKind::Number)) {
        add.version = buildWholeNumber(version->firstToken());
      }
      return add;
    }
    case NodeKind::DropVersion:
      return DropModelVersion{buildWholeNumber(node.get(NodeKind::Number).firstToken())};
    case NodeKind::DropAlias:
      return DropModelAlias{nameOf(node)};
    case NodeKind::DropSplit:
      return DropModelSplit{};
    case NodeKind::DropShadow:
      return DropModelShadow{};
    case NodeKind::SetAlias:
      return SetModelAlias{nameOf(node), targetOf(node)};
    case NodeKind::SetOptions:
      return SetModelOptions{propertiesOf(node)};
    case NodeKind::Split:
      return buildSplit(node);
    case NodeKind::Shadow:
      return buildShadow(node);
    case NodeKind::Canary:
      return buildCanary(node);
    case NodeKind::PauseCanary:
      return PauseModelCanary{};
    case NodeKind::ResumeCanary:
      return ResumeModelCanary{};
    default:
      assert(node.kind() == NodeKind::Rollback);
      return RollbackModel{};
  }
}

}  // namespace

std::optional<Statement::Node> buildModelStatement(const NodeReader& node) {
  switch (node.kind()) {
    case NodeKind::CreateModel:
      return buildCreateModel(node);
    case NodeKind::DropModel:
      return DropModel{node.has(NodeKind::IfExists), nameOf(node)};
    case NodeKind::AlterModel:
      return AlterModel{nameOf(node), buildAction(node.children().back())};
    case NodeKind::ServeModel:
      return ServeModel{nameOf(node), propertiesOf(node)};
    case NodeKind::StopServing:
      return StopServing{nameOf(node)};
    case NodeKind::EvaluateModel:
      return EvaluateModel{nameOf(node), selectOf(node), node.has(NodeKind::VersionsAll)};
    default:
      return std::nullopt;
  }
}

}  // namespace auspex::parser
