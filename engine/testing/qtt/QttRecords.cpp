// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttRecords.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <stdexcept>

#include "operators/data/Arena.h"
#include "operators/formats/Format.h"

namespace auspex::engine {
namespace {

using Kind = JsonTree::Kind;
using operators::Format;
using operators::FormatOptions;
using Columns = std::vector<operators::SchemaColumn>;

/// One side of a topic's records: which columns it holds and in which format.
struct Side {
  const char* name = "";
  const Format* format = nullptr;  // null: no stream or table is over the topic
  FormatOptions options;
  Columns columns;
  std::optional<operators::KeyWindow> window;  // of keys
};

Side sideOf(const queries::Catalog& catalog, const std::string& topic, bool isKey) {
  Side side;
  side.name = isKey ? "key" : "value";
  for (const auto& [name, source] : catalog.sources) {
    if (source->topic != topic) {
      continue;
    }
    const auto& all = source->schema.columns();
    const auto middle = all.begin() + static_cast<ptrdiff_t>(source->schema.numKeys());
    side.columns = isKey ? Columns(all.begin(), middle) : source->schema.storedValues();
    side.format = isKey ? source->keyFormat : source->valueFormat;
    side.options = isKey ? source->keyOptions : source->valueOptions;
    side.window = isKey ? source->window : std::nullopt;
    return side;
  }
  return side;
}

/// The bytes are the JSON text itself, or for DELIMITED the line.
bool isWrittenAsIs(const Side& side) {
  return side.format == nullptr || side.columns.empty() || side.format->name() == "JSON" ||
         side.format->name() == "DELIMITED" || side.format->name() == "NONE";
}

/// JSON with the same wrapping as the format has, for a way from texts to columns and back.
FormatOptions jsonOptions(const Side& side) {
  FormatOptions options = side.options;
  options.delimiter.clear();
  if (side.format->name() == "KAFKA") {
    options.wrapSingleValue = false;
  }
  return options;
}

/// Reads bytes of one format and writes them in another, over the same columns.
std::optional<std::string> convert(const Side& side, const std::string& bytes, const Format& from,
                                   const FormatOptions& fromOptions, const Format& to,
                                   const FormatOptions& toOptions) {
  const std::vector<std::optional<std::string_view>> rows{bytes};
  std::vector<operators::ColumnPtr> columns;
  std::vector<operators::FormatRowError> errors;
  const std::vector<bool> used(side.columns.size(), true);
  from.makeDecoder(side.columns, used, fromOptions)->decode(rows, nullptr, columns, errors);
  operators::Arena arena;
  std::vector<std::optional<std::string_view>> encoded;
  if (errors.empty()) {
    to.makeEncoder(side.columns, toOptions)->encode(columns, 1, arena, encoded, errors);
  }
  if (!errors.empty()) {
    throw std::runtime_error(fmt::format("the {} {} is not as {} would have it: {}", side.name,
                                         from.name() == "JSON" ? bytes : std::string("found"),
                                         side.format->name(), errors[0].message));
  }
  return encoded[0] ? std::optional<std::string>(*encoded[0]) : std::nullopt;
}

std::optional<std::string> toBytes(const Side& side, const JsonTree& tree) {
  if (tree.kind == Kind::Null) {
    return std::nullopt;
  }
  const bool isJson = side.format != nullptr && side.format->name() == "JSON";
  if (isWrittenAsIs(side)) {
    return tree.kind == Kind::String && !isJson ? tree.text : tree.toText();
  }
  const Format& json = *operators::findFormat("JSON");
  return convert(side, tree.toText(), json, jsonOptions(side), *side.format, side.options);
}

JsonTree textTree(std::string text) {
  JsonTree tree;
  tree.kind = Kind::String;
  tree.text = std::move(text);
  return tree;
}

JsonTree toTree(const Side& side, const std::optional<std::string>& bytes) {
  if (!bytes) {
    return {};
  }
  if (isWrittenAsIs(side)) {
    const bool isJson = side.format != nullptr && side.format->name() == "JSON";
    const std::optional<JsonTree> tree = isJson ? JsonTree::parse(*bytes) : std::nullopt;
    return tree ? *tree : textTree(*bytes);
  }
  const Format& json = *operators::findFormat("JSON");
  const std::optional<std::string> text =
      convert(side, *bytes, *side.format, side.options, json, jsonOptions(side));
  const std::optional<JsonTree> tree = text ? JsonTree::parse(*text) : std::nullopt;
  return tree ? *tree : JsonTree();
}

/// How numbers of the side are compared, where the format is not a text of its own.
std::optional<operators::SqlType> comparedType(const Side& side) {
  if (isWrittenAsIs(side)) {
    return std::nullopt;
  }
  const bool isAlone = side.columns.size() == 1 && side.format->name() == "KAFKA";
  if (isAlone || operators::isUnwrapped(side.columns, side.options)) {
    return side.columns[0].type;
  }
  std::vector<operators::StructField> fields;
  for (const operators::SchemaColumn& column : side.columns) {
    fields.push_back({column.name, column.type});
  }
  return operators::SqlType::structOf(std::move(fields));
}

void appendBigEndian(std::string& bytes, int64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes += static_cast<char>((static_cast<uint64_t>(value) >> shift) & 0xFF);
  }
}

/// The bytes of a windowed key end with its window, as Kafka Streams writes it.
void appendWindow(std::string& key, const QttWindow& window) {
  if (window.isSession) {
    appendBigEndian(key, window.end);
  }
  appendBigEndian(key, window.start);
}

}  // namespace

void ensureQttTopic(SimulatedBroker& broker, const std::string& topic, int32_t numPartitions) {
  if (!broker.topic(topic)) {
    broker.createTopic({topic, numPartitions, -1, {}});
  }
}

void writeQttRecord(SimulatedBroker& broker, const QttRecord& record,
                    const queries::Catalog& catalog) {
  std::optional<std::string> key = toBytes(sideOf(catalog, record.topic, true), record.key);
  const std::optional<std::string> value =
      toBytes(sideOf(catalog, record.topic, false), record.value);
  if (record.window) {
    key = key.value_or("");
    appendWindow(*key, *record.window);
  }
  operators::OutgoingRecord outgoing;
  outgoing.key = key ? std::optional<std::string_view>(*key) : std::nullopt;
  outgoing.value = value ? std::optional<std::string_view>(*value) : std::nullopt;
  outgoing.timestamp = record.timestamp.value_or(0);
  for (const auto& [name, bytes] : record.headers) {
    outgoing.headers.push_back(
        {name, bytes ? std::optional<std::string_view>(*bytes) : std::nullopt});
  }
  broker.append(record.topic, {&outgoing, 1});
}

std::vector<QttFound> readQttRecords(const SimulatedBroker& broker,
                                     const std::optional<TopicDescription>& topic,
                                     const queries::Catalog& catalog) {
  std::vector<QttFound> found;
  if (!topic) {
    return found;
  }
  std::vector<SimulatedRead> records;
  for (int32_t partition = 0; partition < topic->numPartitions; ++partition) {
    for (SimulatedRead& read : broker.records(topic->name, partition)) {
      records.push_back(std::move(read));
    }
  }
  std::sort(records.begin(), records.end(),
            [](const SimulatedRead& left, const SimulatedRead& right) {
              return left.record.sequence < right.record.sequence;
            });
  const Side keys = sideOf(catalog, topic->name, true);
  const Side values = sideOf(catalog, topic->name, false);
  for (const SimulatedRead& read : records) {
    QttFound& entry = found.emplace_back();
    entry.record.topic = topic->name;
    std::optional<std::string> key = read.record.key;
    if (key && keys.window) {
      std::string_view bytes = *key;
      if (const auto bounds = operators::takeBounds(bytes, *keys.window)) {
        entry.record.window = {bounds->start, bounds->end, keys.window->isSession()};
      }
      key = std::string(bytes);
    }
    entry.record.key = toTree(keys, key);
    entry.record.value = toTree(values, read.record.value);
    entry.record.timestamp = read.record.timestamp;
    entry.record.headers = read.record.headers;
    entry.keyType = comparedType(keys);
    entry.valueType = comparedType(values);
  }
  return found;
}

}  // namespace auspex::engine
