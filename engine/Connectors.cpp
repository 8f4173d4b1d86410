// SPDX-License-Identifier: Apache-2.0
#include "engine/Connectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "engine/connectors/FileSink.h"
#include "engine/connectors/FileSource.h"
#include "engine/connectors/LineReader.h"
#include "parser/NearestName.h"

namespace auspex::engine {
namespace {

const std::vector<std::string>& sourceProperties() {
  static const std::vector<std::string> names = {
      "connector.class", "path", "topic",  "key",       "partitions",
      "format",          "null", "follow", "timestamp", "timestamp.format"};
  return names;
}

const std::vector<std::string>& sinkProperties() {
  static const std::vector<std::string> names = {"connector.class", "path", "topic", "format"};
  return names;
}

/// Reads a connector's properties with messages that name them.
class ConnectorProperties {
 public:
  explicit ConnectorProperties(const queries::ConnectorDefinition& connector)
      : given_(connector.properties) {
    const auto& known = connector.isSource ? sourceProperties() : sinkProperties();
    for (const auto& [name, value] : given_) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        std::string message = fmt::format("unknown property '{}'", name);
        if (const auto nearest = parser::nearestName(name, known)) {
          message += fmt::format(". Did you mean '{}'?", *nearest);
        }
        throw std::runtime_error(message);
      }
    }
    if (text("connector.class").value_or("") != "file") {
      throw std::runtime_error(fmt::format("unknown connector.class '{}': 'file' is built in",
                                           text("connector.class").value_or("")));
    }
  }

  std::optional<std::string> text(const std::string& name) const {
    const auto found = given_.find(name);
    return found == given_.end() ? std::nullopt : std::optional(found->second);
  }
  std::string required(const std::string& name) const {
    const auto value = text(name);
    if (!value || value->empty()) {
      throw std::runtime_error(fmt::format("property '{}' is missing", name));
    }
    return *value;
  }
  bool flag(const std::string& name) const {
    const std::string value = text(name).value_or("false");
    if (value != "true" && value != "false") {
      throw std::runtime_error(fmt::format("'{}' must be true or false, not '{}'", name, value));
    }
    return value == "true";
  }

 private:
  const std::map<std::string, std::string>& given_;
};

std::filesystem::path resolvePath(const ConnectorProperties& properties,
                                  const queries::ConnectorDefinition& connector) {
  const std::filesystem::path path = properties.required("path");
  return path.is_absolute() ? path : connector.basePath / path;
}

/// csv or ndjson, by extension when the property is absent.
bool isCsv(const ConnectorProperties& properties, const std::filesystem::path& path) {
  const std::string format = properties.text("format").value_or(formatByExtension(path));
  if (format != "csv" && format != "ndjson") {
    throw std::runtime_error(fmt::format(
        "the format of '{}' is not clear: set 'format' to csv or ndjson", path.string()));
  }
  return format == "csv";
}

void checkPartitions(const ConnectorProperties& properties) {
  const auto text = properties.text("partitions");
  if (!text) {
    return;
  }
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < 1 || value > 10'000) {
    throw std::runtime_error(
        fmt::format("'partitions' must be a number from 1 to 10000, not '{}'", *text));
  }
}

FileSourceSettings sourceSettings(const queries::ConnectorDefinition& connector) {
  const ConnectorProperties properties(connector);
  FileSourceSettings settings;
  settings.name = connector.name;
  settings.path = resolvePath(properties, connector);
  settings.topic = properties.required("topic");
  settings.csv = isCsv(properties, settings.path);
  settings.key = properties.text("key");
  settings.timestamp = properties.text("timestamp");
  settings.nullText = properties.text("null");
  if (const auto format = properties.text("timestamp.format")) {
    settings.timestampFormat = operators::DatePattern::compile(*format);
    if (!settings.timestampFormat || !settings.timestamp) {
      throw std::runtime_error(settings.timestamp
                                   ? fmt::format("'{}' is no timestamp.format", *format)
                                   : "'timestamp.format' needs 'timestamp', the column it is for");
    }
  }
  settings.follow = properties.flag("follow");
  checkPartitions(properties);
  if (settings.follow && settings.path.extension() == ".gz") {
    throw std::runtime_error("a .gz file cannot be followed");
  }
  // Opening it says now what would otherwise be said in the middle of a run.
  const LineReader probe(settings.path, settings.csv);
  return settings;
}

FileSinkSettings sinkSettings(const queries::ConnectorDefinition& connector,
                              const ConnectorContext& context) {
  const ConnectorProperties properties(connector);
  FileSinkSettings settings;
  settings.name = connector.name;
  settings.path = resolvePath(properties, connector);
  settings.csv = isCsv(properties, settings.path);
  const std::string topic = properties.required("topic");
  settings.source = context.sourceOfTopic(topic);
  if (!settings.source) {
    throw std::runtime_error(
        fmt::format("no stream or table has topic '{}': declare it first, so that its columns are "
                    "known",
                    topic));
  }
  return settings;
}

}  // namespace

void checkConnector(const queries::ConnectorDefinition& connector) {
  if (connector.isSource) {
    sourceSettings(connector);
  } else {
    // A program is checked before its streams exist in the catalog of the engine: only what does
    // not depend on them.
    const ConnectorProperties properties(connector);
    isCsv(properties, resolvePath(properties, connector));
    properties.required("topic");
  }
}

ConnectorJob makeConnector(const queries::ConnectorDefinition& connector,
                           const ConnectorContext& context) {
  ConnectorJob made;
  if (connector.isSource) {
    FileSourceSettings settings = sourceSettings(connector);
    made.writes = {settings.topic};
    made.finite = !settings.follow;
    made.path = settings.path.string();
    auto job = std::make_unique<FileSource>(context.broker, context.serviceId, std::move(settings));
    made.counters = job->counters();
    made.job = std::move(job);
    return made;
  }
  FileSinkSettings settings = sinkSettings(connector, context);
  made.path = settings.path.string();
  made.job = std::make_unique<FileSink>(context.broker, context.ends, context.serviceId,
                                        std::move(settings), context.wakeup);
  return made;
}

}  // namespace auspex::engine
