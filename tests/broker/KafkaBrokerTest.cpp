// SPDX-License-Identifier: Apache-2.0
// What only a real Kafka broker shows. AUSPEX_TEST_KAFKA names it, AUSPEX_TEST_KAFKA_CONTROL is a
// command that takes "kill", "restart" or "alter TOPIC KEY=VALUE"; tests/suites/50-kafka-broker
// sets both.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "engine/brokers/kafka/KafkaBroker.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace auspex::engine::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using operators::OutgoingRecord;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  REQUIRE_MESSAGE(value != nullptr, name, " is not set");
  return value;
}

KafkaBrokerOptions makeOptions() {
  KafkaBrokerOptions options;
  options.bootstrapServers = environment("AUSPEX_TEST_KAFKA");
  options.unreachableTimeout = 60s;
  return options;
}

std::string unique(const std::string& prefix) {
  static int count = 0;
  return fmt::format("{}-{}-{}", prefix, ::getpid(), ++count);
}

void control(const std::string& command) {
  const std::string line = environment("AUSPEX_TEST_KAFKA_CONTROL") + " " + command;
  REQUIRE(std::system(line.c_str()) == 0);
}

void send(TransactionalProducer& producer, const std::string& topic, int32_t partition,
          const std::string& value, int64_t timestamp = 1) {
  OutgoingRecord record;
  record.partition = partition;
  record.value = value;
  record.timestamp = timestamp;
  producer.send(topic, {&record, 1});
}

/// Reads until `count` records have come or `patience` is over.
std::vector<std::string> readValues(Broker& broker, const TopicPartition& partition, size_t count,
                                    std::chrono::seconds patience = 30s) {
  const auto wakeup = std::make_shared<Wakeup>();
  const auto reader = broker.openReader(partition, 0, Isolation::ReadCommitted, wakeup);
  std::vector<std::string> values;
  const auto deadline = Clock::now() + patience;
  while (values.size() < count && Clock::now() < deadline) {
    const auto fetched = reader->poll(1024);
    if (!fetched) {
      wakeup->wait(10ms);
      continue;
    }
    for (const operators::Record& record : fetched->records) {
      values.emplace_back(record.value.value_or("null"));
    }
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

double peakMebibytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == "VmHWM:") {
      double kibibytes = 0;
      status >> kibibytes;
      return kibibytes / 1024;
    }
  }
  return -1;
}

}  // namespace

// The suite reads the topic with a client that is not ours.
TEST_CASE("transactions over eight partitions for a foreign client") {
  KafkaBroker broker(makeOptions());
  const std::string topic = environment("AUSPEX_TEST_TOPIC");
  broker.createTopic({topic, 8, -1, {}});
  const auto producer = broker.openProducer(unique("foreign"));
  for (int transaction = 0; transaction < 30; ++transaction) {
    producer->begin();
    for (int32_t partition = 0; partition < 8; ++partition) {
      send(*producer, topic, partition, fmt::format("t{}", transaction));
    }
    if (transaction % 3 == 2) {
      producer->abort();
    } else {
      producer->commit();
    }
  }
}

TEST_CASE("timestamps pass, but for 0") {
  KafkaBroker broker(makeOptions());
  const std::string topic = unique("timestamps");
  broker.createTopic({topic, 1, -1, {}});
  const std::vector<int64_t> given = {1, 1000, 999, 0, 253402300799999};
  const auto producer = broker.openProducer(unique("id"));
  producer->begin();
  for (const int64_t timestamp : given) {
    send(*producer, topic, 0, "v", timestamp);
  }
  producer->commit();
  const auto reader = broker.openReader({topic, 0}, 0, Isolation::ReadCommitted, nullptr);
  std::vector<int64_t> found;
  for (int i = 0; i < 1000 && found.size() < given.size(); ++i) {
    if (const auto fetched = reader->poll(10)) {
      for (const operators::Record& record : fetched->records) {
        found.push_back(record.timestamp);
      }
    }
    std::this_thread::sleep_for(5ms);
  }
  CHECK(found == std::vector<int64_t>{1, 1000, 999, 1, 253402300799999});
  CHECK(broker.topic(topic)->retentionMs == -1);  // created to keep event time of any age
}

TEST_CASE("keys, values and headers of all sizes come back as they were") {
  KafkaBroker broker(makeOptions());
  const std::string topic = unique("bytes");
  broker.createTopic({topic, 1, -1, {}});
  const std::string large(1'000'000, 'x');
  const std::string binary("\0\xff\n", 3);
  std::vector<OutgoingRecord> given(9);
  given[1].key = "key only";
  given[2].value = "value only";
  given[3].key = "";
  given[3].value = "";
  given[4].key = binary;
  given[4].value = binary;
  given[5].headers = {{"a", "1"}, {"a", "again"}, {"null", std::nullopt}, {"empty", ""}};
  given[6].value = large;
  given[7].key = "after";
  given[7].value = "another";
  given[8] = given[7];
  given[8].headers = {{"last", "of all"}};
  for (OutgoingRecord& record : given) {
    record.timestamp = 1;
  }
  const auto producer = broker.openProducer(unique("id"));
  producer->begin();
  producer->send(topic, given);
  producer->send(topic, {&given[6], 1});
  producer->commit();
  given.push_back(given[6]);
  const auto wakeup = std::make_shared<Wakeup>();
  const auto reader = broker.openReader({topic, 0}, 0, Isolation::ReadCommitted, wakeup);
  std::vector<std::shared_ptr<const operators::FetchedRecords>> kept;
  size_t index = 0;
  for (int i = 0; i < 1000 && index < given.size(); ++i) {
    kept.push_back(reader->poll(3));
    if (!kept.back()) {
      wakeup->wait(10ms);
      continue;
    }
    for (const operators::Record& record : kept.back()->records) {
      CAPTURE(index);
      REQUIRE(index < given.size());
      const OutgoingRecord& expected = given[index++];
      CHECK(record.key == expected.key);
      CHECK((record.value == expected.value));  // not printed: it may be large
      REQUIRE(record.headers.size() == expected.headers.size());
      for (size_t h = 0; h < record.headers.size(); ++h) {
        CHECK(record.headers[h].key == expected.headers[h].key);
        CHECK(record.headers[h].value == expected.headers[h].value);
      }
    }
  }
  CHECK(index == given.size());
}

TEST_CASE("topics with a small max.message.bytes get small batches") {
  KafkaBroker broker(makeOptions());
  const std::string topic = unique("narrow");
  broker.createTopic({topic, 1, -1, {{"max.message.bytes", "2000"}}});
  const auto producer = broker.openProducer(unique("id"));
  producer->begin();
  const std::string value(700, 'x');
  for (int i = 0; i < 20; ++i) {
    send(*producer, topic, 0, value);
  }
  producer->commit();
  CHECK(readValues(broker, {topic, 0}, 20).size() == 20);
}

TEST_CASE("several readers of one partition, of both isolations") {
  KafkaBroker broker(makeOptions());
  const std::string topic = unique("shared");
  broker.createTopic({topic, 1, -1, {}});
  const auto producer = broker.openProducer(unique("id"));
  producer->begin();
  send(*producer, topic, 0, "committed");
  producer->commit();
  producer->begin();
  send(*producer, topic, 0, "open");
  std::vector<std::unique_ptr<PartitionReader>> readers;
  for (int i = 0; i < 3; ++i) {
    readers.push_back(broker.openReader({topic, 0}, 0, Isolation::ReadCommitted, nullptr));
  }
  readers.push_back(broker.openReader({topic, 0}, 0, Isolation::ReadUncommitted, nullptr));
  std::vector<size_t> counts(readers.size());
  for (int round = 0; round < 400; ++round) {
    for (size_t i = 0; i < readers.size(); ++i) {
      const auto fetched = readers[i]->poll(10);
      counts[i] += fetched ? fetched->records.size() : 0;
    }
    std::this_thread::sleep_for(5ms);
  }
  CHECK(counts == std::vector<size_t>{1, 1, 1, 2});
  producer->abort();
}

TEST_CASE("a reader that was full goes on at once") {
  KafkaBroker broker(makeOptions());
  const std::string topic = unique("full");
  broker.createTopic({topic, 1, -1, {}});
  const auto producer = broker.openProducer(unique("id"));
  constexpr size_t kRecords = 120'000;
  producer->begin();
  for (size_t i = 0; i < kRecords; ++i) {
    send(*producer, topic, 0, "twenty bytes of text");
  }
  producer->commit();
  const auto wakeup = std::make_shared<Wakeup>();
  const auto reader = broker.openReader({topic, 0}, 0, Isolation::ReadCommitted, wakeup);
  size_t numRead = 0;
  const auto start = Clock::now();
  while (numRead < kRecords && Clock::now() - start < 60s) {
    // Slower than the broker, so that the queue is full most of the time.
    std::this_thread::sleep_for(5ms);
    const auto fetched = reader->poll(1024);
    numRead += fetched ? fetched->records.size() : 0;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  MESSAGE("120000 records in ", seconds, " s");
  CHECK(numRead == kRecords);
  CHECK(seconds < 8);  // 0.6 s of sleep; with a stall of 1 s whenever it is full, some 14 s
}

TEST_CASE("memory stays bounded while 100 MB pass") {
  KafkaBroker broker(makeOptions());
  const std::string from = unique("from");
  const std::string to = unique("to");
  broker.createTopic({from, 4, -1, {}});
  broker.createTopic({to, 4, -1, {}});
  const std::string value(250, 'v');
  constexpr size_t kRecords = 400'000;
  {
    const auto producer = broker.openProducer(unique("id"));
    std::vector<OutgoingRecord> records(1000);
    producer->begin();
    for (size_t done = 0; done < kRecords; done += records.size()) {
      for (size_t i = 0; i < records.size(); ++i) {
        records[i].partition = static_cast<int32_t>(i % 4);
        records[i].value = value;
        records[i].timestamp = 1;
      }
      producer->send(from, records);
      if (done % 50'000 == 0) {
        producer->commit();
        producer->begin();
      }
    }
    producer->commit();
  }
  const auto wakeup = std::make_shared<Wakeup>();
  std::vector<std::unique_ptr<PartitionReader>> readers;
  for (int32_t partition = 0; partition < 4; ++partition) {
    readers.push_back(broker.openReader({from, partition}, 0, Isolation::ReadCommitted, wakeup));
  }
  const auto producer = broker.openProducer(unique("id"));
  size_t copied = 0;
  auto lastCommit = Clock::now();
  producer->begin();
  while (copied < kRecords && Clock::now() - lastCommit < 30s) {
    bool worked = false;
    for (const auto& reader : readers) {
      const auto fetched = reader->poll(1024);
      if (!fetched) {
        continue;
      }
      std::vector<OutgoingRecord> records(fetched->records.size());
      for (size_t i = 0; i < records.size(); ++i) {
        records[i].partition = fetched->partition;
        records[i].value = fetched->records[i].value;
        records[i].timestamp = fetched->records[i].timestamp;
      }
      producer->send(to, records);
      copied += records.size();
      worked = true;
    }
    if (worked && Clock::now() - lastCommit > 100ms) {
      producer->commit();
      producer->begin();
      lastCommit = Clock::now();
    }
    if (!worked) {
      wakeup->wait(10ms);
    }
  }
  producer->commit();
  CHECK(copied == kRecords);
  MESSAGE("peak ", peakMebibytes(), " MiB");
  CHECK(peakMebibytes() < 250);
}

TEST_CASE("no broker: waits, says so, and can be stopped") {
  KafkaBrokerOptions options = makeOptions();
  options.bootstrapServers = "127.0.0.1:1";
  options.unreachableTimeout = 3s;
  std::vector<std::string> lines;
  options.onWaiting = [&](const std::string& line) { lines.push_back(line); };
  {
    KafkaBroker broker(options);
    const auto start = Clock::now();
    CHECK(errorOf([&] { broker.topic("any"); }) == BrokerErrorKind::Unavailable);
    CHECK(Clock::now() - start >= 3s);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("waiting for Kafka at 127.0.0.1:1 to look up topic any") == 0);
  }
  std::atomic<bool> stop = false;
  options.unreachableTimeout = 0s;
  options.stopWaiting = [&] { return stop.load(); };
  KafkaBroker broker(options);
  std::jthread stopper([&] {
    std::this_thread::sleep_for(500ms);
    stop = true;
  });
  const auto start = Clock::now();
  CHECK(errorOf([&] { broker.openProducer("any"); }) == BrokerErrorKind::Unavailable);
  CHECK(Clock::now() - start < 4s);
}

TEST_CASE("properties that librdkafka does not take are named") {
  KafkaBrokerOptions options = makeOptions();
  options.properties["no.such.property"] = "1";
  try {
    const KafkaBroker broker(options);
    FAIL("taken");
  } catch (const BrokerError& error) {
    CHECK(error.kind() == BrokerErrorKind::Fatal);
    CHECK(std::string(error.what()).find("no.such.property") != std::string::npos);
  }
}

TEST_CASE("a transaction that the coordinator timed out is not fenced") {
  KafkaBrokerOptions options = makeOptions();
  options.transactionTimeout = 2s;
  KafkaBroker broker(options);
  const std::string topic = unique("slow");
  broker.createTopic({topic, 1, -1, {}});
  const auto producer = broker.openProducer(unique("id"));
  producer->begin();
  send(*producer, topic, 0, "too late");
  std::this_thread::sleep_for(6s);
  const std::optional<BrokerErrorKind> kind = errorOf([&] { producer->commit(); });
  REQUIRE(kind.has_value());
  CHECK((*kind == BrokerErrorKind::Ambiguous || *kind == BrokerErrorKind::Abortable));
  producer->abort();
  producer->begin();
  send(*producer, topic, 0, "in time");
  producer->commit();
  CHECK(readValues(broker, {topic, 0}, 1) == std::vector<std::string>{"in time"});
}

TEST_CASE("a member that the group has given up cannot commit offsets") {
  KafkaBrokerOptions options = makeOptions();
  options.sessionTimeout = 6s;
  options.properties["max.poll.interval.ms"] = "6000";
  KafkaBroker broker(options);
  const std::string topic = unique("anchor");
  broker.createTopic({topic, 2, -1, {}});
  const std::string group = unique("group");
  const auto member = broker.join({group, {topic}, "", nullptr});
  size_t numAssigned = 0;
  for (int i = 0; i < 1000 && numAssigned < 2; ++i) {
    const auto change = member->poll();
    numAssigned += change ? change->assigned.size() : 0;
    std::this_thread::sleep_for(10ms);
  }
  REQUIRE(numAssigned == 2);
  const auto producer = broker.openProducer(unique("id"));
  producer->begin();
  producer->sendOffsets(*member, {{{topic, 0}, 3}});
  producer->commit();
  std::this_thread::sleep_for(8s);  // without poll()
  producer->begin();
  CHECK(errorOf([&] {
          producer->sendOffsets(*member, {{{topic, 0}, 4}});
        }) == BrokerErrorKind::Abortable);
  producer->abort();
  CHECK(broker.committedOffsets(group, {{topic, 0}}) == Offsets{{{topic, 0}, 3}});
  const auto change = member->poll();
  REQUIRE(change.has_value());
  CHECK(change->lost);
  CHECK(change->revoked.size() == 2);
}

TEST_CASE("a static member that restarts has its partitions at once and fences its earlier self") {
  KafkaBroker broker(makeOptions());
  const std::string topic = unique("anchor");
  broker.createTopic({topic, 4, -1, {}});
  const std::string group = unique("group");
  const auto owned = [&](Membership& membership) {
    size_t count = 0;
    for (int i = 0; i < 3000 && count < 4; ++i) {
      const auto change = membership.poll();
      count += change ? change->assigned.size() : 0;
      std::this_thread::sleep_for(10ms);
    }
    return count;
  };
  const auto join = [&] { return broker.join({group, {topic}, "instance", nullptr}); };
  {
    const auto member = join();
    CHECK(owned(*member) == 4);
  }
  const auto start = Clock::now();
  const auto earlier = join();
  CHECK(owned(*earlier) == 4);
  CHECK(Clock::now() - start < 6s);  // the session takes 10 s to time out
  const auto later = join();
  CHECK(owned(*later) == 4);
  std::optional<BrokerErrorKind> kind;
  for (int i = 0; i < 1000 && !kind; ++i) {
    kind = errorOf([&] { earlier->poll(); });
    std::this_thread::sleep_for(10ms);
  }
  CHECK(kind == BrokerErrorKind::Fenced);
}

TEST_CASE("a record that only the broker finds too large takes its transaction back, no more") {
  KafkaBroker broker(makeOptions());
  const std::string topic = unique("refused");
  broker.createTopic({topic, 1, -1, {}});
  const auto producer = broker.openProducer(unique("refused-writer"));
  producer->begin();
  send(*producer, topic, 0, "first");
  producer->commit();
  control("alter " + topic + " max.message.bytes=300");  // the producer has seen 1 MB
  const auto writeLarge = [&] {
    producer->begin();
    send(*producer, topic, 0, "with it");
    send(*producer, topic, 0, std::string(1000, 'x'));
    producer->commit();
  };
  CHECK(errorOf(writeLarge) == BrokerErrorKind::Refused);
  producer->abort();
  producer->begin();
  send(*producer, topic, 0, "last");
  producer->commit();
  CHECK(readValues(broker, {topic, 0}, 2) == std::vector<std::string>{"first", "last"});
}

namespace {

/// Copies numbers as a task does: records and progress in one transaction, and after any error back
/// to what the group's offsets say.
class Writer {
 public:
  Writer(Broker& broker, std::string topic, std::string id)
      : broker_(broker), topic_(std::move(topic)), id_(std::move(id)) {}

  void writeUpTo(int64_t end) {
    while (next_ < end) {
      try {
        writeOnce();
      } catch (const BrokerError& error) {
        MESSAGE("kind ", static_cast<int>(error.kind()), ": ", std::string(error.what()));
        REQUIRE(error.kind() != BrokerErrorKind::Fenced);
        REQUIRE(error.kind() != BrokerErrorKind::Fatal);
        ++numErrors;
        producer_.reset();
        producer_ = broker_.openProducer(id_);
        const Offsets offsets = broker_.committedOffsets(id_, {{topic_, 0}});
        next_ = offsets.empty() ? 0 : offsets.begin()->second;
      }
    }
  }
  int numErrors = 0;

 private:
  void writeOnce() {
    if (!producer_) {
      producer_ = broker_.openProducer(id_);
    }
    producer_->begin();
    for (int64_t number = next_; number < next_ + 10; ++number) {
      send(*producer_, topic_, static_cast<int32_t>(number % 2), fmt::format("{}", number));
    }
    producer_->sendOffsets(id_, {{{topic_, 0}, next_ + 10}});
    producer_->commit();
    next_ += 10;
  }

  Broker& broker_;
  const std::string topic_;
  const std::string id_;
  std::unique_ptr<TransactionalProducer> producer_;
  int64_t next_ = 0;
};

}  // namespace

TEST_CASE("a broker that is killed and comes back loses and doubles nothing") {
  KafkaBrokerOptions options = makeOptions();
  options.transactionTimeout = 5s;  // shorter than the outage of the second round
  KafkaBroker broker(options);
  const std::string topic = unique("outage");
  broker.createTopic({topic, 2, -1, {}});
  constexpr int64_t kNumbers = 3000;
  std::atomic<bool> done = false;
  std::atomic<bool> all = false;
  std::vector<std::string> seen;
  std::jthread reading([&](const std::stop_token& stop) {  // one reader through all outages
    const auto wakeup = std::make_shared<Wakeup>();
    const auto reader = broker.openReader({topic, 0}, 0, Isolation::ReadCommitted, wakeup);
    while (!stop.stop_requested() && (!done || seen.size() < kNumbers / 2)) {
      if (const auto fetched = reader->poll(100)) {
        for (const operators::Record& record : fetched->records) {
          seen.emplace_back(*record.value);
        }
      } else {
        wakeup->wait(20ms);
      }
    }
    all = true;
  });
  std::jthread killing([&] {
    for (const auto outage : {1s, 8s}) {
      std::this_thread::sleep_for(2s);
      control("kill");
      std::this_thread::sleep_for(outage);
      control("restart");
    }
    done = true;
  });
  Writer writer(broker, topic, unique("writer"));
  int64_t written = 0;
  while (written < kNumbers || !done) {
    written = std::min(written + 10, kNumbers);
    writer.writeUpTo(written);
    std::this_thread::sleep_for(done ? 0ms : 15ms);
  }
  killing.join();
  for (int i = 0; i < 600 && !all; ++i) {
    std::this_thread::sleep_for(50ms);
  }
  reading.request_stop();
  reading.join();
  std::vector<std::string> expected;
  for (int64_t number = 0; number < kNumbers; number += 2) {
    expected.push_back(fmt::format("{}", number));
  }
  CHECK(seen == expected);
  CHECK(readValues(broker, {topic, 0}, expected.size()) == expected);
  CHECK(readValues(broker, {topic, 1}, expected.size()).size() == expected.size());
  MESSAGE("errors on the way: ", writer.numErrors);
}

}  // namespace auspex::engine::test
