// SPDX-License-Identifier: Apache-2.0
// SELECT, CREATE ... AS SELECT, INSERT INTO ... SELECT, EXPLAIN and the control of queries.
#include <fmt/format.h>

#include "operators/TableOperators.h"
#include "operators/data/Assert.h"
#include "operators/expressions/ExpressionFactory.h"
#include "operators/expressions/TypeRules.h"
#include "operators/formats/json/JsonText.h"
#include "parser/NearestName.h"
#include "queries/StatementRun.h"
#include "queries/planning/ExpressionBinder.h"
#include "queries/planning/Projection.h"
#include "queries/planning/ServingPlanner.h"
#include "queries/planning/TimeToLive.h"

namespace auspex::queries {
namespace {

constexpr std::string_view kSinkProperties[] = {"KAFKA_TOPIC",       "PARTITIONS",
                                                "REPLICAS",          "RETENTION_MS",
                                                "CLEANUP_POLICY",    "FORMAT",
                                                "KEY_FORMAT",        "VALUE_FORMAT",
                                                "KEY_DELIMITER",     "VALUE_DELIMITER",
                                                "WRAP_SINGLE_VALUE", "TIMESTAMP",
                                                "TIMESTAMP_FORMAT",  "TTL",
                                                kKeyNullability,     kValueNullability};
constexpr std::string_view kInsertProperties[] = {"QUERY_ID"};

/// Makes the columns of the plan have the types of the sink, which are the same or wider.
void widenTo(const operators::Schema& sink, QueryPlan& plan) {
  Projection projection;
  bool changes = false;
  for (size_t i = 0; i < sink.size(); ++i) {
    const operators::SchemaColumn& column = plan.schema[i];
    operators::ExpressionPtr value = operators::column(i, column.type, column.name);
    changes = changes || !(column.type == sink[i].type);
    projection.columns.push_back({column.name, sink[i].type, column.isKey});
    projection.expressions.push_back(operators::implicitCast(value, sink[i].type));
  }
  if (changes) {
    plan.schema = operators::Schema(projection.columns);
    plan.root = addProjection(plan.root, projection);
  }
}

/// The query with what the statement's properties make of it.
QueryPlan planCreated(const parser::CreateAsSelect& create, const PlanningContext& context) {
  QueryPlan plan = planQuery(create.query, QueryPurpose::Persistent, context);
  const Properties properties(create.properties, kSinkProperties);
  addTimeToLive(timeToLiveOf(properties, plan.isTable, plan.window.has_value(), create.name.span),
                plan);
  return plan;
}

std::vector<std::string> sourceNames(const QueryPlan& plan) {
  std::vector<std::string> names;
  for (const auto& source : plan.sources) {
    names.push_back(source->name);
  }
  return names;
}

/// Neither keeps state, or both nothing but the rows of their source, or of their result, which
/// they do not compare with what these were.
bool keepsSameRows(const operators::SubTopology& former, const operators::SubTopology& next) {
  for (const operators::SubTopology* const part : {&former, &next}) {
    for (const operators::TopologyNode& node : part->nodes) {
      const auto* const kept =
          dynamic_cast<const operators::MaterializeDescription*>(node.description.get());
      if (kept != nullptr && kept->emitOld) {
        return false;
      }
    }
  }
  return std::equal(former.stores.begin(), former.stores.end(), next.stores.begin(),
                    next.stores.end(), [](const auto& left, const auto& right) {
                      return left.name == right.name &&
                             (left.name == "Materialize" || left.name == "Keep") &&
                             left.fingerprint == right.fingerprint;
                    });
}

}  // namespace

SinkTarget sinkOf(const DataSource& source) {
  SinkTarget sink;
  sink.topic = source.topic;
  sink.schema = source.schema;
  sink.keyFormat = source.keyFormat;
  sink.valueFormat = source.valueFormat;
  sink.keyOptions = source.keyOptions;
  sink.valueOptions = source.valueOptions;
  sink.timestamp = source.timestamp;
  sink.window = source.window;
  return sink;
}

std::string StatementRun::nextQueryId(const char* kind, const std::string& sink) {
  if (replayed_ != nullptr) {
    ++executor_.queryCounts_[executor_.settings_.countQueriesGlobally ? "" : sink];
    return replayed_->queryId;
  }
  if (executor_.settings_.countQueriesGlobally) {
    const int count = executor_.queryCounts_[""]++;
    return kind == std::string("INSERTQUERY") ? fmt::format("INSERTQUERY_{}", count)
                                              : fmt::format("{}_{}_{}", kind, sink, count);
  }
  return fmt::format("{}_{}_{}", kind, sink, executor_.queryCounts_[sink]++);
}

StatementResult StatementRun::selectConstants(const parser::Select& select) const {
  if (select.where || select.groupBy || select.partitionBy || select.having || select.window) {
    throw StatementError("Only a select list can stand without FROM.", select.span);
  }
  const PlannedSources nothing;
  const ExpressionBinder binder(nothing.scope, executor_.catalog_, executor_.functions_, "SELECT");
  std::vector<BoundItem> items = bindItems(select, nothing, binder);
  nameItems(items, nothing.scope);
  StatementResult result;
  result.table = TextTable{{}, {{}}};
  for (const BoundItem& item : items) {
    const auto value = operators::constantValue(*item.expression);
    if (!value) {
      throw StatementError(fmt::format("{} cannot be computed.", item.expression->toString()),
                           item.span);
    }
    const auto column = operators::makeConstant(item.expression->type(), *value, 1);
    std::string text;
    if (item.expression->type().is(operators::TypeKind::String) && !value->isNull()) {
      text = column->values<std::string_view>()[0];
    } else {
      operators::appendJson(*column, 0, text);
    }
    result.table->columns.push_back(item.name);
    result.table->rows[0].push_back(std::move(text));
  }
  if (select.limit == 0) {
    result.table->rows.clear();
  }
  return result;
}

StatementResult StatementRun::handle(const parser::Query& query) {
  if (!query.select.from) {
    return selectConstants(query.select);
  }
  return {"", {}, planSelect(query.select)};
}

DataSource StatementRun::planSink(const parser::CreateAsSelect& create,
                                  const Properties& properties, QueryPlan& plan) const {
  PlanningContext context = executor_.planningContext();
  context.sink = create.name.name;
  if (const auto timestamp = properties.columnName("TIMESTAMP")) {
    context.timestamp = TimestampName{*timestamp, properties.spanOf("TIMESTAMP", span())};
  }
  plan = planCreated(create, context);
  const bool wantsTable = create.kind == parser::SourceKind::Table;
  if (plan.limit) {
    throw StatementError(fmt::format("CREATE {} AS SELECT statements don't support LIMIT clause.",
                                     wantsTable ? "TABLE" : "STREAM"),
                         create.query.limitSpan);
  }
  if (plan.isTable != wantsTable) {
    throw StatementError(
        fmt::format("Invalid result type. Your SELECT query produces a {}. Please use CREATE {} AS "
                    "SELECT statement instead.",
                    plan.isTable ? "TABLE" : "STREAM", plan.isTable ? "TABLE" : "STREAM"),
        create.name.span);
  }
  DataSource sink;
  sink.name = create.name.name;
  sink.kind = wantsTable ? SourceKind::Table : SourceKind::Stream;
  sink.schema = plan.schema.asRead();
  sink.window = plan.window;
  sink.topic =
      properties.text("KAFKA_TOPIC").value_or(sessionProperty(kTopicPrefix, "") + sink.name);
  sink.keyFormat = plan.keyFormat;
  sink.keyOptions = plan.keyOptions;
  sink.valueFormat = plan.sources[0]->valueFormat;
  sink.valueOptions = plan.sources[0]->valueOptions;
  sink.sql = statement_.text;
  applyFormats(properties, sink);
  if (sink.schema.numKeys() == 0) {
    if (properties.find("KEY_FORMAT") != nullptr && sink.keyFormat->name() != "NONE") {
      throw StatementError("Key format specified for stream without key columns.",
                           properties.spanOf("KEY_FORMAT", create.name.span));
    }
    sink.keyFormat = operators::findFormat("NONE");
    sink.keyOptions = {};
  } else if (sink.keyFormat->name() == "NONE") {
    sink.keyFormat = operators::findFormat(
        sessionProperty(kDefaultKeyFormat, executor_.settings_.defaultKeyFormat));
  }
  applyWrapping(sink);
  checkFormats(sink);
  applyTimestamp(properties, sink);
  return sink;
}

void StatementRun::checkQueryUpgrade(const DataSource& former, const operators::Topology& next,
                                     const parser::Span& place) const {
  const auto refuse = [&](const char* why) {
    throw StatementError(fmt::format("Cannot upgrade data source: upgrades are not yet supported "
                                     "for {}. Drop {} and create it anew.",
                                     why, former.name),
                         place);
  };
  const auto query = executor_.catalog_.queries.find(former.queryId);
  if (former.queryId.empty() || query == executor_.catalog_.queries.end()) {
    refuse("what no query writes");
  }
  for (const operators::Topology* const topology : {query->second->topology.get(), &next}) {
    if (topology->parts.size() != 1) {
      refuse("queries that keep state or repartition");
    }
  }
  if (!keepsSameRows(query->second->topology->parts[0], next.parts[0])) {
    refuse("queries that keep state or repartition");
  }
  const auto& formerSources = query->second->topology->parts[0].sources;
  const auto& sources = next.parts[0].sources;
  const bool isSame =
      std::equal(formerSources.begin(), formerSources.end(), sources.begin(), sources.end(),
                 [](const auto& left, const auto& right) { return left.topic == right.topic; });
  if (!isSame) {
    refuse("queries that read from another topic");
  }
}

void StatementRun::startQuery(const QueryPlan& plan, const DataSource& sink,
                              const std::string& queryId) {
  auto definition = std::make_shared<QueryDefinition>();
  definition->id = queryId;
  definition->sink = sink.name;
  definition->sources = sourceNames(plan);
  definition->sql = statement_.text;
  auto topology = std::make_shared<const operators::Topology>(
      buildTopology(plan, sinkOf(sink), executor_.topologyOptions(queryId)));
  definition->topology = topology;
  ensureShadowTopic(*topology);
  catalog().queries[queryId] = definition;
  executor_.ports_.runner.startQuery(std::move(topology));
}

operators::Topology StatementRun::planAgain(const QueryDefinition& query) const {
  if (query.serving) {
    return planServing(*query.serving, span(), executor_.planningContext(),
                       executor_.topologyOptions(query.id));
  }
  const std::vector<parser::ParsedStatement> parsed = parser::parse(query.sql + ";");
  const auto* const create = std::get_if<parser::CreateAsSelect>(&parsed[0].statement.node);
  const auto* const insert = std::get_if<parser::InsertSelect>(&parsed[0].statement.node);
  AUSPEX_ASSERT(create != nullptr || insert != nullptr);
  const DataSource* const sink = executor_.catalog_.findSource(query.sink);
  AUSPEX_ASSERT(sink != nullptr);
  PlanningContext context = executor_.planningContext();
  context.sink = query.sink;
  QueryPlan plan = create != nullptr ? planCreated(*create, context)
                                     : planQuery(insert->query, QueryPurpose::Persistent, context);
  if (insert != nullptr && plan.schema.size() == sink->schema.size()) {
    widenTo(sink->schema, plan);
  }
  if (!(plan.schema.asRead() == sink->schema)) {
    throw StatementError("what it reads from has other columns by now", span());
  }
  return buildTopology(plan, sinkOf(*sink), executor_.topologyOptions(query.id));
}

StatementResult StatementRun::handle(const parser::CreateAsSelect& create) {
  const std::string& name = create.name.name;
  const char* const kind = create.kind == parser::SourceKind::Table ? "table" : "stream";
  const std::shared_ptr<const DataSource> former =
      catalog().findSource(name) == nullptr ? nullptr : catalog().sources[name];
  if (former != nullptr && !create.orReplace) {
    const char* const formerKind = former->isTable() ? "table" : "stream";
    if (create.ifNotExists) {
      return {fmt::format("Cannot add {} `{}`: A {} with the same name already exists.", kind, name,
                          formerKind),
              {},
              {}};
    }
    throw StatementError(fmt::format("Cannot add {} '{}': A {} with the same name already exists",
                                     kind, name, formerKind),
                         create.name.span);
  }
  const Properties properties(create.properties, kSinkProperties);
  QueryPlan plan;
  auto sink = std::make_shared<DataSource>(planSink(create, properties, plan));
  if (former != nullptr) {
    if (former->readOnly) {
      throw StatementError(fmt::format("Cannot add {} '{}': CREATE OR REPLACE is not supported on "
                                       "source {}s.",
                                       kind, name, kind),
                           create.name.span);
    }
    checkUpgrade(*former, *sink, create.name.span);
    checkQueryUpgrade(
        *former, buildTopology(plan, sinkOf(*sink), executor_.topologyOptions(former->queryId)),
        create.name.span);
  }
  if (replayed_ == nullptr) {
    const auto partitions = executor_.ports_.topics.numPartitions(plan.sources[0]->topic);
    ensureTopic(sink->topic, properties, partitions.value_or(1), sink->isTable(), create.name.span);
  }
  sink->queryId =
      former != nullptr ? former->queryId : nextQueryId(sink->isTable() ? "CTAS" : "CSAS", name);
  // Logged before it starts: a crash between the two starts it again, never forgets it.
  log(sink->queryId);
  catalog().sources[name] = sink;
  startQuery(plan, *sink, sink->queryId);
  return {fmt::format("Created query with ID {}", sink->queryId), {}, {}};
}

StatementResult StatementRun::handle(const parser::InsertSelect& insert) {
  const DataSource* const target = catalog().findSource(insert.target.name);
  if (target == nullptr) {
    std::string message = fmt::format("Source `{}` does not exist.", insert.target.name);
    if (const auto nearest = parser::nearestName(insert.target.name, namesOf(catalog().sources))) {
      message += fmt::format(" Did you mean {}?", *nearest);
    }
    throw StatementError(message, insert.target.span);
  }
  if (target->isTable()) {
    throw StatementError(
        fmt::format("INSERT INTO can only be used to insert into a stream. {} is a table.",
                    target->name),
        insert.target.span);
  }
  if (target->readOnly) {
    throw StatementError(fmt::format("Cannot insert into read-only stream: {}", target->name),
                         insert.target.span);
  }
  const Properties properties(insert.properties, kInsertProperties);
  PlanningContext context = executor_.planningContext();
  context.sink = target->name;
  QueryPlan plan = planQuery(insert.query, QueryPurpose::Persistent, context);
  bool fits = !plan.isTable && plan.schema.size() == target->schema.size() &&
              plan.schema.numKeys() == target->schema.numKeys();
  for (size_t i = 0; fits && i < plan.schema.size(); ++i) {
    fits = operators::widensTo(plan.schema[i].type, target->schema[i].type);
  }
  if (!fits) {
    throw StatementError(fmt::format("Incompatible schema between results and sink.\nResult schema "
                                     "is {}\nSink schema is {}",
                                     plan.schema.toString(), target->schema.toString()),
                         insert.target.span);
  }
  if (plan.window != target->window) {
    throw StatementError(fmt::format("The keys of the result have {} windows, those of {} have {}.",
                                     plan.window ? operators::nameOf(plan.window->type) : "no",
                                     target->name, target->window ? "others" : "none"),
                         insert.target.span);
  }
  widenTo(target->schema, plan);
  std::string queryId = properties.text("QUERY_ID").value_or("");
  if (queryId.empty()) {
    queryId = nextQueryId("INSERTQUERY", target->name);
  } else if (catalog().queries.contains(queryId)) {
    throw StatementError(fmt::format("Query ID '{}' already exists.", queryId),
                         properties.spanOf("QUERY_ID", span()));
  }
  log(queryId);
  startQuery(plan, *target, queryId);
  return {fmt::format("Created query with ID {}", queryId), {}, {}};
}

StatementResult StatementRun::explainQuery(const QueryPlan& plan, const SinkTarget& sink,
                                           const std::string& queryId) const {
  const operators::Topology topology =
      buildTopology(plan, sink, executor_.topologyOptions(queryId));
  return {
      fmt::format("Schema: {}\n{}", plan.schema.toString(), operators::toString(topology)), {}, {}};
}

StatementResult StatementRun::handle(const parser::Explain& explain) {
  if (explain.queryId) {
    const auto query = catalog().queries.find(explain.queryId->name);
    if (query == catalog().queries.end()) {
      failUnknown("Query", *explain.queryId, namesOf(catalog().queries));
    }
    if (query->second->serving) {
      const operators::Topology& topology = *query->second->topology;
      return {fmt::format("ID: {}\nSQL: {}\n{}{}", query->first, query->second->sql,
                          operators::toString(topology), describeServers(topology)),
              {},
              {}};
    }
    const std::vector<parser::ParsedStatement> parsed = parser::parse(query->second->sql + ";");
    if (const auto* const create = std::get_if<parser::CreateAsSelect>(&parsed[0].statement.node)) {
      const DataSource* const sink = catalog().findSource(create->name.name);
      const QueryPlan plan = planCreated(*create, executor_.planningContext());
      StatementResult result = explainQuery(plan, sinkOf(*sink), query->first);
      result.message = fmt::format("ID: {}\nSQL: {}\n", query->first, query->second->sql) +
                       result.message + describeServers(*query->second->topology);
      return result;
    }
    return {fmt::format("ID: {}\nSQL: {}", query->first, query->second->sql), {}, {}};
  }
  const parser::Statement& inner = *explain.statement;
  if (const auto* const create = std::get_if<parser::CreateAsSelect>(&inner.node)) {
    const Properties properties(create->properties, kSinkProperties);
    QueryPlan plan;
    const DataSource sink = planSink(*create, properties, plan);
    return explainQuery(plan, sinkOf(sink), "EXPLAINED");
  }
  if (const auto* const query = std::get_if<parser::Query>(&inner.node)) {
    return {executor_.explain(planSelect(query->select)), {}, {}};
  }
  if (const auto* const serve = std::get_if<parser::ServeModel>(&inner.node)) {
    const ServingDefinition serving = bindServing(*serve);
    return {operators::toString(planServing(serving, serve->name.span, executor_.planningContext(),
                                            executor_.topologyOptions("EXPLAINED"))),
            {},
            {}};
  }
  throw StatementError("EXPLAIN takes a query.", inner.span);
}

StatementResult StatementRun::handle(const parser::ControlQuery& control) {
  std::vector<std::string> ids;
  if (!control.queryId) {
    ids = namesOf(catalog().queries);
  } else if (catalog().queries.contains(control.queryId->name)) {
    ids.push_back(control.queryId->name);
  } else {
    failUnknown("Query", *control.queryId, namesOf(catalog().queries));
  }
  const char* done = "Terminated";
  for (const std::string& id : ids) {
    if (control.action == parser::QueryAction::Terminate) {
      executor_.ports_.runner.stopQuery(id);
      catalog().queries.erase(id);
      continue;
    }
    const bool pauses = control.action == parser::QueryAction::Pause;
    done = pauses ? "Paused" : "Resumed";
    auto query = std::make_shared<QueryDefinition>(*catalog().queries[id]);
    if (query->paused == pauses) {
      continue;
    }
    if (pauses) {
      executor_.ports_.runner.parkQuery(query->topology);
    } else {
      executor_.ports_.runner.startQuery(query->topology);
    }
    query->paused = pauses;
    catalog().queries[id] = query;
  }
  log();
  return {fmt::format("{} {} quer{}.", done, ids.size(), ids.size() == 1 ? "y" : "ies"), {}, {}};
}

}  // namespace auspex::queries
