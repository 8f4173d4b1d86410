// SPDX-License-Identifier: Apache-2.0
// What is special to the embedded broker while it runs: reopening, segments, retention, full disks.
#include "engine/brokers/local/LocalBroker.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "tests/unit/engine/brokers/BrokerFactories.h"

namespace auspex::engine::test {
namespace {

using Values = std::vector<std::string>;

LocalBrokerOptions optionsIn(const TemporaryDirectory& directory) {
  LocalBrokerOptions options;
  options.journal.directory = directory.path() / "journal";
  options.maintenanceInterval = std::chrono::milliseconds(0);
  return options;
}

size_t numFiles(const LocalBrokerOptions& options, const std::string& suffix) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(options.journal.directory)) {
    count += entry.path().extension() == suffix ? 1 : 0;
  }
  return count;
}

Values numbered(int from, int to) {
  Values values;
  for (int i = from; i < to; ++i) {
    values.push_back(fmt::format("{}", i));
  }
  return values;
}

void produceNumbered(Broker& broker, const std::string& topic, int from, int to) {
  const auto producer = broker.openProducer("numbers");
  for (int i = from; i < to; ++i) {
    producer->begin();
    send(*producer, topic, 0, {{"key", fmt::format("{}", i), i}});
    producer->sendOffsets("group", {{{"input", 0}, i + 1}});
    producer->commit();
  }
}

}  // namespace

TEST_CASE("everything is there after reopening") {
  const TemporaryDirectory directory;
  for (const uint64_t segmentBytes : {uint64_t{1} << 26, uint64_t{700}}) {
    CAPTURE(segmentBytes);
    LocalBrokerOptions options = optionsIn(directory);
    options.journal.directory /= fmt::format("{}", segmentBytes);
    options.journal.segmentBytes = segmentBytes;
    std::string topic;
    std::string gone;
    const std::vector<TextRecord> odd = {{std::nullopt, "a", 5, {{"h", std::nullopt}}},
                                         {"k", std::nullopt, 6}};
    {
      LocalBroker broker(options);
      topic = createTopic(broker, 2, {{"cleanup.policy", "compact,delete"}});
      gone = createTopic(broker);
      produceNumbered(broker, topic, 0, 20);
      produce(broker, topic, 1, {{"k", std::nullopt, 6, {{"h", std::nullopt}}}});
      produce(broker, gone, 0, odd);
      broker.deleteRecords({topic, 0}, 3);
      broker.deleteTopic(gone);
    }
    for (int round = 0; round < 3; ++round) {
      LocalBroker broker(options);
      CHECK(broker.topics() == Values{topic});
      CHECK(broker.topic(topic)->compacted);
      CHECK(broker.topic(topic)->numPartitions == 2);
      CHECK(broker.beginOffset({topic, 0}) == 3);
      CHECK(valuesOf(broker, topic, 0, 3) == numbered(3, 20 + round));
      CHECK(readToEnd(broker, topic, 1) ==
            std::vector<TextRecord>{{"k", std::nullopt, 6, {{"h", std::nullopt}}}});
      CHECK(broker.committedOffsets("group", {{"input", 0}}) ==
            Offsets{{{"input", 0}, 20 + round}});
      produceNumbered(broker, topic, 20 + round, 21 + round);
    }
    {
      LocalBroker broker(options);  // ids are not used twice
      const std::string next = createTopic(broker);
      CHECK(valuesOf(broker, next, 0).empty());
    }
  }
}

TEST_CASE("a lost index file is made again from its segment") {
  const TemporaryDirectory directory;
  LocalBrokerOptions options = optionsIn(directory);
  options.journal.segmentBytes = 500;
  std::string topic;
  {
    LocalBroker broker(options);
    topic = createTopic(broker);
    produceNumbered(broker, topic, 0, 30);
  }
  REQUIRE(numFiles(options, ".index") > 2);
  bool remove = true;
  for (const auto& entry : std::filesystem::directory_iterator(options.journal.directory)) {
    if (entry.path().extension() == ".index") {
      if (remove) {
        std::filesystem::remove(entry.path());
      } else {
        std::ofstream(entry.path(), std::ios::app) << "damage";
      }
      remove = !remove;
    }
  }
  LocalBroker broker(options);
  CHECK(valuesOf(broker, topic, 0) == numbered(0, 30));
}

TEST_CASE("segments with nothing live are given back") {
  const TemporaryDirectory directory;
  LocalBrokerOptions options = optionsIn(directory);
  options.journal.segmentBytes = 500;
  LocalBroker broker(options);
  const std::string kept = createTopic(broker);
  const std::string deleted = createTopic(broker);
  produce(broker, kept, 0, {{"k", "early", 0}});
  produceNumbered(broker, deleted, 0, 40);
  const size_t before = numFiles(options, ".log");
  REQUIRE(before > 5);
  broker.maintain();
  CHECK(numFiles(options, ".log") == before);

  const auto slow = broker.openReader({deleted, 0}, 0, Isolation::ReadCommitted, nullptr);
  REQUIRE(slow->poll(1) != nullptr);
  broker.deleteRecords({deleted, 0}, 20);
  broker.maintain();
  const size_t half = numFiles(options, ".log");
  CHECK(half < before);
  CHECK(errorOf([&] { slow->poll(1); }) == BrokerErrorKind::OutOfRange);
  CHECK(valuesOf(broker, deleted, 0, 20) == numbered(20, 40));

  broker.deleteTopic(deleted);
  broker.maintain();
  CHECK(numFiles(options, ".log") == 2);  // the newest, and the one with the early record
  CHECK(numFiles(options, ".index") == 1);
  CHECK(valuesOf(broker, kept, 0) == Values{"early"});
}

TEST_CASE("retention by time and by size works on whole segments") {
  struct Case {
    std::string setting;
    std::string value;
    bool drops;
  };
  const std::vector<Case> cases = {{"retention.ms", "1000", true},
                                   {"retention.ms", "-1", false},
                                   {"retention.ms", "100000", false},
                                   {"retention.bytes", "300", true},
                                   {"retention.bytes", "1000000", false}};
  for (const Case& item : cases) {
    CAPTURE(item.setting);
    CAPTURE(item.value);
    const TemporaryDirectory directory;
    LocalBrokerOptions options = optionsIn(directory);
    options.journal.segmentBytes = 500;
    options.now = [] { return int64_t{1020}; };  // records have the times 0 to 39
    std::string topic;
    {
      LocalBroker broker(options);
      topic = createTopic(broker, 1, {{item.setting, item.value}});
      produceNumbered(broker, topic, 0, 40);
      broker.maintain();
      const int64_t begin = broker.beginOffset({topic, 0});
      CHECK((begin > 0) == item.drops);
      CHECK(begin < 40);
      if (item.setting == "retention.ms") {
        CHECK(begin <= 20);  // newer ones stay
      }
      CHECK(valuesOf(broker, topic, 0, begin) == numbered(static_cast<int>(begin), 40));
    }
    LocalBroker broker(options);
    CHECK((broker.beginOffset({topic, 0}) > 0) == item.drops);
    CHECK(valuesOf(broker, topic, 0, broker.beginOffset({topic, 0})).back() == "39");
  }
}

TEST_CASE("LogAppendTime overwrites timestamps") {
  const TemporaryDirectory directory;
  LocalBrokerOptions options = optionsIn(directory);
  options.now = [] { return int64_t{777}; };
  LocalBroker broker(options);
  const std::string topic = createTopic(broker, 1, {{"message.timestamp.type", "LogAppendTime"}});
  CHECK(broker.topic(topic)->logAppendTime);
  produce(broker, topic, 0, {{"k", "v", 5}});
  CHECK(readToEnd(broker, topic, 0).at(0).timestamp == 777);
}

// A limit on file sizes stands for a full disk: the write ends in the middle of a frame.
TEST_CASE("a full disk aborts the transaction and spoils nothing") {
  for (const size_t spillBytes : {size_t{100}, size_t{1} << 20}) {
    CAPTURE(spillBytes);
    const TemporaryDirectory directory;
    LocalBrokerOptions options = optionsIn(directory);
    options.spillBytes = spillBytes;
    std::string topic;
    {
      LocalBroker broker(options);
      topic = createTopic(broker);
      produceNumbered(broker, topic, 0, 3);
      const auto producer = broker.openProducer("large");
      producer->begin();

      rlimit before{};
      REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
      const auto oldHandler = std::signal(SIGXFSZ, SIG_IGN);
      rlimit limit = before;
      limit.rlim_cur = 20000;
      REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
      const std::vector<TextRecord> large = {{"k", std::string(15000, 'x'), 0},
                                             {"k", std::string(15000, 'y'), 0}};
      CHECK(errorOf([&] {
              send(*producer, topic, 0, large);
              producer->commit();
            }) == BrokerErrorKind::Unavailable);
      // A commit may be tried again; what failed while it was gathered may not.
      CHECK(errorOf([&] { producer->commit(); }) ==
            (spillBytes == 100 ? BrokerErrorKind::Abortable : BrokerErrorKind::Unavailable));
      producer->abort();
      CHECK(valuesOf(broker, topic, 0) == numbered(0, 3));
      produceNumbered(broker, topic, 3, 5);  // small ones still fit
      REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
      std::signal(SIGXFSZ, oldHandler);

      CHECK(valuesOf(broker, topic, 0) == numbered(0, 5));
      producer->begin();
      send(*producer, topic, 0, large);
      producer->commit();
      CHECK(valuesOf(broker, topic, 0).size() == 7);
    }
    LocalBroker broker(options);
    CHECK(valuesOf(broker, topic, 0).size() == 7);
  }
}

TEST_CASE("a directory that cannot be used says so") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "file") << "in the way";
  LocalBrokerOptions options = optionsIn(directory);
  options.journal.directory = directory.path() / "file";
  CHECK(errorOf([&] { LocalBroker broker(options); }) == BrokerErrorKind::Unavailable);
}

TEST_CASE("handles outlive the broker object") {
  const TemporaryDirectory directory;
  const LocalBrokerOptions options = optionsIn(directory);
  std::unique_ptr<TransactionalProducer> producer;
  std::unique_ptr<PartitionReader> reader;
  std::string topic;
  {
    LocalBroker broker(options);
    topic = createTopic(broker);
    producer = broker.openProducer("id");
    reader = broker.openReader({topic, 0}, 0, Isolation::ReadCommitted, nullptr);
  }
  producer->begin();
  send(*producer, topic, 0, {{"k", "v", 0}});
  producer->commit();
  CHECK(reader->poll(10)->records.size() == 1);
}

}  // namespace auspex::engine::test
