// SPDX-License-Identifier: Apache-2.0
// CREATE and DROP of streams, tables, types and connectors.
#include <fmt/format.h>

#include <algorithm>

#include "operators/SourceOperator.h"
#include "queries/StatementRun.h"
#include "queries/planning/TypeBinder.h"

namespace auspex::queries {
namespace {

constexpr std::string_view kSourceProperties[] = {
    "KAFKA_TOPIC", "PARTITIONS",   "REPLICAS",      "RETENTION_MS",    "CLEANUP_POLICY",   "FORMAT",
    "KEY_FORMAT",  "VALUE_FORMAT", "KEY_DELIMITER", "VALUE_DELIMITER", "WRAP_SINGLE_VALUE"};

const operators::Format* formatNamed(const std::string& name, const parser::Span& span) {
  const operators::Format* const format = operators::findFormat(name);
  if (format == nullptr) {
    std::string known;
    for (const std::string& other : operators::formatNames()) {
      known += (known.empty() ? "" : ", ") + other;
    }
    throw StatementError(fmt::format("Unknown format: {}. Known are {}.", name, known), span);
  }
  return format;
}

operators::Schema bindElements(const parser::CreateSource& create, const Catalog& catalog) {
  std::vector<operators::SchemaColumn> columns;
  const bool isTable = create.kind == parser::SourceKind::Table;
  for (const parser::TableElement& element : create.elements) {
    const std::string& name = element.name.name;
    const bool isPseudo = std::find(std::begin(operators::kPseudoColumnNames),
                                    std::end(operators::kPseudoColumnNames),
                                    name) != std::end(operators::kPseudoColumnNames);
    if (isPseudo) {
      throw StatementError(
          fmt::format("`{}` is a reserved column name. You cannot use it as a name for a column.",
                      name),
          element.span);
    }
    if (element.role == parser::ColumnRole::Headers || element.role == parser::ColumnRole::Header) {
      throw StatementError("HEADERS columns are not supported yet.", element.span);
    }
    if (isTable && element.role == parser::ColumnRole::Key) {
      throw StatementError(
          fmt::format("Column `{}` is a 'KEY' column: please use 'PRIMARY KEY' for tables.", name),
          element.span);
    }
    if (!isTable && element.role == parser::ColumnRole::PrimaryKey) {
      throw StatementError(
          fmt::format("Column `{}` is a 'PRIMARY KEY' column: please use 'KEY' for streams.", name),
          element.span);
    }
    for (const operators::SchemaColumn& other : columns) {
      if (other.name == name) {
        throw StatementError(fmt::format("Duplicate column names: {}", name), element.span);
      }
    }
    columns.push_back(
        {name, bindType(element.type, catalog), element.role != parser::ColumnRole::Value});
  }
  operators::Schema schema(std::move(columns));
  if (schema.numValues() == 0) {
    throw StatementError("The statement does not define any columns.", create.name.span);
  }
  if (isTable && schema.numKeys() == 0) {
    throw StatementError("Tables require a PRIMARY KEY. Please define the PRIMARY KEY.",
                         create.name.span);
  }
  return schema;
}

}  // namespace

void StatementRun::applyFormats(const Properties& properties, DataSource& source) const {
  const auto both = properties.text("FORMAT");
  const auto key = properties.text("KEY_FORMAT");
  const auto value = properties.text("VALUE_FORMAT");
  if (both && (key || value)) {
    throw StatementError(
        "Cannot supply both 'FORMAT' and 'KEY_FORMAT' or 'VALUE_FORMAT' properties.",
        properties.spanOf("FORMAT", span()));
  }
  if (both || key) {
    source.keyFormat =
        formatNamed(both ? *both : *key, properties.spanOf(both ? "FORMAT" : "KEY_FORMAT", span()));
    source.keyOptions = {};
  }
  if (both || value) {
    source.valueFormat = formatNamed(both ? *both : *value,
                                     properties.spanOf(both ? "FORMAT" : "VALUE_FORMAT", span()));
    source.valueOptions = {};
  }
  if (const auto delimiter = properties.text("KEY_DELIMITER")) {
    source.keyOptions.delimiter = *delimiter;
  }
  if (const auto delimiter = properties.text("VALUE_DELIMITER")) {
    source.valueOptions.delimiter = *delimiter;
  }
  source.keyOptions.isKey = true;
  source.valueOptions.wrapSingleValue = properties.boolean("WRAP_SINGLE_VALUE");
}

void StatementRun::checkFormats(const DataSource& source) const {
  const std::span<const operators::SchemaColumn> columns(source.schema.columns());
  const size_t numKeys = source.schema.numKeys();
  if (numKeys > 0) {
    source.keyFormat->check(columns.first(numKeys), source.keyOptions);
  }
  source.valueFormat->check(columns.subspan(numKeys), source.valueOptions);
}

void StatementRun::ensureTopic(const std::string& topic, const Properties& properties,
                               std::optional<int32_t> inherited, bool isTable,
                               const parser::Span& place) {
  const auto wanted = properties.integer("PARTITIONS");
  const std::optional<int32_t> existing = executor_.ports_.topics.numPartitions(topic);
  if (existing) {
    if (wanted && *wanted != *existing) {
      throw StatementError(
          fmt::format("A Kafka topic with the name '{}' already exists, with different partition "
                      "count than required. KSQL expects {} partitions, but {} were found.",
                      topic, *wanted, *existing),
          properties.spanOf("PARTITIONS", place));
    }
    return;
  }
  if (!wanted && !inherited) {
    throw StatementError(
        fmt::format(
            "Topic '{}' does not exist. If you want to create a new topic for the "
            "stream/table please re-run the statement providing the required 'PARTITIONS' "
            "configuration in the WITH clause (and optionally 'REPLICAS'). For example: ... "
            "WITH (PARTITIONS=1)",
            topic),
        place);
  }
  if (wanted && (*wanted < 1 || *wanted > 100'000)) {
    throw StatementError("PARTITIONS must be between 1 and 100000.",
                         properties.spanOf("PARTITIONS", place));
  }
  TopicRequest request;
  request.name = topic;
  request.numPartitions = wanted ? static_cast<int32_t>(*wanted) : *inherited;
  request.replicas = static_cast<int32_t>(properties.integer("REPLICAS").value_or(-1));
  // Records carry event time, so that a broker's retention by time would delete by it.
  request.config["retention.ms"] = properties.text("RETENTION_MS").value_or("-1");
  request.config["cleanup.policy"] =
      properties.text("CLEANUP_POLICY").value_or(isTable ? "compact" : "delete");
  executor_.ports_.topics.create(request);
}

StatementResult StatementRun::handle(const parser::CreateSource& create) {
  const std::string& name = create.name.name;
  const char* const kind = create.kind == parser::SourceKind::Table ? "table" : "stream";
  if (catalog().findSource(name) != nullptr && !create.orReplace) {
    if (create.ifNotExists) {
      return {fmt::format("Cannot add {} `{}`: A {} with the same name already exists.", kind, name,
                          kind),
              {},
              {}};
    }
    throw StatementError(
        fmt::format("Cannot add {} '{}': A {} with the same name already exists", kind, name, kind),
        create.name.span);
  }
  if (create.elements.empty()) {
    throw StatementError(
        "The statement does not define any columns, and none of its formats "
        "supports schema inference.",
        create.name.span);
  }
  const Properties properties(create.properties, kSourceProperties);
  auto source = std::make_shared<DataSource>();
  source->name = name;
  source->kind = create.kind == parser::SourceKind::Table ? SourceKind::Table : SourceKind::Stream;
  source->schema = bindElements(create, catalog());
  source->readOnly = create.readOnly;
  source->sql = statement_.text;
  const auto topic = properties.text("KAFKA_TOPIC");
  if (!topic) {
    throw StatementError("Missing required property \"KAFKA_TOPIC\" which has no default value.",
                         create.name.span);
  }
  source->topic = *topic;
  source->keyFormat = operators::findFormat(executor_.settings_.defaultKeyFormat);
  source->valueFormat = operators::findFormat(executor_.settings_.defaultValueFormat);
  applyFormats(properties, *source);
  if (source->valueFormat == nullptr) {
    throw StatementError("Statement is missing the 'VALUE_FORMAT' property from the WITH clause.",
                         create.name.span);
  }
  checkFormats(*source);
  if (replayed_ == nullptr) {
    ensureTopic(source->topic, properties, std::nullopt, source->isTable(),
                properties.spanOf("KAFKA_TOPIC", span()));
  }
  catalog().sources[name] = source;
  log();
  return {fmt::format("{} {} created.", source->isTable() ? "Table" : "Stream", name), {}, {}};
}

StatementResult StatementRun::handle(const parser::DropSource& drop) {
  const std::string& name = drop.name.name;
  const DataSource* const source = catalog().findSource(name);
  const bool wantsTable = drop.kind == parser::SourceKind::Table;
  if (source == nullptr) {
    if (drop.ifExists) {
      return {fmt::format("Source `{}` does not exist.", name), {}, {}};
    }
    failUnknown(wantsTable ? "Table" : "Stream", drop.name, namesOf(catalog().sources));
  }
  if (source->isTable() != wantsTable) {
    throw StatementError(fmt::format("Incompatible data source type is {}, but statement was DROP "
                                     "{}",
                                     source->kindName(), wantsTable ? "TABLE" : "STREAM"),
                         drop.name.span);
  }
  const auto refuse = [&](const char* what, const std::vector<std::string>& ids) {
    std::string list;
    for (const std::string& id : ids) {
      list += (list.empty() ? "" : ", ") + id;
    }
    throw StatementError(
        fmt::format("Cannot drop {}.\nThe following queries {} this source: [{}].\nYou need to "
                    "terminate them before dropping {}.",
                    name, what, list, name),
        drop.name.span);
  };
  if (const auto readers = catalog().readersOf(name); !readers.empty()) {
    refuse("read from", readers);
  }
  std::vector<std::string> writers = catalog().writersOf(name);
  std::erase(writers, source->queryId);
  if (!writers.empty()) {
    refuse("write into", writers);
  }
  if (!source->queryId.empty()) {
    executor_.ports_.runner.stopQuery(source->queryId);
    catalog().queries.erase(source->queryId);
  }
  if (drop.deleteTopic && replayed_ == nullptr) {
    executor_.ports_.topics.remove(source->topic);
  }
  catalog().sources.erase(name);
  logDrop("SOURCE " + name);
  return {fmt::format("Source `{}` was dropped.", name), {}, {}};
}

StatementResult StatementRun::handle(const parser::CreateType& create) {
  if (catalog().types.contains(create.name.name)) {
    if (create.ifNotExists) {
      return {fmt::format("{} is already registered.", create.name.name), {}, {}};
    }
    throw StatementError(
        fmt::format("Cannot register custom type '{}' since it is already registered.",
                    create.name.name),
        create.name.span);
  }
  const operators::SqlType type = bindType(create.type, catalog());
  catalog().types[create.name.name] = type;
  log();
  return {fmt::format("Registered custom type with name '{}' and SQL type {}", create.name.name,
                      type.toString()),
          {},
          {}};
}

StatementResult StatementRun::handle(const parser::DropType& drop) {
  if (catalog().types.erase(drop.name.name) == 0) {
    if (drop.ifExists) {
      return {fmt::format("Type '{}' does not exist", drop.name.name), {}, {}};
    }
    throw StatementError(fmt::format("Type {} does not exist.", drop.name.name), drop.name.span);
  }
  logDrop("TYPE " + drop.name.name);
  return {fmt::format("Dropped type '{}'", drop.name.name), {}, {}};
}

StatementResult StatementRun::handle(const parser::CreateConnector& create) {
  const std::string& name = create.name.name;
  if (catalog().connectors.contains(name)) {
    if (create.ifNotExists) {
      return {fmt::format("Connector {} already exists", name), {}, {}};
    }
    throw StatementError(fmt::format("Connector {} already exists", name), create.name.span);
  }
  auto connector = std::make_shared<ConnectorDefinition>();
  connector->name = name;
  connector->isSource = create.kind == parser::ConnectorKind::Source;
  connector->sql = statement_.text;
  connector->basePath = basePath();
  for (const parser::Property& property : create.properties) {
    std::string key = property.name.name;
    std::transform(key.begin(), key.end(), key.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    connector->properties[key] = property.text;
  }
  try {
    executor_.ports_.runner.checkConnector(*connector);
  } catch (const std::runtime_error& error) {
    throw StatementError(fmt::format("Connector {}: {}", name, error.what()), create.name.span);
  }
  const std::string& topic = connector->properties["topic"];
  if (!executor_.ports_.topics.numPartitions(topic)) {
    if (!connector->isSource) {
      throw StatementError(fmt::format("Connector {}: topic '{}' does not exist", name, topic),
                           create.name.span);
    }
    const auto partitions = connector->properties.find("partitions");
    TopicRequest request{topic, 1, -1, {{"retention.ms", "-1"}}};
    if (partitions != connector->properties.end()) {
      request.numPartitions = std::stoi(partitions->second);  // checked by checkConnector
    }
    executor_.ports_.topics.create(request);
  }
  catalog().connectors[name] = connector;
  executor_.ports_.runner.startConnector(*connector);
  log("", {{"base", connector->basePath.string()}});
  return {fmt::format("Created connector {}", name), {}, {}};
}

StatementResult StatementRun::handle(const parser::DropConnector& drop) {
  const std::string& name = drop.name.name;
  if (!catalog().connectors.contains(name)) {
    if (drop.ifExists) {
      return {fmt::format("Connector '{}' does not exist.", name), {}, {}};
    }
    failUnknown("Connector", drop.name, namesOf(catalog().connectors));
  }
  executor_.ports_.runner.stopConnector(name);
  catalog().connectors.erase(name);
  logDrop("CONNECTOR " + name);
  return {fmt::format("Dropped connector '{}'", name), {}, {}};
}

}  // namespace auspex::queries
