// SPDX-License-Identifier: Apache-2.0
// What every broker promises: topics, records, transactions, offsets, readers.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <thread>
#include <utility>

#include "engine/brokers/CommittedRecords.h"
#include "tests/unit/engine/brokers/BrokerFactories.h"

namespace auspex::engine::test {
namespace {

using Values = std::vector<std::string>;

/// Runs `body` once per kind of broker, each time with a new one.
std::vector<TextRecord> texts(const Values& values) {
  std::vector<TextRecord> records;
  for (const std::string& value : values) {
    records.push_back({"k", value, 1});
  }
  return records;
}

bool contains(const Values& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

TEST_CASE("topics are created, described, listed and deleted") {
  forEachBroker([](Broker& broker) {
    const std::string name = createTopic(broker, 3,
                                         {{"cleanup.policy", "compact"},
                                          {"retention.ms", "86400000"},
                                          {"max.message.bytes", "5000"}});
    const std::optional<TopicDescription> topic = broker.topic(name);
    REQUIRE(topic.has_value());
    CHECK(topic->name == name);
    CHECK(topic->numPartitions == 3);
    CHECK(topic->maxRecordBytes == 5000);
    CHECK(topic->compacted);
    CHECK_FALSE(topic->logAppendTime);
    CHECK(topic->retentionMs == 86400000);
    CHECK(contains(broker.topics(), name));
    CHECK(errorOf([&] { broker.createTopic({name, 1, -1, {}}); }) == BrokerErrorKind::Rejected);

    broker.deleteTopic(name);
    CHECK_FALSE(broker.topic(name).has_value());
    CHECK_FALSE(contains(broker.topics(), name));
    CHECK(errorOf([&] { broker.deleteTopic(name); }) == BrokerErrorKind::Rejected);

    broker.createTopic({name, 1, -1, {}});  // a new one, empty, under the old name
    CHECK(broker.topic(name)->numPartitions == 1);
    CHECK(broker.endOffset({name, 0}, Isolation::ReadCommitted) == 0);
  });
}

TEST_CASE("impossible topics are rejected") {
  const std::vector<TopicSpec> specs = {
      {"", 1, -1, {}},
      {"with space", 1, -1, {}},
      {"..", 1, -1, {}},
      {std::string(250, 'x'), 1, -1, {}},
      {"noPartitions", 0, -1, {}},
      {"badPolicy", 1, -1, {{"cleanup.policy", "shred"}}},
      {"badNumber", 1, -1, {{"retention.ms", "soon"}}},
      {"badSetting", 1, -1, {{"no.such.setting", "1"}}},
  };
  forEachBroker([&](Broker& broker) {
    for (const TopicSpec& spec : specs) {
      CAPTURE(spec.name);
      CHECK(errorOf([&] { broker.createTopic(spec); }) == BrokerErrorKind::Rejected);
    }
  });
}

TEST_CASE("what does not exist is an error that names it") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker, 2);
    CHECK_FALSE(broker.topic("missing").has_value());
    CHECK(errorOf([&] { broker.beginOffset({"missing", 0}); }) == BrokerErrorKind::Rejected);
    CHECK(errorOf([&] {
            broker.endOffset({topic, 2}, Isolation::ReadCommitted);
          }) == BrokerErrorKind::Rejected);
    CHECK(errorOf([&] {
            broker.openReader({topic, -1}, 0, Isolation::ReadCommitted, nullptr);
          }) == BrokerErrorKind::Rejected);
    const auto producer = broker.openProducer(uniqueName("id"));
    producer->begin();
    try {
      send(*producer, "missing", 0, texts({"a"}));
      FAIL("sent to a topic that does not exist");
    } catch (const BrokerError& error) {
      CHECK(error.kind() == BrokerErrorKind::Rejected);
      CHECK(std::string(error.what()).find("missing") != std::string::npos);
    }
    CHECK(errorOf([&] { producer->commit(); }) == BrokerErrorKind::Abortable);
    producer->abort();
    producer->begin();
    CHECK(errorOf([&] { send(*producer, topic, 7, texts({"a"})); }) == BrokerErrorKind::Rejected);
    producer->abort();
  });
}

TEST_CASE("records come back as they were, in order, per partition") {
  const std::vector<TextRecord> records = {
      {"k1", "v1", 1000},
      {std::nullopt, "no key", 999},
      {"tombstone", std::nullopt, 0},
      {std::nullopt, std::nullopt, 5},
      {"", "", -1},
      {"headers", "v", 7, {{"a", "1"}, {"a", "again"}, {"null", std::nullopt}, {"empty", ""}}},
      {std::string("\0\xff\n", 3), std::string("\0", 1), 253402300799999},
  };
  forEachBroker([&](Broker& broker) {
    const std::string topic = createTopic(broker, 2);
    produce(broker, topic, 1, records);
    produce(broker, topic, 0, texts({"other"}));
    CHECK(readToEnd(broker, topic, 1) == records);
    CHECK(valuesOf(broker, topic, 0) == Values{"other"});
  });
}

TEST_CASE("a transaction is invisible until its commit, and then whole") {
  forEachBroker([](Broker& broker) {
    const std::string a = createTopic(broker, 2);
    const std::string b = createTopic(broker);
    const std::string group = uniqueName("group");
    const auto producer = broker.openProducer(uniqueName("id"));
    producer->begin();
    send(*producer, a, 0, texts({"1", "2"}));
    send(*producer, a, 1, texts({"3"}));
    send(*producer, b, 0, texts({"4"}));
    send(*producer, a, 0, texts({"5"}));
    producer->sendOffsets(group, {{{"input", 0}, 17}});
    for (const TopicPartition& partition : {TopicPartition{a, 0}, {a, 1}, {b, 0}}) {
      CHECK(broker.endOffset(partition, Isolation::ReadCommitted) == 0);
      const auto reader = broker.openReader(partition, 0, Isolation::ReadCommitted, nullptr);
      CHECK(reader->poll(10) == nullptr);
      CHECK(reader->position() == 0);
    }
    producer->commit();
    CHECK(valuesOf(broker, a, 0) == Values{"1", "2", "5"});
    CHECK(valuesOf(broker, a, 1) == Values{"3"});
    CHECK(valuesOf(broker, b, 0) == Values{"4"});
    CHECK(broker.committedOffsets(group, {{"input", 0}, {"input", 1}}) ==
          Offsets{{{"input", 0}, 17}});
  });
}

TEST_CASE("an aborted transaction leaves nothing, and the producer goes on") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker);
    const std::string group = uniqueName("group");
    const auto producer = broker.openProducer(uniqueName("id"));
    producer->begin();
    send(*producer, topic, 0, texts({"lost"}));
    producer->sendOffsets(group, {{{"input", 0}, 5}});
    producer->abort();
    CHECK(valuesOf(broker, topic, 0).empty());
    CHECK(broker.committedOffsets(group, {{"input", 0}}).empty());
    producer->begin();
    send(*producer, topic, 0, texts({"kept"}));
    producer->commit();
    producer->begin();
    send(*producer, topic, 0, texts({"lost too"}));
    producer->abort();
    CHECK(valuesOf(broker, topic, 0) == Values{"kept"});
  });
}

TEST_CASE("empty transactions and offsets alone commit") {
  forEachBroker([](Broker& broker) {
    const std::string group = uniqueName("group");
    const auto producer = broker.openProducer(uniqueName("id"));
    producer->begin();
    producer->commit();
    producer->begin();
    producer->sendOffsets(group, {{{"input", 0}, 1}});
    producer->commit();
    producer->begin();
    producer->sendOffsets(group, {{{"input", 0}, 2}, {{"input", 1}, 9}});
    producer->commit();
    CHECK(broker.committedOffsets(group, {{"input", 0}, {"input", 1}}) ==
          Offsets{{{"input", 0}, 2}, {{"input", 1}, 9}});
    CHECK(broker.committedOffsets(uniqueName("group"), {{"input", 0}}).empty());
  });
}

TEST_CASE("a newer producer of the same id fences the older one") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker);
    const std::string id = uniqueName("id");
    const auto older = broker.openProducer(id);
    older->begin();
    send(*older, topic, 0, texts({"of the older"}));
    const auto newer = broker.openProducer(id);
    CHECK(errorOf([&] { older->commit(); }) == BrokerErrorKind::Fenced);
    newer->begin();
    send(*newer, topic, 0, texts({"of the newer"}));
    newer->commit();
    CHECK(errorOf([&] { older->begin(); }) == BrokerErrorKind::Fenced);
    CHECK(valuesOf(broker, topic, 0) == Values{"of the newer"});
  });
}

TEST_CASE("calls out of order are errors") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker);
    const auto producer = broker.openProducer(uniqueName("id"));
    CHECK(errorOf([&] { send(*producer, topic, 0, texts({"a"})); }) == BrokerErrorKind::Fatal);
    CHECK(errorOf([&] { producer->commit(); }) == BrokerErrorKind::Fatal);
    producer->begin();
    CHECK(errorOf([&] { producer->begin(); }) == BrokerErrorKind::Fatal);
  });
}

TEST_CASE("positions reach the end offset, whatever lies in between") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker);
    const auto producer = broker.openProducer(uniqueName("id"));
    for (const bool commit : {true, false, true, false}) {
      producer->begin();
      send(*producer, topic, 0, texts({commit ? "yes" : "no"}));
      commit ? producer->commit() : producer->abort();
    }
    CHECK(valuesOf(broker, topic, 0) == Values{"yes", "yes"});
    const int64_t end = broker.endOffset({topic, 0}, Isolation::ReadUncommitted);
    const auto reader = broker.openReader({topic, 0}, 0, Isolation::ReadCommitted, nullptr);
    for (int i = 0; i < 100 && (reader->position() < end || !reader->atEnd()); ++i) {
      reader->poll(1);
    }
    CHECK(reader->position() == broker.endOffset({topic, 0}, Isolation::ReadCommitted));
    CHECK(reader->position() == end);
    CHECK(reader->atEnd());
    CHECK(reader->poll(10) == nullptr);
    produce(broker, topic, 0, texts({"more", "and more"}));
    std::shared_ptr<const operators::FetchedRecords> fetched;
    for (int i = 0; i < 100 && fetched == nullptr; ++i) {
      fetched = reader->poll(1);
    }
    REQUIRE(fetched != nullptr);
    CHECK(fetched->topic == topic);
    CHECK(fetched->partition == 0);
    CHECK(fetched->records.size() == 1);
    CHECK(fetched->records[0].value == "more");
    CHECK(fetched->records[0].offset == end);
    CHECK_FALSE(reader->atEnd());
  });
}

TEST_CASE("reading starts at any offset and goes in pieces of any size") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker);
    std::vector<int64_t> offsets;
    for (int i = 0; i < 10; ++i) {
      produce(broker, topic, 0,
              texts({fmt::format("{}a", i), fmt::format("{}b", i), fmt::format("{}c", i)}));
    }
    const auto all = broker.openReader({topic, 0}, 0, Isolation::ReadCommitted, nullptr);
    Values values;
    for (int i = 0; i < 200 && values.size() < 30; ++i) {
      if (const auto fetched = all->poll(4)) {
        CHECK(fetched->records.size() <= 4);
        for (const operators::Record& record : fetched->records) {
          offsets.push_back(record.offset);
          values.emplace_back(*record.value);
        }
      }
    }
    REQUIRE(values.size() == 30);
    for (size_t i = 0; i < offsets.size(); ++i) {
      CAPTURE(i);
      const Values rest(values.begin() + static_cast<std::ptrdiff_t>(i), values.end());
      CHECK(valuesOf(broker, topic, 0, offsets[i]) == rest);
    }
  });
}

TEST_CASE("a topic is read from a place to the end that it has, and no further") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker);
    const TopicPartition partition{topic, 0};
    const auto readFrom = [&](int64_t start, const std::function<void()>& meanwhile) {
      Values values;
      const int64_t next =
          readCommitted(broker, partition, start, [&](const operators::Record& record) {
            values.emplace_back(*record.value);
            meanwhile();
          });
      return std::pair(values, next);
    };
    const auto nothing = [] {};
    CHECK(readFrom(0, nothing) == std::pair(Values{}, int64_t{0}));
    produce(broker, topic, 0, texts({"a", "b"}));
    const auto aborted = broker.openProducer(uniqueName("aborted"));
    aborted->begin();
    send(*aborted, topic, 0, texts({"never"}));
    aborted->abort();
    produce(broker, topic, 0, texts({"c"}));
    // What marks an end of a transaction may be written later, and moves the topic's end.
    const auto fromSecond = readFrom(1, nothing);
    CHECK(fromSecond.first == Values{"b", "c"});
    CHECK(readFrom(fromSecond.second, nothing).first.empty());
    bool isFirst = true;
    const auto found = readFrom(0, [&] {
      if (std::exchange(isFirst, false)) {
        produce(broker, topic, 0, texts({"later"}));
      }
    });
    CHECK(found.first == Values{"a", "b", "c"});
    CHECK(readFrom(found.second, nothing).first == Values{"later"});
  });
}

TEST_CASE("what was fetched stays readable after the reader moved on") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker);
    std::vector<std::shared_ptr<const operators::FetchedRecords>> kept;
    for (int i = 0; i < 5; ++i) {
      produce(broker, topic, 0, texts({fmt::format("value {}", i)}));
    }
    {
      const auto reader = broker.openReader({topic, 0}, 0, Isolation::ReadCommitted, nullptr);
      for (int i = 0; i < 100 && kept.size() < 5; ++i) {
        if (auto fetched = reader->poll(1)) {
          kept.push_back(std::move(fetched));
        }
      }
    }
    broker.deleteTopic(topic);
    REQUIRE(kept.size() == 5);
    for (size_t i = 0; i < kept.size(); ++i) {
      CHECK(kept[i]->records.at(0).value == fmt::format("value {}", i));
    }
  });
}

TEST_CASE("deleted records are out of range") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker);
    produce(broker, topic, 0, texts({"0", "1", "2", "3"}));
    valuesOf(broker, topic, 0);  // waits for late markers
    CHECK(broker.beginOffset({topic, 0}) == 0);
    broker.deleteRecords({topic, 0}, 2);
    CHECK(broker.beginOffset({topic, 0}) == 2);
    broker.deleteRecords({topic, 0}, 1);  // already done
    CHECK(broker.beginOffset({topic, 0}) == 2);
    CHECK(valuesOf(broker, topic, 0, 2) == Values{"2", "3"});
    const auto early = broker.openReader({topic, 0}, 1, Isolation::ReadCommitted, nullptr);
    CHECK(errorOf([&] { early->poll(1); }) == BrokerErrorKind::OutOfRange);
    const auto late = broker.openReader({topic, 0}, 99, Isolation::ReadCommitted, nullptr);
    CHECK(errorOf([&] { late->poll(1); }) == BrokerErrorKind::OutOfRange);
    CHECK(errorOf([&] { broker.deleteRecords({topic, 0}, 99); }) == BrokerErrorKind::OutOfRange);
    const int64_t end = broker.endOffset({topic, 0}, Isolation::ReadCommitted);
    broker.deleteRecords({topic, 0}, end);
    CHECK(broker.beginOffset({topic, 0}) == end);
    produce(broker, topic, 0, texts({"next"}));
    CHECK(valuesOf(broker, topic, 0, end) == Values{"next"});
  });
}

TEST_CASE("large records pass, larger ones than allowed are rejected") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker);
    const std::string large(1'000'000, 'x');
    std::vector<TextRecord> records;
    for (int i = 0; i < 4; ++i) {
      records.push_back({fmt::format("{}", i), large + fmt::format("{}", i), i});
    }
    produce(broker, topic, 0, records);
    CHECK(readToEnd(broker, topic, 0) == records);

    const std::string narrow = createTopic(broker, 1, {{"max.message.bytes", "1000"}});
    const auto producer = broker.openProducer(uniqueName("id"));
    producer->begin();
    send(*producer, narrow, 0, {{"k", std::string(800, 'x'), 0}});
    try {
      send(*producer, narrow, 0, {{"k", std::string(1100, 'x'), 0}});
      FAIL("a record over max.message.bytes was taken");
    } catch (const BrokerError& error) {
      CHECK(error.kind() == BrokerErrorKind::Refused);
      CHECK(std::string(error.what()).find(narrow) != std::string::npos);
    }
    producer->abort();
    CHECK(valuesOf(broker, narrow, 0).empty());
  });
}

TEST_CASE("records outside of transactions are seen at once, by readers of either isolation") {
  const std::vector<TextRecord> records = {{"a", "first", 5, {{"h", "x"}, {"none", std::nullopt}}},
                                           {"b", std::nullopt, 6},
                                           {std::nullopt, "", 7}};
  forEachBroker([&](Broker& broker) {
    const std::string topic = createTopic(broker, 2);
    const auto producer = broker.openRecordProducer();
    const auto transaction = broker.openProducer(uniqueName("id"));
    transaction->begin();  // nobody waits for it
    send(*transaction, topic, 0, texts({"never"}));
    for (const TextRecord& record : records) {
      sendAtOnce(*producer, topic, 1, {record});
    }
    CHECK(awaitRecords(broker, topic, 1, records.size(), Isolation::ReadUncommitted) == records);
    CHECK(awaitRecords(broker, topic, 1, records.size(), Isolation::ReadCommitted) == records);
    transaction->abort();

    const auto other = broker.openRecordProducer();  // both go on
    sendAtOnce(*other, topic, 1, texts({"other"}));
    awaitRecords(broker, topic, 1, records.size() + 1, Isolation::ReadCommitted);
    sendAtOnce(*producer, topic, 1, texts({"same"}));
    const auto all = awaitRecords(broker, topic, 1, records.size() + 2, Isolation::ReadCommitted);
    CHECK(all.back().value == "same");
  });
}

TEST_CASE("a record outside of transactions that cannot be taken is an error, and others follow") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker, 1, {{"max.message.bytes", "1000"}});
    const auto producer = broker.openRecordProducer();
    const auto attempt = [&](const std::string& name, int32_t partition, const std::string& value) {
      return errorOf([&] { sendAtOnce(*producer, name, partition, texts({value})); });
    };
    CHECK(attempt(topic, 0, std::string(1100, 'x')) == BrokerErrorKind::Refused);
    CHECK(attempt("missing", 0, "x") == BrokerErrorKind::Rejected);
    CHECK(attempt(topic, 7, "x") == BrokerErrorKind::Rejected);
    // Several that are each small enough, but not together.
    std::vector<TextRecord> records;
    for (int i = 0; i < 5; ++i) {
      records.push_back({"k", fmt::format("{}{}", i, std::string(700, 'x')), i + 1});
    }
    sendAtOnce(*producer, topic, 0, records);
    CHECK(awaitRecords(broker, topic, 0, records.size(), Isolation::ReadCommitted) == records);
  });
}

TEST_CASE("a compacted topic refuses records without a key") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker, 1, {{"cleanup.policy", "compact"}});
    const auto producer = broker.openProducer(uniqueName("id"));
    producer->begin();
    CHECK(errorOf([&] {
            send(*producer, topic, 0, {{std::nullopt, "v", 0}});
          }) == BrokerErrorKind::Refused);
    producer->abort();
  });
}

TEST_CASE("a reader waits with its wakeup") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker);
    const auto wakeup = std::make_shared<Wakeup>();
    const auto reader = broker.openReader({topic, 0}, 0, Isolation::ReadCommitted, wakeup);
    CHECK(reader->poll(10) == nullptr);
    std::jthread writer([&] { produce(broker, topic, 0, texts({"late"})); });
    size_t numRecords = 0;
    for (int i = 0; i < 1000 && numRecords == 0; ++i) {
      wakeup->wait(std::chrono::milliseconds(10));
      const auto fetched = reader->poll(10);
      numRecords = fetched == nullptr ? 0 : fetched->records.size();
    }
    CHECK(numRecords == 1);
  });
}

TEST_CASE("producers and readers work at the same time") {
  constexpr int kProducers = 3;
  constexpr int kTransactions = 60;
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker, 2);
    std::vector<std::jthread> producers;
    for (int p = 0; p < kProducers; ++p) {
      producers.emplace_back([&broker, &topic, p] {
        const auto producer = broker.openProducer(uniqueName("id"));
        for (int t = 0; t < kTransactions; ++t) {
          producer->begin();
          for (const int32_t partition : {0, 1}) {
            send(*producer, topic, partition,
                 texts({fmt::format("{} {} 0", p, t), fmt::format("{} {} 1", p, t)}));
          }
          t % 5 == 4 ? producer->abort() : producer->commit();
        }
      });
    }
    std::vector<Values> seen(2);
    std::vector<std::jthread> readers;
    constexpr size_t kExpected = kProducers * kTransactions * 2 * 4 / 5;
    for (const int32_t partition : {0, 1}) {
      readers.emplace_back([&broker, &topic, &seen, partition] {
        const auto wakeup = std::make_shared<Wakeup>();
        const auto reader =
            broker.openReader({topic, partition}, 0, Isolation::ReadCommitted, wakeup);
        Values& values = seen[static_cast<size_t>(partition)];
        for (int idle = 0; values.size() < kExpected && idle < 2000;) {
          const auto fetched = reader->poll(7);
          if (fetched == nullptr) {
            wakeup->wait(std::chrono::milliseconds(5));
            ++idle;
            continue;
          }
          for (const operators::Record& record : fetched->records) {
            values.emplace_back(*record.value);
          }
        }
      });
    }
    producers.clear();
    readers.clear();
    for (const Values& values : seen) {
      CHECK(values.size() == kExpected);
      CHECK(std::set<std::string>(values.begin(), values.end()).size() == kExpected);
      std::map<std::string, int> last;  // transaction by producer: order is kept
      for (const std::string& value : values) {
        const size_t space = value.find(' ');
        const int transaction = std::stoi(value.substr(space + 1)) * 2 + (value.back() - '0');
        const std::string producer = value.substr(0, space);
        CHECK((!last.contains(producer) || last[producer] < transaction));
        last[producer] = transaction;
      }
    }
  });
}

}  // namespace auspex::engine::test
