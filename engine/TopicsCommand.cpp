// SPDX-License-Identifier: Apache-2.0
#include "engine/TopicsCommand.h"

#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <vector>

#include "engine/BrokerHome.h"
#include "engine/ResultCollector.h"
#include "engine/Signals.h"
#include "operators/data/KeyHash.h"
#include "operators/expressions/Base64.h"
#include "operators/formats/Utf8.h"
#include "operators/formats/json/JsonText.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

constexpr size_t kFetch = 1024;

template <typename Action>
ExitCode guarded(const TopicsOptions& options, Action action) {
  try {
    BrokerHome home(options.engine);
    return action(*home.broker());
  } catch (const stateStore::StoreError& error) {
    std::cerr << "auspex: " << error.what() << "\n";
  } catch (const BrokerError& error) {
    std::cerr << "auspex: " << error.what() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "auspex: " << error.what() << "\n";
    return ExitCode::WrongUsage;
  }
  return ExitCode::Unavailable;
}

/// Text as a JSON string, JSON as it is, other bytes as Base64.
void appendBytes(const std::optional<std::string_view>& bytes, bool mayBeJson, std::string& line) {
  if (!bytes) {
    line += "null";
  } else if (!operators::isUtf8(*bytes)) {
    line += "{\"base64\":\"" + operators::encodeBase64(*bytes) + "\"}";
  } else if (mayBeJson && !bytes->empty() && (bytes->front() == '{' || bytes->front() == '[')) {
    line += *bytes;
  } else {
    operators::appendJsonString(line, *bytes);
  }
}

void printRecord(const operators::FetchedRecords& fetched, const operators::Record& record) {
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
  std::cout << line << "}\n";
}

ExitCode missing(const std::string& topic) {
  std::cerr << fmt::format("auspex: topic '{}' does not exist\n", topic);
  return ExitCode::WrongUsage;
}

}  // namespace

ExitCode listTopics(const TopicsOptions& options) {
  return guarded(options, [](Broker& broker) {
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
    writeTable(table, std::cout);
    return ExitCode::Success;
  });
}

ExitCode printTopic(const TopicsOptions& options) {
  return guarded(options, [&](Broker& broker) {
    const auto topic = broker.topic(options.topic);
    if (!topic) {
      return missing(options.topic);
    }
    const auto wakeup = std::make_shared<Wakeup>();
    int64_t left = options.limit.value_or(std::numeric_limits<int64_t>::max());
    std::vector<std::unique_ptr<PartitionReader>> readers;
    std::vector<int64_t> ends;
    for (int32_t i = 0; i < topic->numPartitions; ++i) {
      const TopicPartition partition{options.topic, i};
      ends.push_back(broker.endOffset(partition, Isolation::ReadCommitted));
      readers.push_back(broker.openReader(
          partition, options.fromEnd ? ends.back() : broker.beginOffset(partition),
          Isolation::ReadCommitted, wakeup));
    }
    bool open = true;
    while (open && left > 0 && !isInterrupted() && std::cout) {
      open = options.fromEnd;
      bool any = false;
      for (size_t i = 0; i < readers.size() && left > 0; ++i) {
        const auto fetched = readers[i]->poll(std::min<size_t>(kFetch, static_cast<size_t>(left)));
        for (size_t row = 0; fetched && row < fetched->records.size() && left > 0; ++row, --left) {
          printRecord(*fetched, fetched->records[row]);
        }
        any = any || fetched;
        open = open || readers[i]->position() < ends[i];
      }
      if (!any && open) {
        std::cout.flush();
        wakeup->wait(std::chrono::milliseconds(50));
      }
    }
    std::cout.flush();
    return ExitCode::Success;
  });
}

ExitCode produceTopic(const TopicsOptions& options) {
  return guarded(options, [&](Broker& broker) {
    const auto topic = broker.topic(options.topic);
    if (!topic) {
      return missing(options.topic);
    }
    const auto producer = broker.openProducer(options.engine.serviceId + "-produce");
    std::string line;
    uint64_t count = 0;
    bool more = true;
    while (more) {
      producer->begin();
      size_t inTransaction = 0;
      while (inTransaction < kFetch && (more = static_cast<bool>(std::getline(std::cin, line)))) {
        operators::OutgoingRecord record;
        std::string_view value = line;
        const size_t cut =
            options.keySeparator.empty() ? std::string::npos : line.find(options.keySeparator);
        if (cut != std::string::npos) {
          record.key = value.substr(0, cut);
          value.remove_prefix(cut + options.keySeparator.size());
          record.partition = operators::partitionOf(*record.key, topic->numPartitions);
        } else {
          record.partition =
              static_cast<int32_t>(count % static_cast<uint64_t>(topic->numPartitions));
        }
        record.value = value;
        record.timestamp = std::chrono::duration_cast<std::chrono::milliseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
        producer->send(options.topic, {&record, 1});
        ++inTransaction;
        ++count;
      }
      producer->commit();
    }
    std::cerr << fmt::format("{} records written to {}\n", count, options.topic);
    return ExitCode::Success;
  });
}

}  // namespace auspex::engine
