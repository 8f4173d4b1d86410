// SPDX-License-Identifier: Apache-2.0
// Statements as written: a variant of plain structs, one for each kind of statement. Statements
// about models stand in ModelStatement.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parser/ast/Comment.h"
#include "parser/ast/Expression.h"
#include "parser/ast/Identifier.h"
#include "parser/ast/ModelStatement.h"
#include "parser/ast/Property.h"
#include "parser/ast/Select.h"
#include "parser/ast/Span.h"
#include "parser/ast/TypeName.h"

namespace auspex::parser {

enum class SourceKind { Stream, Table };

enum class ColumnRole { Value, Key, PrimaryKey, Headers, Header };

/// A column of CREATE STREAM or CREATE TABLE.
struct TableElement {
  Identifier name;
  TypeName type;
  ColumnRole role = ColumnRole::Value;
  /// Header only: the key of the header.
  std::string headerKey;
  Span span;
};

/// `SELECT ...` by itself: a push query when it has EMIT, else a pull query.
struct Query {
  Select select;
};

/// `CREATE [OR REPLACE] [SOURCE] STREAM|TABLE [IF NOT EXISTS] name [(elements)] [WITH (...)]`.
struct CreateSource {
  SourceKind kind = SourceKind::Stream;
  bool orReplace = false;
  /// SOURCE: nothing may be written to it.
  bool readOnly = false;
  bool ifNotExists = false;
  Identifier name;
  /// Empty means that the schema is to be inferred.
  std::vector<TableElement> elements;
  std::vector<Property> properties;
};

/// `CREATE [OR REPLACE] STREAM|TABLE [IF NOT EXISTS] name [WITH (...)] AS SELECT ...`.
struct CreateAsSelect {
  SourceKind kind = SourceKind::Stream;
  bool orReplace = false;
  bool ifNotExists = false;
  Identifier name;
  std::vector<Property> properties;
  Select query;
};

/// `INSERT INTO name [WITH (...)] SELECT ...`.
struct InsertSelect {
  Identifier target;
  std::vector<Property> properties;
  Select query;
};

/// `INSERT INTO name [(columns)] VALUES (...), ...`.
struct InsertValues {
  Identifier target;
  /// Empty when the statement names none.
  std::vector<Identifier> columns;
  /// At least one row; lengths are as written.
  std::vector<std::vector<ExpressionPtr>> rows;
};

/// `DROP STREAM|TABLE [IF EXISTS] name [DELETE TOPIC]`.
struct DropSource {
  SourceKind kind = SourceKind::Stream;
  bool ifExists = false;
  Identifier name;
  bool deleteTopic = false;
};

struct AddedColumn {
  Identifier name;
  TypeName type;
  Span span;
};

/// `ALTER STREAM|TABLE name ADD [COLUMN] col type, ...`.
struct AlterSource {
  SourceKind kind = SourceKind::Stream;
  Identifier name;
  std::vector<AddedColumn> columns;
};

/// `CREATE TYPE [IF NOT EXISTS] name AS type`.
struct CreateType {
  bool ifNotExists = false;
  Identifier name;
  TypeName type;
};

/// `DROP TYPE [IF EXISTS] name`.
struct DropType {
  bool ifExists = false;
  Identifier name;
};

enum class ConnectorKind { Source, Sink };

/// `CREATE SOURCE|SINK CONNECTOR [IF NOT EXISTS] name WITH (...)`.
struct CreateConnector {
  ConnectorKind kind = ConnectorKind::Source;
  bool ifNotExists = false;
  Identifier name;
  std::vector<Property> properties;
};

/// `DROP CONNECTOR [IF EXISTS] name`.
struct DropConnector {
  bool ifExists = false;
  Identifier name;
};

enum class ShowKind {
  Properties,
  Topics,
  Streams,
  Tables,
  Functions,
  Queries,
  Types,
  Variables,
  Connectors,
  SourceConnectors,
  SinkConnectors,
  ConnectorPlugins,
  Models,
  ServedModels
};

/// `SHOW|LIST ...`.
struct Show {
  ShowKind kind = ShowKind::Streams;
  /// SHOW ALL TOPICS.
  bool all = false;
  bool extended = false;
};

enum class DescribeKind { Source, Streams, Tables, Function, Connector, Model };

/// `DESCRIBE name [EXTENDED]`, `DESCRIBE STREAMS|TABLES [EXTENDED]`, `DESCRIBE FUNCTION|CONNECTOR
/// name`, `DESCRIBE MODEL name [EXTENDED]`.
struct Describe {
  DescribeKind kind = DescribeKind::Source;
  /// Empty for Streams and Tables.
  Identifier name;
  bool extended = false;
};

struct Statement;

/// `EXPLAIN queryId` or `EXPLAIN statement`.
struct Explain {
  /// Null when a query id is given.
  std::shared_ptr<const Statement> statement;
  std::optional<Identifier> queryId;
};

/// `PRINT topic [FROM BEGINNING] [INTERVAL|SAMPLE n] [LIMIT n]`.
struct PrintTopic {
  /// The case is kept: topics are case-sensitive.
  std::string topic;
  bool fromBeginning = false;
  std::optional<std::int64_t> interval;
  std::optional<std::int64_t> limit;
};

enum class QueryAction { Terminate, Pause, Resume };

/// `TERMINATE|PAUSE|RESUME id|ALL`.
struct ControlQuery {
  QueryAction action = QueryAction::Terminate;
  /// Absent for ALL.
  std::optional<Identifier> queryId;
};

/// `SET 'name'='value'`.
struct SetProperty {
  std::string name;
  std::string value;
};

/// `UNSET 'name'`.
struct UnsetProperty {
  std::string name;
};

/// `DEFINE name = 'value'`.
struct DefineVariable {
  /// Upper-cased; variables ignore case.
  std::string name;
  std::string value;
};

/// `UNDEFINE name`.
struct UndefineVariable {
  std::string name;
};

/// `ALTER SYSTEM 'name'='value'`.
struct AlterSystem {
  std::string name;
  std::string value;
};

/// `ASSERT [NOT EXISTS] TOPIC topic [WITH (...)] [TIMEOUT n unit]`.
struct AssertTopic {
  bool exists = true;
  std::string topic;
  std::vector<Property> properties;
  std::optional<Interval> timeout;
};

/// `ASSERT [NOT EXISTS] SCHEMA [SUBJECT s] [ID n] [TIMEOUT n unit]`; a subject or an id is there.
struct AssertSchema {
  bool exists = true;
  std::optional<std::string> subject;
  std::optional<std::int64_t> id;
  std::optional<Interval> timeout;
};

/// `ASSERT VALUES name [(columns)] VALUES (...)`; for tests.
struct AssertValues {
  Identifier source;
  std::vector<Identifier> columns;
  std::vector<ExpressionPtr> values;
};

/// `ASSERT NULL VALUES name [(columns)] KEY (...)`; for tests.
struct AssertTombstone {
  Identifier source;
  std::vector<Identifier> columns;
  std::vector<ExpressionPtr> keys;
};

/// `ASSERT STREAM|TABLE name [(elements)] [WITH (...)]`; for tests.
struct AssertSource {
  SourceKind kind = SourceKind::Stream;
  Identifier name;
  std::vector<TableElement> elements;
  std::vector<Property> properties;
};

/// A statement and where it was written. Comments belong to a whole statement: the one inside an
/// EXPLAIN has none of its own.
struct Statement {
  using Node =
      std::variant<Query, CreateSource, CreateAsSelect, InsertSelect, InsertValues, DropSource,
                   AlterSource, CreateType, DropType, CreateConnector, DropConnector, Show,
                   Describe, Explain, PrintTopic, ControlQuery, SetProperty, UnsetProperty,
                   DefineVariable, UndefineVariable, AlterSystem, AssertTopic, AssertSchema,
                   AssertValues, AssertTombstone, AssertSource, CreateModel, DropModel, AlterModel,
                   ShowModelVersions, ShowCreateModel, ServeModel, StopServing, EvaluateModel>;

  // Moving and destroying a variant of so many kinds takes seconds to compile, so that is done
  // once, in Statement.cpp, not wherever a statement is passed on.
  Statement();
  Statement(Node node, const Span& span);
  Statement(const Statement& other);
  Statement(Statement&& other) noexcept;
  Statement& operator=(const Statement& other);
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  Node node;
  Span span;
  /// Null without comments.
  std::shared_ptr<const Comments> comments = nullptr;
};

}  // namespace auspex::parser
