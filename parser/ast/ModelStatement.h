// SPDX-License-Identifier: Apache-2.0
// Statements about models as written. What they mean is decided when they are bound.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parser/ast/Expression.h"
#include "parser/ast/Identifier.h"
#include "parser/ast/Property.h"
#include "parser/ast/Select.h"
#include "parser/ast/Span.h"
#include "parser/ast/TypeName.h"

namespace auspex::parser {

/// One feature of a model's input contract.
struct ModelInput {
  Identifier name;
  TypeName type;
  /// CATEGORIES('a', 'b'): the strings in the order of their codes.
  std::optional<std::vector<std::string>> categories;
  /// Null without DEFAULT.
  ExpressionPtr defaultValue;
  Span span;
};

/// `expr AS feature` inside TRANSFORM (...).
struct ModelTransform {
  ExpressionPtr value;
  Identifier name;
  Span span;
};

/// `CREATE [OR REPLACE] MODEL [IF NOT EXISTS] m [(inputs)] [RETURNS type] [TRANSFORM (...)]
/// [WITH (...)] [AS SELECT ...]`.
struct CreateModel {
  bool orReplace = false;
  bool ifNotExists = false;
  Identifier name;
  /// Empty when the model's file is the contract.
  std::vector<ModelInput> inputs;
  std::optional<TypeName> returns;
  std::vector<ModelTransform> transforms;
  std::vector<Property> properties;
  /// What to train from.
  std::optional<Select> query;
};

/// `DROP MODEL [IF EXISTS] m`.
struct DropModel {
  bool ifExists = false;
  Identifier name;
};

/// `SHOW MODEL VERSIONS m`.
struct ShowModelVersions {
  Identifier name;
};

/// `SHOW CREATE MODEL m`.
struct ShowCreateModel {
  Identifier name;
};

/// `SERVE MODEL m WITH (...)`.
struct ServeModel {
  Identifier name;
  std::vector<Property> properties;
};

/// `STOP SERVING m`, or the id of the query that serves it.
struct StopServing {
  Identifier name;
};

/// `EVALUATE MODEL m ON (SELECT ...) [VERSIONS ALL]`.
struct EvaluateModel {
  Identifier name;
  Select query;
  bool allVersions = false;
};

/// A version by number, or an alias by name.
struct ModelTarget {
  std::optional<std::int64_t> version;
  /// Empty when `version` is set.
  Identifier alias;
  Span span;
};

/// `ADD VERSION [n] WITH (...)`.
struct AddModelVersion {
  std::optional<std::int64_t> version;
  std::vector<Property> properties;
};

/// `DROP VERSION n`.
struct DropModelVersion {
  std::int64_t version = 0;
};

/// `SET ALIAS champion = 3`.
struct SetModelAlias {
  Identifier alias;
  ModelTarget target;
};

/// `DROP ALIAS champion`.
struct DropModelAlias {
  Identifier alias;
};

struct SplitShare {
  ModelTarget target;
  /// In percent.
  double percent = 0;
};

/// `SPLIT champion 90, challenger 10 BY card_id [SALT 'text']`.
struct SplitModel {
  std::vector<SplitShare> shares;
  ExpressionPtr key;
  std::optional<std::string> salt;
};

/// `DROP SPLIT`.
struct DropModelSplit {};

/// `SHADOW challenger [SAMPLE 0.1]`.
struct ShadowModel {
  ModelTarget target;
  /// The share of rows to score, from 0 to 1.
  std::optional<double> sample;
};

/// `DROP SHADOW`.
struct DropModelShadow {};

/// `CANARY 3 [STEPS (1, 10, 50)] [EVERY '10 MINUTES'] [BASED ON card_id] [PROMOTE WHEN 'condition']
/// [ELSE ROLLBACK]`.
struct CanaryModel {
  ModelTarget target;
  /// In percent.
  std::vector<double> steps;
  /// As written: '10 MINUTES'.
  std::optional<std::string> every;
  /// Null without BASED ON.
  ExpressionPtr key;
  std::optional<std::string> promoteWhen;
  bool elseRollback = false;
};

/// `PAUSE CANARY`.
struct PauseModelCanary {};

/// `RESUME CANARY`.
struct ResumeModelCanary {};

/// `ROLLBACK`.
struct RollbackModel {};

/// `SET (NAME='value', ...)`.
struct SetModelOptions {
  std::vector<Property> properties;
};

/// `ALTER MODEL m action`.
struct AlterModel {
  using Action = std::variant<AddModelVersion, DropModelVersion, SetModelAlias, DropModelAlias,
                              SplitModel, DropModelSplit, ShadowModel, DropModelShadow, CanaryModel,
                              PauseModelCanary, ResumeModelCanary, RollbackModel, SetModelOptions>;
  Identifier name;
  Action action;
};

}  // namespace auspex::parser
