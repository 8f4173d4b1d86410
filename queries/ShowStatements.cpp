// SPDX-License-Identifier: Apache-2.0
// SHOW, DESCRIBE, SET and UNSET.
#include <fmt/format.h>

#include "parser/NearestName.h"
#include "queries/StatementRun.h"

namespace auspex::queries {
namespace {

/// Properties that SET takes; everything else is refused, since clients have settings that run
/// commands or read files.
constexpr std::string_view kSessionProperties[] = {"auto.offset.reset",
                                                   "cache.max.bytes.buffering",
                                                   "commit.interval.ms",
                                                   "max.task.idle.ms",
                                                   "auspex.end.flush",
                                                   "auspex.draw.rows",
                                                   "auspex.state.memory.bytes",
                                                   "auspex.time.step.max.ms",
                                                   kDefaultKeyFormat,
                                                   kDefaultValueFormat,
                                                   kWrapSingleValues,
                                                   kTopicPrefix,
                                                   kTableScans,
                                                   kRangeScans,
                                                   kStrictPull,
                                                   kMaterializeSources,
                                                   kPullQueries,
                                                   kRegistryUrl};

std::string withoutPrefix(const std::string& name) {
  constexpr std::string_view prefix = "ksql.streams.";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

}  // namespace

StatementResult StatementRun::handle(const parser::Show& show) {
  StatementResult result;
  switch (show.kind) {
    case parser::ShowKind::Streams:
    case parser::ShowKind::Tables:
      result.table = listSources(show.kind == parser::ShowKind::Tables);
      return result;
    case parser::ShowKind::Topics:
      result.table = listTopics(show.all);
      return result;
    case parser::ShowKind::Queries:
      result.table = listQueries();
      return result;
    case parser::ShowKind::Models:
      result.table = listModels();
      return result;
    case parser::ShowKind::ServedModels:
      result.table = listServedModels();
      return result;
    case parser::ShowKind::Functions:
      result.table = listFunctions();
      return result;
    case parser::ShowKind::Connectors:
    case parser::ShowKind::SourceConnectors:
    case parser::ShowKind::SinkConnectors:
      result.table = listConnectors(show.kind);
      return result;
    case parser::ShowKind::Types:
      result.table = TextTable{{"Type Name", "Schema"}, {}};
      for (const auto& [name, type] : catalog().types) {
        result.table->rows.push_back({name, type.toString()});
      }
      return result;
    case parser::ShowKind::Properties:
      result.table = TextTable{{"Property", "Value"}, {}};
      for (const auto& [name, value] : executor_.properties_) {
        result.table->rows.push_back({name, value});
      }
      return result;
    case parser::ShowKind::Variables:
      result.table = TextTable{{"Variable Name", "Value"}, {}};
      for (const auto& [name, value] : executor_.variables_) {
        result.table->rows.push_back({name, value});
      }
      return result;
    case parser::ShowKind::ConnectorPlugins:
      break;
  }
  throw StatementError("This listing is not supported yet.", span());
}

StatementResult StatementRun::handle(const parser::DefineVariable& define) {
  executor_.variables_.insert_or_assign(define.name, define.value);
  return {};
}

StatementResult StatementRun::handle(const parser::UndefineVariable& undefine) {
  executor_.variables_.erase(undefine.name);
  return {};
}

TextTable StatementRun::listSources(bool tables) const {
  TextTable table{{tables ? "Table Name" : "Stream Name", "Kafka Topic", "Key Format",
                   "Value Format", "Windowed"},
                  {}};
  for (const auto& [name, source] : executor_.catalog_.sources) {
    if (source->isTable() == tables) {
      table.rows.push_back({name, source->topic, std::string(source->keyFormat->name()),
                            std::string(source->valueFormat->name()), "false"});
    }
  }
  return table;
}

TextTable StatementRun::listTopics(bool all) const {
  TextTable table{{"Kafka Topic", "Partitions"}, {}};
  TopicAdmin& topics = executor_.ports_.topics;
  for (const std::string& topic : topics.list()) {
    const bool internal =
        topic.starts_with("_") || topic.ends_with("-changelog") || topic.ends_with("-models");
    if (all || !internal) {
      table.rows.push_back({topic, std::to_string(topics.numPartitions(topic).value_or(0))});
    }
  }
  return table;
}

TextTable StatementRun::listQueries() const {
  TextTable table{{"Query ID", "Query Type", "Status", "Sink Name", "Query String"}, {}};
  for (const auto& [id, query] : executor_.catalog_.queries) {
    // One line per query: runs of blanks and line breaks become one blank.
    std::string text;
    for (const char c : query->sql) {
      const bool isBlank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
      if (!isBlank) {
        text += c;
      } else if (!text.empty() && text.back() != ' ') {
        text += ' ';
      }
    }
    table.rows.push_back({id, "PERSISTENT",
                          query->paused ? "PAUSED" : executor_.ports_.runner.status(id),
                          query->serving ? query->serving->replyTopic : query->sink, text});
  }
  return table;
}

TextTable StatementRun::listFunctions() const {
  TextTable table{{"Function Name", "Category"}, {}};
  for (const std::string& name : executor_.functions_.names()) {
    const auto kind = executor_.functions_.classOf(name);
    table.rows.push_back({name, kind == operators::FunctionClass::Scalar      ? "SCALAR"
                                : kind == operators::FunctionClass::Aggregate ? "AGGREGATE"
                                                                              : "TABLE"});
  }
  return table;
}

TextTable StatementRun::listConnectors(parser::ShowKind kind) const {
  TextTable table{{"Connector Name", "Type", "Class", "Topic", "Path"}, {}};
  for (const auto& named : executor_.catalog_.connectors) {
    const auto& connector = named.second;
    const bool wanted = kind == parser::ShowKind::Connectors ||
                        connector->isSource == (kind == parser::ShowKind::SourceConnectors);
    if (!wanted) {
      continue;
    }
    const auto property = [&connector](const char* key) {
      const auto found = connector->properties.find(key);
      return found == connector->properties.end() ? std::string() : found->second;
    };
    table.rows.push_back({named.first, connector->isSource ? "SOURCE" : "SINK",
                          property("connector.class"), property("topic"), property("path")});
  }
  return table;
}

StatementResult StatementRun::describeSource(const DataSource& source, bool extended) const {
  StatementResult result;
  TextTable table{{"Field", "Type"}, {}};
  for (const operators::SchemaColumn& column : source.schema.columns()) {
    const char* const role = !column.isKey ? "" : source.isTable() ? " (primary key)" : " (key)";
    table.rows.push_back({column.name, column.type.toString() + role});
  }
  result.table = std::move(table);
  result.message = fmt::format("Name                 : {}", source.name);
  if (extended) {
    const auto list = [](const std::vector<std::string>& ids) {
      std::string text;
      for (const std::string& id : ids) {
        text += (text.empty() ? "" : ", ") + id;
      }
      return text;
    };
    result.message += fmt::format(
        "\nType                 : {}\nKey format           : {}\nValue format         : {}\n"
        "Kafka topic          : {} (partitions: {})\nStatement            : {}\n"
        "Read by              : {}\nWritten by           : {}",
        source.kindName(), source.keyFormat->name(), source.valueFormat->name(), source.topic,
        executor_.ports_.topics.numPartitions(source.topic).value_or(0), source.sql,
        list(executor_.catalog_.readersOf(source.name)),
        list(executor_.catalog_.writersOf(source.name)));
  }
  return result;
}

StatementResult StatementRun::handle(const parser::Describe& describe) {
  switch (describe.kind) {
    case parser::DescribeKind::Source: {
      const DataSource* const source = catalog().findSource(describe.name.name);
      if (source == nullptr) {
        failUnknown("Source", describe.name, namesOf(catalog().sources));
      }
      return describeSource(*source, describe.extended);
    }
    case parser::DescribeKind::Model:
      return describeModel(describe.name, describe.extended);
    case parser::DescribeKind::Function: {
      const auto text = operators::describeFunction(executor_.functions_, describe.name.name);
      if (!text) {
        std::string message =
            fmt::format("Can't find any functions with the name '{}'", describe.name.name);
        if (const auto nearest =
                parser::nearestName(describe.name.name, executor_.functions_.names())) {
          message += fmt::format(". Did you mean {}?", *nearest);
        }
        throw StatementError(message, describe.name.span);
      }
      return {*text, {}, {}};
    }
    case parser::DescribeKind::Connector: {
      const auto connector = catalog().connectors.find(describe.name.name);
      if (connector == catalog().connectors.end()) {
        failUnknown("Connector", describe.name, namesOf(catalog().connectors));
      }
      TextTable table{{"Property", "Value"}, {}};
      for (const auto& [name, value] : connector->second->properties) {
        table.rows.push_back({name, value});
      }
      return {fmt::format("Name : {}", connector->first), std::move(table), {}};
    }
    case parser::DescribeKind::Streams:
    case parser::DescribeKind::Tables:
      break;
  }
  std::string all;
  for (const auto& [name, source] : catalog().sources) {
    if (source->isTable() == (describe.kind == parser::DescribeKind::Tables)) {
      all += fmt::format("{}{}: {}", all.empty() ? "" : "\n", name, source->schema.toString());
    }
  }
  return {all, {}, {}};
}

StatementResult StatementRun::handle(const parser::SetProperty& set) {
  const std::string name = withoutPrefix(set.name);
  for (const std::string_view known : kSessionProperties) {
    if (name == known) {
      executor_.properties_[name] = set.value;
      return {fmt::format("Successfully changed local property '{}' to '{}'.", name, set.value),
              {},
              {}};
    }
  }
  const std::vector<std::string> names(std::begin(kSessionProperties),
                                       std::end(kSessionProperties));
  std::string message = fmt::format(
      "Not recognizable as ksql, streams, consumer, or producer property: '{}'", set.name);
  if (const auto nearest = parser::nearestName(name, names)) {
    message += fmt::format(". Did you mean '{}'?", *nearest);
  }
  throw StatementError(message, span());
}

StatementResult StatementRun::handle(const parser::UnsetProperty& unset) {
  executor_.properties_.erase(withoutPrefix(unset.name));
  return {fmt::format("Successfully unset local property '{}'.", unset.name), {}, {}};
}

}  // namespace auspex::queries
