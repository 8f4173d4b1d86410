// SPDX-License-Identifier: Apache-2.0
// CREATE and DROP of streams, tables, types and connectors.
#include <fmt/format.h>

#include <algorithm>

#include "operators/SourceOperator.h"
#include "operators/data/Ascii.h"
#include "queries/StatementRun.h"
#include "queries/WindowProperties.h"
#include "queries/planning/KeyTypes.h"
#include "queries/planning/Scope.h"
#include "queries/planning/TimeToLive.h"
#include "queries/planning/TypeBinder.h"

namespace auspex::queries {
namespace {

constexpr std::string_view kSourceProperties[] = {
    "KAFKA_TOPIC",      "PARTITIONS",        "REPLICAS",
    "RETENTION_MS",     "CLEANUP_POLICY",    "FORMAT",
    "KEY_FORMAT",       "VALUE_FORMAT",      "KEY_DELIMITER",
    "VALUE_DELIMITER",  "WRAP_SINGLE_VALUE", "TIMESTAMP",
    "TIMESTAMP_FORMAT", "SOURCE_CONNECTOR",  "SOURCED_BY_CONNECTOR",
    "WINDOW_TYPE",      "WINDOW_SIZE",       "TTL",
    kKeyNullability,    kValueNullability};

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

/// Refuses to replace a stream or table that a query writes, or by one that it could not become.
void checkReplaced(const parser::CreateSource& create, const DataSource& former,
                   const DataSource& source) {
  if (!former.queryId.empty()) {
    throw StatementError(
        fmt::format("Cannot replace {} '{}': query {} writes it. Replace it by "
                    "CREATE OR REPLACE ... AS SELECT.",
                    source.isTable() ? "table" : "stream", source.name, former.queryId),
        create.name.span);
  }
  checkUpgrade(former, source, create.name.span);
}

/// `last`, a column for headers, has the type for it and is the only one of its kind.
void checkHeader(const operators::SchemaColumn& last,
                 const std::vector<operators::SchemaColumn>& columns, const parser::Span& span) {
  using operators::SqlType;
  const SqlType all =
      SqlType::array(SqlType::structOf({{"KEY", SqlType::string()}, {"VALUE", SqlType::bytes()}}));
  const SqlType wanted = last.headerKey.empty() ? all : SqlType::bytes();
  const std::string kind =
      last.headerKey.empty() ? "HEADERS" : fmt::format("HEADER('{}')", last.headerKey);
  if (!(last.type == wanted)) {
    throw StatementError(fmt::format("Invalid type for {} column: expected {}, got {}", kind,
                                     wanted.toString(), last.type.toString()),
                         span);
  }
  for (const operators::SchemaColumn& other : columns) {
    if (&other != &last && other.isHeader && other.headerKey.empty()) {
      throw StatementError("Schema already contains a HEADERS column.", span);
    }
    if (&other != &last && other.isHeader && last.headerKey.empty()) {
      throw StatementError("Schema already contains a HEADER('key') column.", span);
    }
    if (&other != &last && other.isHeader && other.headerKey == last.headerKey) {
      throw StatementError(fmt::format("Schema already contains a {} column.", kind), span);
    }
  }
}

operators::Schema bindElements(const parser::CreateSource& create, const Catalog& catalog) {
  std::vector<operators::SchemaColumn> columns;
  const bool isTable = create.kind == parser::SourceKind::Table;
  for (const parser::TableElement& element : create.elements) {
    const std::string& name = element.name.name;
    checkColumnName(name, element.span);
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
    const bool isHeader =
        element.role == parser::ColumnRole::Headers || element.role == parser::ColumnRole::Header;
    columns.push_back({name, bindType(element.type, catalog),
                       !isHeader && element.role != parser::ColumnRole::Value, isHeader,
                       element.headerKey});
    if (isHeader) {
      checkHeader(columns.back(), columns, element.span);
    }
  }
  operators::Schema schema(std::move(columns));
  if (isTable && schema.numKeys() == 0) {
    throw StatementError("Tables require a PRIMARY KEY. Please define the PRIMARY KEY.",
                         create.name.span);
  }
  return schema;
}

/// How a PROTOBUF format tells NULLs; `former` when the statement does not say.
operators::NullableRepresentation nullability(std::string_view property,
                                              const Properties& properties,
                                              const operators::Format& format,
                                              operators::NullableRepresentation former) {
  using operators::NullableRepresentation;
  const auto written = properties.text(property);
  if (!written) {
    return former;
  }
  const parser::Span place = properties.spanOf(property, {});
  if (format.name() != "PROTOBUF_NOSR") {
    throw StatementError(fmt::format("{} is only valid for the PROTOBUF formats, not for {}",
                                     property, format.name()),
                         place);
  }
  const std::string name = operators::asciiUpper(*written);
  if (name != "OPTIONAL" && name != "WRAPPER") {
    throw StatementError(fmt::format("Configuration {} is invalid: {} is neither OPTIONAL nor "
                                     "WRAPPER",
                                     property, *written),
                         place);
  }
  return name == "OPTIONAL" ? NullableRepresentation::Optional : NullableRepresentation::Wrapper;
}

std::string checkDelimiter(const char* property, const std::string& delimiter,
                           const Properties& properties) {
  const bool isBlank = delimiter.find_first_not_of(" \t\r\n") == std::string::npos;
  if (isBlank) {
    throw StatementError(
        fmt::format("Failed to prepare statement: Configuration {} is invalid: Delimiter cannot be "
                    "empty, if you meant to have a tab or space for delimiter, please use the "
                    "special values 'TAB' or 'SPACE'\nExample valid value: ';'",
                    property),
        properties.spanOf(property, {}));
  }
  return delimiter;
}

/// ksqlDB's words for a format that cannot hold the columns of a key or value.
std::string describeRefusal(const char* side, const operators::Format& format,
                            std::span<const operators::SchemaColumn> columns, bool isKey,
                            const std::string& reason) {
  std::string list;
  for (const operators::SchemaColumn& column : columns) {
    list += fmt::format("{}`{}` {}{}", list.empty() ? "" : ", ", column.name,
                        column.type.toString(), isKey ? " KEY" : "");
  }
  const bool unwraps = isKey && columns.size() == 1 && format.name() == "JSON";
  return fmt::format(
      "{} format does not support schema.\nformat: {}\nschema: Persistence{{columns=[{}], "
      "features=[{}]}}\nreason: {}",
      side, format.name(), list, unwraps ? "UNWRAP_SINGLES" : "", reason);
}

}  // namespace

std::string StatementRun::sessionProperty(std::string_view name,
                                          const std::string& fallback) const {
  const auto found = executor_.properties_.find(std::string(name));
  return found == executor_.properties_.end() ? fallback : found->second;
}

void StatementRun::applyFormats(const Properties& properties, DataSource& source) const {
  const auto both = properties.text("FORMAT");
  const auto key = properties.text("KEY_FORMAT");
  const auto value = properties.text("VALUE_FORMAT");
  if (both && (key || value)) {
    throw StatementError(
        fmt::format(
            "Cannot supply both '{}' and 'FORMAT' properties, as 'FORMAT' sets both key and "
            "value formats. Either use just 'FORMAT', or use 'KEY_FORMAT' and "
            "'VALUE_FORMAT'.",
            value ? "VALUE_FORMAT" : "KEY_FORMAT"),
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
    source.keyOptions.delimiter = checkDelimiter("KEY_DELIMITER", *delimiter, properties);
  }
  if (const auto delimiter = properties.text("VALUE_DELIMITER")) {
    source.valueOptions.delimiter = checkDelimiter("VALUE_DELIMITER", *delimiter, properties);
  }
  if (source.keyFormat != nullptr && source.valueFormat != nullptr) {
    source.keyOptions.nullable =
        nullability(kKeyNullability, properties, *source.keyFormat, source.keyOptions.nullable);
    source.valueOptions.nullable = nullability(kValueNullability, properties, *source.valueFormat,
                                               source.valueOptions.nullable);
  }
  source.keyOptions.isKey = true;
  source.valueOptions.wrapSingleValue = properties.boolean("WRAP_SINGLE_VALUE");
}

void StatementRun::applyWrapping(DataSource& source) const {
  const std::string wrap = sessionProperty(kWrapSingleValues, "");
  const std::string_view format = source.valueFormat->name();
  const bool hasChoice = format == "JSON" || format == "PROTOBUF_NOSR";
  if (!wrap.empty() && hasChoice && !source.valueOptions.wrapSingleValue &&
      source.schema.storedValues().size() == 1) {
    source.valueOptions.wrapSingleValue = wrap == "true";
  }
}

void StatementRun::checkFormats(const DataSource& source) const {
  const std::span<const operators::SchemaColumn> columns(source.schema.columns());
  const size_t numKeys = source.schema.numKeys();
  for (const operators::SchemaColumn& key : columns.first(numKeys)) {
    checkKeyType(key, span());
  }
  if (numKeys > 0) {
    try {
      source.keyFormat->check(columns.first(numKeys), source.keyOptions);
    } catch (const operators::FormatError& error) {
      throw StatementError(
          describeRefusal("Key", *source.keyFormat, columns.first(numKeys), true, error.what()),
          span());
    }
  }
  const std::vector<operators::SchemaColumn> values = source.schema.storedValues();
  if (source.valueOptions.wrapSingleValue && values.size() != 1) {
    throw StatementError("'WRAP_SINGLE_VALUE' is only valid for single-field value schemas",
                         span());
  }
  try {
    source.valueFormat->check(values, source.valueOptions);
  } catch (const operators::FormatError& error) {
    throw StatementError(describeRefusal("Value", *source.valueFormat, values, false, error.what()),
                         span());
  }
}

void StatementRun::applyTimestamp(const Properties& properties, DataSource& source) const {
  const auto name = properties.columnName("TIMESTAMP");
  if (!name) {
    if (properties.find("TIMESTAMP_FORMAT") != nullptr) {
      throw StatementError("'TIMESTAMP_FORMAT' is set, but 'TIMESTAMP' is not.",
                           properties.spanOf("TIMESTAMP_FORMAT", span()));
    }
    source.timestamp.reset();
    return;
  }
  const parser::Span place = properties.spanOf("TIMESTAMP", span());
  const auto column = source.schema.find(*name);
  if (!column) {
    throw StatementError(
        fmt::format("The TIMESTAMP column set in the WITH clause does not exist in "
                    "the schema: '{}'",
                    *name),
        place);
  }
  source.timestamp = operators::TimestampColumn{*column, source.schema[*column].type,
                                                properties.text("TIMESTAMP_FORMAT").value_or("")};
  try {
    operators::checkTimestampColumn(*name, *source.timestamp);
  } catch (const operators::FormatError& error) {
    throw StatementError(error.what(), place);
  }
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
  const DataSource* const former = catalog().findSource(name);
  if (create.orReplace && (create.readOnly || (former != nullptr && former->readOnly))) {
    throw StatementError(fmt::format("Cannot add {} '{}': CREATE OR REPLACE is not supported on "
                                     "source {}s.",
                                     kind, name, kind),
                         create.name.span);
  }
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
  const Properties properties(create.properties, kSourceProperties);
  auto source = std::make_shared<DataSource>();
  source->name = name;
  source->kind = create.kind == parser::SourceKind::Table ? SourceKind::Table : SourceKind::Stream;
  source->readOnly = create.readOnly;
  source->sql = statement_.text;
  const auto topic = properties.text("KAFKA_TOPIC");
  if (!topic) {
    throw StatementError("Missing required property \"KAFKA_TOPIC\" which has no default value.",
                         create.name.span);
  }
  source->topic = *topic;
  source->keyFormat = operators::findFormat(
      sessionProperty(kDefaultKeyFormat, executor_.settings_.defaultKeyFormat));
  source->valueFormat = operators::findFormat(
      sessionProperty(kDefaultValueFormat, executor_.settings_.defaultValueFormat));
  source->window = keyWindowOf(properties, create.name.span);
  source->ttl =
      timeToLiveOf(properties, source->isTable(), source->window.has_value(), create.name.span);
  applyFormats(properties, *source);
  if (source->valueFormat == nullptr) {
    throw StatementError(
        "Statement is missing the 'VALUE_FORMAT' property from the WITH clause. Either provide one "
        "or set a default via the 'ksql.persistence.default.format.value' config.",
        create.name.span);
  }
  if (create.elements.empty()) {
    throw StatementError(
        "No columns supplied. None of the formats of this statement supports schema inference.",
        create.name.span);
  }
  source->schema = bindElements(create, catalog());
  if (source->window && source->schema.numKeys() == 0) {
    throw StatementError("Windowed sources require a key column.",
                         properties.spanOf("WINDOW_TYPE", create.name.span));
  }
  applyWrapping(*source);
  checkFormats(*source);
  applyTimestamp(properties, *source);
  if (former != nullptr) {
    checkReplaced(create, *former, *source);
  }
  if (replayed_ == nullptr) {
    ensureTopic(source->topic, properties, std::nullopt, source->isTable(),
                properties.spanOf("KAFKA_TOPIC", span()));
  }
  addToCatalog(source);
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
