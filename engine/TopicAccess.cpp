// SPDX-License-Identifier: Apache-2.0
#include "engine/TopicAccess.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>

#include "engine/ResultCollector.h"
#include "engine/WallClock.h"
#include "operators/data/KeyHash.h"
#include "operators/expressions/Base64.h"
#include "operators/formats/Utf8.h"
#include "operators/formats/json/JsonText.h"
#include "operators/formats/json/JsonTree.h"

namespace auspex::engine {
namespace {

/// A JSON object or array as it is (but on one line), or nothing if the bytes are none.
std::optional<std::string> asJson(std::string_view bytes) {
  if (bytes.empty() || (bytes.front() != '{' && bytes.front() != '[')) {
    return std::nullopt;
  }
  const std::optional<operators::JsonTree> tree = operators::JsonTree::parse(bytes);
  if (!tree) {
    return std::nullopt;
  }
  return bytes.find_first_of("\r\n") == std::string_view::npos ? std::string(bytes)
                                                               : tree->toText();
}

/// Text as a JSON string, JSON as it is, other bytes as Base64.
void appendBytes(const std::optional<std::string_view>& bytes, bool mayBeJson, std::string& line) {
  if (!bytes) {
    line += "null";
  } else if (!operators::isUtf8(*bytes)) {
    line += "{\"base64\":\"" + operators::encodeBase64(*bytes) + "\"}";
  } else if (const auto json = mayBeJson ? asJson(*bytes) : std::nullopt) {
    line += *json;
  } else {
    operators::appendJsonString(line, *bytes);
  }
}

void writeRecord(const operators::FetchedRecords& fetched, const operators::Record& record,
                 std::ostream& output) {
  std::string line =
      fmt::format("{{\"partition\":{},\"offset\":{},\"timestamp\":{},\"key\":", fetched.partition,
                  record.offset, record.timestamp);
  appendBytes(record.key, true, line);
  line += ",\"value\":";
  appendBytes(record.value, true, line);
  if (!record.headers.empty()) {
    line += ",\"headers\":{";
    for (size_t i = 0; i < record.headers.size(); ++i) {
      line += i == 0 ? "" : ",";
      operators::appendJsonString(line, record.headers[i].key);
      line += ":";
      appendBytes(record.headers[i].value, false, line);
    }
    line += "}";
  }
  output << line << "}\n";
}

std::string missing(const std::string& topic) {
  return fmt::format("topic '{}' does not exist", topic);
}

}  // namespace

ExitCode writeTopicList(Broker& broker, std::ostream& output) {
  queries::TextTable table{{"Topic", "Partitions", "Records"}, {}};
  for (const std::string& name : broker.topics()) {
    const auto topic = broker.topic(name);
    int64_t records = 0;
    for (int32_t i = 0; topic && i < topic->numPartitions; ++i) {
      records +=
          broker.endOffset({name, i}, Isolation::ReadCommitted) - broker.beginOffset({name, i});
    }
    table.rows.push_back(
        {name, std::to_string(topic ? topic->numPartitions : 0), std::to_string(records)});
  }
  writeTable(table, output);
  return ExitCode::Success;
}

ExitCode writeTopicRecords(Broker& broker, const TopicReading& reading, std::ostream& output,
                           std::ostream& messages, const std::function<bool()>& stop) {
  const auto topic = broker.topic(reading.topic);
  if (!topic) {
    messages << "auspex: " << missing(reading.topic) << "\n";
    return ExitCode::WrongUsage;
  }
  const auto wakeup = std::make_shared<Wakeup>();
  int64_t left = reading.limit.value_or(std::numeric_limits<int64_t>::max());
  std::vector<std::unique_ptr<PartitionReader>> readers;
  std::vector<int64_t> ends;
  for (int32_t i = 0; i < topic->numPartitions; ++i) {
    const TopicPartition partition{reading.topic, i};
    ends.push_back(broker.endOffset(partition, Isolation::ReadCommitted));
    readers.push_back(
        broker.openReader(partition, reading.fromEnd ? ends.back() : broker.beginOffset(partition),
                          Isolation::ReadCommitted, wakeup));
  }
  bool open = true;
  while (open && left > 0 && !stop() && output) {
    open = reading.fromEnd;
    bool any = false;
    for (size_t i = 0; i < readers.size() && left > 0; ++i) {
      const auto fetched =
          readers[i]->poll(std::min<size_t>(kRecordsPerPoll, static_cast<size_t>(left)));
      for (size_t row = 0; fetched && row < fetched->records.size() && left > 0; ++row, --left) {
        writeRecord(*fetched, fetched->records[row], output);
      }
      any = any || fetched;
      open = open || readers[i]->position() < ends[i];
    }
    if (!any && open) {
      output.flush();
      wakeup->wait(std::chrono::milliseconds(50));
    }
  }
  output.flush();
  return ExitCode::Success;
}

LineProducer::LineProducer(Broker& broker, const std::string& transactionalId, std::string topic,
                           std::string keySeparator)
    : topic_(std::move(topic)), keySeparator_(std::move(keySeparator)) {
  const auto description = broker.topic(topic_);
  if (!description) {
    throw std::invalid_argument(missing(topic_));
  }
  numPartitions_ = description->numPartitions;
  producer_ = broker.openProducer(transactionalId);
}

void LineProducer::write(const std::vector<std::string>& lines) {
  const int64_t now = wallClock();
  std::vector<operators::OutgoingRecord> records;
  for (const std::string& line : lines) {
    operators::OutgoingRecord record;
    std::string_view value = line;
    const size_t cut = keySeparator_.empty() ? std::string::npos : line.find(keySeparator_);
    if (cut != std::string::npos) {
      record.key = value.substr(0, cut);
      value.remove_prefix(cut + keySeparator_.size());
      record.partition = operators::partitionOf(*record.key, numPartitions_);
    } else {
      record.partition = static_cast<int32_t>(numLines_ % static_cast<uint64_t>(numPartitions_));
    }
    record.value = value;
    record.timestamp = now;
    records.push_back(std::move(record));
    ++numLines_;
  }
  producer_->begin();
  try {
    producer_->send(topic_, records);
    producer_->commit();
  } catch (const BrokerError& error) {
    if (error.kind() != BrokerErrorKind::Ambiguous && error.kind() != BrokerErrorKind::Fatal) {
      producer_->abort();
    }
    throw;
  }
}

}  // namespace auspex::engine
