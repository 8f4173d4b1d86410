// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/TopicRecords.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <string_view>

#include "engine/testing/JsonDifference.h"
#include "operators/data/KeyHash.h"
#include "operators/formats/Utf8.h"

namespace auspex::engine {
namespace {

using operators::SqlType;
using operators::TypeKind;

/// The stream or table over a topic; null when there is none.
const queries::DataSource* sourceOf(const queries::Catalog& catalog, const std::string& topic) {
  for (const auto& [name, source] : catalog.sources) {
    if (source->topic == topic) {
      return source.get();
    }
  }
  return nullptr;
}

/// The type of a key or value that the KAFKA format writes as a binary number.
std::optional<SqlType> binaryType(const queries::DataSource* source, bool isKey) {
  if (source == nullptr) {
    return std::nullopt;
  }
  const operators::Schema& schema = source->schema;
  const size_t count = isKey ? schema.numKeys() : schema.numValues();
  const operators::Format* const format = isKey ? source->keyFormat : source->valueFormat;
  if (count != 1 || format == nullptr || format->name() != "KAFKA") {
    return std::nullopt;
  }
  const SqlType& type = schema[isKey ? 0 : schema.numKeys()].type;
  const bool isBinary =
      type.is(TypeKind::Integer) || type.is(TypeKind::Bigint) || type.is(TypeKind::Double);
  return isBinary ? std::optional(type) : std::nullopt;
}

std::string bigEndian(uint64_t bits, size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    bytes[size - 1 - i] = static_cast<char>((bits >> (8 * i)) & 0xFF);
  }
  return bytes;
}

template <typename T>
T parseNumber(const std::string& text, size_t line) {
  T value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    throw TestFileError(line, fmt::format("'{}' is no number of the column's type", text));
  }
  return value;
}

std::optional<std::string> hexBytes(const std::string& text, size_t line) {
  if (!text.starts_with("x'") || !text.ends_with("'") || text.size() < 3) {
    return std::nullopt;
  }
  const std::string_view digits = std::string_view(text).substr(2, text.size() - 3);
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    uint8_t byte = 0;
    const std::string_view pair = digits.substr(i, 2);
    const auto parsed = std::from_chars(pair.data(), pair.data() + pair.size(), byte, 16);
    if (pair.size() != 2 || parsed.ptr != pair.data() + 2) {
      throw TestFileError(line, fmt::format("{} is no hexadecimal text", text));
    }
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::string toBytes(const std::string& text, const std::optional<SqlType>& type, size_t line) {
  if (auto bytes = hexBytes(text, line)) {
    return *bytes;
  }
  if (!type) {
    return text;
  }
  switch (type->kind()) {
    case TypeKind::Integer:
      return bigEndian(static_cast<uint32_t>(parseNumber<int32_t>(text, line)), 4);
    case TypeKind::Bigint:
      return bigEndian(static_cast<uint64_t>(parseNumber<int64_t>(text, line)), 8);
    default:
      return bigEndian(std::bit_cast<uint64_t>(parseNumber<double>(text, line)), 8);
  }
}

std::string toText(const std::string& bytes, const std::optional<SqlType>& type) {
  uint64_t bits = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<uint8_t>(c);
  }
  if (type && type->is(TypeKind::Integer) && bytes.size() == 4) {
    return fmt::format("{}", static_cast<int32_t>(bits));
  }
  if (type && type->is(TypeKind::Bigint) && bytes.size() == 8) {
    return fmt::format("{}", static_cast<int64_t>(bits));
  }
  if (type && type->is(TypeKind::Double) && bytes.size() == 8) {
    return fmt::format("{}", std::bit_cast<double>(bits));
  }
  const bool isText = operators::isUtf8(bytes) &&
                      std::none_of(bytes.begin(), bytes.end(),
                                   [](char c) { return static_cast<uint8_t>(c) < 0x20; });
  if (isText) {
    return bytes;
  }
  std::string hex = "x'";
  for (const char c : bytes) {
    hex += fmt::format("{:02x}", static_cast<uint8_t>(c));
  }
  return hex + "'";
}

std::string shownHeaders(const FoundRecord& record) {
  std::string text;
  for (const auto& [name, value] : record.headers) {
    text += fmt::format("{}\"{}\": {}", text.empty() ? "" : ", ", name,
                        value ? "\"" + *value + "\"" : "null");
  }
  return text;
}

}  // namespace

std::string FoundRecord::text() const {
  std::string text =
      fmt::format("{} | {} | @{}", key.value_or("null"), value.value_or("null"), timestamp);
  if (partition != 0) {
    text += fmt::format(" | partition {}", partition);
  }
  if (!headers.empty()) {
    text += fmt::format(" | headers {{{}}}", shownHeaders(*this));
  }
  return text;
}

std::string FoundRecord::headerText(const std::string& name) const {
  for (const auto& [key_, value_] : headers) {
    if (key_ == name) {
      return value_.value_or("");
    }
  }
  return "";
}

void TopicRecords::createTopic(const std::string& topic, int32_t numPartitions,
                               const std::map<std::string, std::string>& config) {
  if (!broker_.topic(topic)) {
    broker_.createTopic({topic, numPartitions, -1, config});
  }
}

void TopicRecords::write(const InputStep& input, const queries::Catalog& catalog) {
  createTopic(input.topic, 1);
  const int32_t numPartitions = broker_.topic(input.topic)->numPartitions;
  const queries::DataSource* const source = sourceOf(catalog, input.topic);
  for (const WrittenRecord& written : input.records) {
    std::optional<std::string> key;
    std::optional<std::string> value;
    if (written.key) {
      key = toBytes(*written.key, binaryType(source, true), written.line);
    }
    if (written.value) {
      value = toBytes(*written.value, binaryType(source, false), written.line);
    }
    operators::OutgoingRecord record;
    record.key = key ? std::optional<std::string_view>(*key) : std::nullopt;
    record.value = value ? std::optional<std::string_view>(*value) : std::nullopt;
    record.timestamp = written.timestamp.value_or(0);
    record.partition =
        written.partition.value_or(key ? operators::partitionOf(*key, numPartitions) : 0);
    if (record.partition < 0 || record.partition >= numPartitions) {
      throw TestFileError(written.line,
                          fmt::format("topic '{}' has {} partitions", input.topic, numPartitions));
    }
    const std::optional<JsonTree> headers =
        written.headers ? JsonTree::parse(*written.headers) : std::nullopt;
    if (headers) {
      for (const auto& [name, tree] : headers->members) {
        const bool isNull = tree.kind == JsonTree::Kind::Null;
        record.headers.push_back(
            {name, isNull ? std::nullopt : std::optional<std::string_view>(tree.text)});
      }
    }
    broker_.append(input.topic, {&record, 1});
  }
}

std::vector<FoundRecord> TopicRecords::takeNew(const std::string& topic,
                                               const queries::Catalog& catalog) {
  std::vector<size_t>& numTaken = numTaken_[topic];
  std::vector<FoundRecord> found;
  const auto description = broker_.topic(topic);
  if (!description) {
    return found;
  }
  const queries::DataSource* const source = sourceOf(catalog, topic);
  numTaken.resize(static_cast<size_t>(description->numPartitions), 0);
  std::vector<std::vector<SimulatedRead>> partitions;
  for (int32_t i = 0; i < description->numPartitions; ++i) {
    partitions.push_back(broker_.records(topic, i));
  }
  while (true) {
    std::optional<size_t> earliest;
    for (size_t i = 0; i < partitions.size(); ++i) {
      const auto timestampOf = [&](size_t partition) {
        return partitions[partition][numTaken[partition]].record.timestamp;
      };
      if (numTaken[i] < partitions[i].size() &&
          (!earliest || timestampOf(i) < timestampOf(*earliest))) {
        earliest = i;
      }
    }
    if (!earliest) {
      return found;
    }
    const SimulatedRecord& record = partitions[*earliest][numTaken[*earliest]++].record;
    FoundRecord& entry = found.emplace_back();
    if (record.key) {
      entry.key = toText(*record.key, binaryType(source, true));
    }
    if (record.value) {
      entry.value = toText(*record.value, binaryType(source, false));
    }
    entry.timestamp = record.timestamp;
    entry.partition = static_cast<int32_t>(*earliest);
    entry.headers = record.headers;
  }
}

std::vector<std::string> TopicRecords::readTopics() const {
  std::vector<std::string> topics;
  for (const auto& [topic, taken] : numTaken_) {
    topics.push_back(topic);
  }
  return topics;
}

}  // namespace auspex::engine
