// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttPost.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "operators/data/Ascii.h"
#include "operators/functions/regex/Regex.h"
#include "parser/Parser.h"
#include "queries/StatementError.h"
#include "queries/planning/TypeBinder.h"

namespace auspex::engine {
namespace {

using Kind = JsonTree::Kind;
using queries::DataSource;

std::string different(const std::string& what, const std::string& expected,
                      const std::string& found) {
  return fmt::format("    {}\n    expected: {}\n    found:    {}\n", what, expected, found);
}

/// The text of a schema as columns; what says PRIMARY KEY and what says KEY are the same.
operators::Schema parseSchema(const std::string& text, const queries::Catalog& catalog) {
  const auto parsed = parser::parse("CREATE STREAM S (" + text + ") WITH (KAFKA_TOPIC='t');");
  const auto& create = std::get<parser::CreateSource>(parsed.at(0).statement.node);
  std::vector<operators::SchemaColumn> columns;
  for (const parser::TableElement& element : create.elements) {
    const bool isKey =
        element.role == parser::ColumnRole::Key || element.role == parser::ColumnRole::PrimaryKey;
    columns.push_back({element.name.name, queries::bindType(element.type, catalog), isKey});
  }
  return operators::Schema(std::move(columns));
}

std::string textOf(const JsonTree& object, const char* name) {
  const JsonTree* const member = object.find(name);
  return member == nullptr ? "" : member->text;
}

/// A format is named by itself or as a member of an object.
std::string formatOf(const JsonTree& tree) {
  return tree.kind == Kind::Object ? textOf(tree, "format") : tree.text;
}

/// SerdeFeatures of one side, as ksqlDB names them.
std::set<std::string> featuresOf(const DataSource& source, bool isKey) {
  std::set<std::string> features;
  const operators::Format& format = isKey ? *source.keyFormat : *source.valueFormat;
  const size_t count = isKey ? source.schema.numKeys() : source.schema.numValues();
  // Formats that can hold a single value both ways say which one was chosen.
  const bool hasChoice = format.name() == "JSON" || format.name() == "PROTOBUF_NOSR";
  if (!hasChoice || count != 1) {
    return features;
  }
  if (isKey) {
    features.insert("UNWRAP_SINGLES");
  } else if (source.valueOptions.wrapSingleValue) {
    features.insert(*source.valueOptions.wrapSingleValue ? "WRAP_SINGLES" : "UNWRAP_SINGLES");
  }
  return features;
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return "[" + text + "]";
}

std::optional<std::string> checkFeatures(const JsonTree& expected, const char* member,
                                         const DataSource& source, bool isKey) {
  const JsonTree* const list = expected.find(member);
  if (list == nullptr || list->kind != Kind::Array) {
    return std::nullopt;
  }
  std::set<std::string> wanted;
  for (const JsonTree& feature : list->elements) {
    wanted.insert(feature.text);
  }
  const std::set<std::string> found = featuresOf(source, isKey);
  return wanted == found ? std::nullopt
                         : std::optional(different(fmt::format("{} of {}", member, source.name),
                                                   joined(wanted), joined(found)));
}

std::optional<std::string> checkKeyFormat(const JsonTree& expected, const DataSource& source) {
  const JsonTree* const format = expected.find("keyFormat");
  if (format == nullptr) {
    return std::nullopt;
  }
  const std::string wanted =
      fmt::format("{} {} {}", operators::asciiUpper(formatOf(*format)),
                  textOf(*format, "windowType"), textOf(*format, "windowSize"));
  const std::string found = fmt::format("{} {} {}", source.keyFormat->name(),
                                        source.window ? operators::nameOf(source.window->type) : "",
                                        source.window && !source.window->isSession()
                                            ? std::to_string(source.window->sizeMillis)
                                            : "");
  return wanted == found ? std::nullopt
                         : std::optional(different("key format of " + source.name, wanted, found));
}

std::optional<std::string> checkSource(const JsonTree& expected, const QttWorld& world) {
  const std::string name = textOf(expected, "name");
  const DataSource* source = world.catalog.findSource(name);
  source = source == nullptr ? world.catalog.findSource(operators::asciiUpper(name)) : source;
  if (source == nullptr) {
    return different("source", name, "no such stream or table");
  }
  const std::string type = operators::asciiUpper(textOf(expected, "type"));
  if (!type.empty() && type != source->kindName()) {
    return different("type of " + name, type, source->kindName());
  }
  if (const JsonTree* const schema = expected.find("schema");
      schema != nullptr && schema->kind == Kind::String) {
    const operators::Schema wanted = parseSchema(schema->text, world.catalog);
    if (!(wanted == source->schema)) {
      return different("schema of " + name, wanted.toString(), source->schema.toString());
    }
  }
  if (auto failure = checkKeyFormat(expected, *source)) {
    return failure;
  }
  const JsonTree* const valueFormat = expected.find("valueFormat");
  if (valueFormat != nullptr &&
      operators::asciiUpper(formatOf(*valueFormat)) != source->valueFormat->name()) {
    return different("value format of " + name, formatOf(*valueFormat),
                     std::string(source->valueFormat->name()));
  }
  if (auto failure = checkFeatures(expected, "keyFeatures", *source, true)) {
    return failure;
  }
  if (auto failure = checkFeatures(expected, "valueFeatures", *source, false)) {
    return failure;
  }
  const JsonTree* const isSource = expected.find("isSource");
  if (isSource != nullptr && (isSource->kind == Kind::True) != source->readOnly) {
    return different("isSource of " + name, isSource->toText(),
                     source->readOnly ? "true" : "false");
  }
  return std::nullopt;
}

/// Ends the names of topics with the rows of a table under other keys, which ksqlDB then keeps.
constexpr std::string_view kKeyedAnew = "SourceKeyed-SelectKey-repartition";

/// All topics that sources and queries use. State has one changelog a part here; ksqlDB has one
/// for each store, and it is by those names that cases ask.
std::set<std::string> knownTopics(const QttWorld& world) {
  std::set<std::string> topics;
  for (const auto& [name, source] : world.catalog.sources) {
    topics.insert(source->topic);
  }
  for (const auto& topology : world.topologies) {
    for (const operators::SubTopology& part : topology->parts) {
      for (const operators::SourceTopic& source : part.sources) {
        topics.insert(source.topic);
        const std::string_view topic = source.topic;
        if (topic.ends_with(kKeyedAnew)) {
          topics.insert(source.topic.substr(0, topic.size() - kKeyedAnew.size()) +
                        "SourceKeyed-Materialize-changelog");
        }
      }
      for (const operators::SinkTopic& sink : part.sinks) {
        topics.insert(sink.topic);
      }
      for (const operators::StoreDescription& store : part.stores) {
        const std::string operation =
            store.name.starts_with("Aggregate") ? "Aggregate-Aggregate-Materialize" : store.name;
        topics.insert(fmt::format("_confluent-ksql-{}query_{}-{}-changelog", world.serviceId,
                                  topology->queryId, operation));
      }
    }
  }
  return topics;
}

std::optional<std::string> checkBlacklist(const JsonTree& pattern,
                                          const std::set<std::string>& topics) {
  std::string error;
  const auto expression = operators::Regex::compile(pattern.text, error);
  if (!expression) {
    return different("topics", "a blacklist that is a regular expression", error);
  }
  operators::RegexMatch match;
  for (const std::string& topic : topics) {
    if (expression->search(topic, 0, match) == operators::Regex::Outcome::Found) {
      return different("topics", "none that matches " + pattern.text, topic);
    }
  }
  return std::nullopt;
}

std::optional<std::string> checkTopic(const JsonTree& expected, const QttWorld& world,
                                      const std::set<std::string>& topics) {
  const std::string name = textOf(expected, "name");
  if (!topics.contains(name)) {
    std::string all;
    for (const std::string& topic : topics) {
      all += (all.empty() ? "" : ", ") + topic;
    }
    return different("topic", name, all);
  }
  const auto description = world.broker.topic(name);
  const JsonTree* const partitions = expected.find("partitions");
  if (partitions != nullptr && description &&
      partitions->text != std::to_string(description->numPartitions)) {
    return different("partitions of topic " + name, partitions->text,
                     std::to_string(description->numPartitions));
  }
  for (const auto& [sourceName, source] : world.catalog.sources) {
    if (source->topic != name) {
      continue;
    }
    for (const bool isKey : {true, false}) {
      const JsonTree* const format = expected.find(isKey ? "keyFormat" : "valueFormat");
      const operators::Format& found = isKey ? *source->keyFormat : *source->valueFormat;
      if (format != nullptr && operators::asciiUpper(formatOf(*format)) != found.name()) {
        return different(fmt::format("{} format of topic {}", isKey ? "key" : "value", name),
                         formatOf(*format), std::string(found.name()));
      }
    }
  }
  for (const char* const member : {"keySchema", "valueSchema", "keySchemaId", "valueSchemaId"}) {
    if (expected.find(member) != nullptr) {
      return different(fmt::format("{} of topic {}", member, name), "one in the registry", "none");
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> failedPostCondition(const JsonTree& post, const QttWorld& world) {
  if (const JsonTree* const sources = post.find("sources")) {
    for (const JsonTree& source : sources->elements) {
      if (auto failure = checkSource(source, world)) {
        return failure;
      }
    }
  }
  const JsonTree* const topics = post.find("topics");
  if (topics == nullptr) {
    return std::nullopt;
  }
  const std::set<std::string> known = knownTopics(world);
  if (const JsonTree* const blacklist = topics->find("blacklist")) {
    if (auto failure = checkBlacklist(*blacklist, known)) {
      return failure;
    }
  }
  if (const JsonTree* const list = topics->find("topics")) {
    for (const JsonTree& topic : list->elements) {
      if (auto failure = checkTopic(topic, world, known)) {
        return failure;
      }
    }
  }
  return std::nullopt;
}

}  // namespace auspex::engine
