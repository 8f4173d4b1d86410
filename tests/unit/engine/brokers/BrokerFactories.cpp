// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/engine/brokers/BrokerFactories.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include "engine/brokers/local/LocalBroker.h"
#include "engine/brokers/simulated/SimulatedBroker.h"

namespace auspex::engine::test {
namespace {

// The directories stay until the process ends: a broker may write until its last moment.
std::unique_ptr<Broker> makeLocal(uint64_t segmentBytes) {
  static std::vector<std::unique_ptr<TemporaryDirectory>> directories;
  directories.push_back(std::make_unique<TemporaryDirectory>());
  LocalBrokerOptions options;
  options.journal.directory = directories.back()->path();
  options.journal.segmentBytes = segmentBytes;
  options.spillBytes = 512 * 1024;  // so that the tests with large records spill
  return std::make_unique<LocalBroker>(options);
}

std::vector<operators::OutgoingRecord> outgoing(int32_t partition,
                                                const std::vector<TextRecord>& records) {
  std::vector<operators::OutgoingRecord> made;
  for (const TextRecord& record : records) {
    operators::OutgoingRecord& out = made.emplace_back();
    out.partition = partition;
    out.key = record.key;
    out.value = record.value;
    out.timestamp = record.timestamp;
    for (const auto& [key, value] : record.headers) {
      out.headers.push_back({key, value});
    }
  }
  return made;
}

/// Polls as long as `wantsMore`, for some seconds at most.
template <typename Condition>
std::vector<TextRecord> readWhile(PartitionReader& reader, Wakeup& wakeup, Condition wantsMore) {
  std::vector<TextRecord> records;
  for (int idle = 0; wantsMore(records) && idle < 500;) {
    const auto fetched = reader.poll(3);
    if (fetched == nullptr) {
      wakeup.wait(std::chrono::milliseconds(10));
      ++idle;
      continue;
    }
    for (const operators::Record& record : fetched->records) {
      TextRecord& text = records.emplace_back();
      text.key = record.key;
      text.value = record.value;
      text.timestamp = record.timestamp;
      for (const operators::Header& header : record.headers) {
        text.headers.emplace_back(header.key, header.value);
      }
    }
  }
  return records;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  // In memory where that is possible: the tests sync often, and a disk would only make them slow.
  const std::filesystem::path memory = "/dev/shm";
  const std::filesystem::path parent =
      std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
  std::string name = (parent / "brokerTest-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("no temporary directory");
  }
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

const std::vector<BrokerFactory>& brokerFactories() {
  static const std::vector<BrokerFactory> factories = {
      {"simulated", [] { return std::make_unique<SimulatedBroker>(1); }},
      {"simulated, markers late",
       [] {
         auto broker = std::make_unique<SimulatedBroker>(2);
         Faults faults;
         faults.markerDelay = 5;
         broker->setFaults(faults);
         return broker;
       }},
      {"local", [] { return makeLocal(64 * 1024 * 1024); }},
      {"local, small segments", [] { return makeLocal(1000); }},
  };
  return factories;
}

std::string uniqueName(std::string_view prefix) {
  static std::atomic<uint64_t> count = 0;
  return fmt::format("{}-{}-{}", prefix, ::getpid(), ++count);
}

std::string createTopic(Broker& broker, int32_t numPartitions,
                        std::map<std::string, std::string> config) {
  TopicSpec spec;
  spec.name = uniqueName("topic");
  spec.numPartitions = numPartitions;
  spec.config = std::move(config);
  broker.createTopic(spec);
  return spec.name;
}

void send(TransactionalProducer& producer, const std::string& topic, int32_t partition,
          const std::vector<TextRecord>& records) {
  producer.send(topic, outgoing(partition, records));
}

void sendAtOnce(RecordProducer& producer, const std::string& topic, int32_t partition,
                const std::vector<TextRecord>& records) {
  producer.send(topic, outgoing(partition, records));
}

void produce(Broker& broker, const std::string& topic, int32_t partition,
             const std::vector<TextRecord>& records) {
  const auto producer = broker.openProducer(uniqueName("producer"));
  producer->begin();
  send(*producer, topic, partition, records);
  producer->commit();
}

std::vector<TextRecord> readToEnd(Broker& broker, const std::string& topic, int32_t partition,
                                  int64_t from) {
  // Up to the uncommitted end: commits whose markers are late belong to it.
  const int64_t end = broker.endOffset({topic, partition}, Isolation::ReadUncommitted);
  const auto wakeup = std::make_shared<Wakeup>();
  const auto reader = broker.openReader({topic, partition}, from, Isolation::ReadCommitted, wakeup);
  return readWhile(*reader, *wakeup, [&](const auto&) { return reader->position() < end; });
}

std::vector<TextRecord> awaitRecords(Broker& broker, const std::string& topic, int32_t partition,
                                     size_t numRecords, Isolation isolation) {
  const auto wakeup = std::make_shared<Wakeup>();
  const auto reader = broker.openReader({topic, partition}, 0, isolation, wakeup);
  return readWhile(*reader, *wakeup,
                   [&](const auto& records) { return records.size() < numRecords; });
}

std::vector<std::string> valuesOf(Broker& broker, const std::string& topic, int32_t partition,
                                  int64_t from) {
  std::vector<std::string> values;
  for (const TextRecord& record : readToEnd(broker, topic, partition, from)) {
    values.push_back(record.value.value_or("null"));
  }
  return values;
}

std::optional<BrokerErrorKind> errorOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const BrokerError& error) {
    return error.kind();
  }
  return std::nullopt;
}

}  // namespace auspex::engine::test
