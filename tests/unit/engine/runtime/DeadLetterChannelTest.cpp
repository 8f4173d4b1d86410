// SPDX-License-Identifier: Apache-2.0
// A dead letter that its own topic would not take is made to fit and says so.
#include "engine/runtime/DeadLetterChannel.h"

#include <doctest/doctest.h>

#include <chrono>

#include "engine/brokers/simulated/SimulatedBroker.h"

using namespace auspex::engine;
using auspex::operators::Header;
using auspex::operators::OutgoingRecord;
using auspex::operators::Record;

namespace {

class DirectWriter final : public TransactionWriter {
 public:
  explicit DirectWriter(SimulatedBroker& broker) : broker_(broker) {}
  void send(const std::string& topic, std::span<const OutgoingRecord> records) override {
    broker_.append(topic, records);
  }

 private:
  SimulatedBroker& broker_;
};

SimulatedRecord sendThrough(const std::map<std::string, std::string>& config,
                            const Record& original) {
  SimulatedBroker broker;
  broker.createTopic({"dead", 1, -1, config});
  DirectWriter writer(broker);
  DeadLetterChannel channel(broker, "dead");
  channel.send(writer, original, {{"auspex.reason", "because"}});
  const std::vector<SimulatedRead> records = broker.records("dead", 0);
  REQUIRE(records.size() == 1);
  return records[0].record;
}

std::string headerOf(const SimulatedRecord& record, const std::string& name) {
  for (const auto& [key, value] : record.headers) {
    if (key == name) {
      return value ? std::string(*value) : "null";
    }
  }
  return "absent";
}

}  // namespace

TEST_CASE("the topic is made when the first letter comes, and kept for ever") {
  SimulatedBroker broker;
  DirectWriter writer(broker);
  DeadLetterChannel channel(broker, "dead");
  CHECK_FALSE(broker.topic("dead"));
  channel.send(writer, {}, {});
  REQUIRE(broker.topic("dead"));
  CHECK(broker.topic("dead")->retentionMs == -1);
}

TEST_CASE("nobody wants letters without a topic") {
  SimulatedBroker broker;
  DirectWriter writer(broker);
  DeadLetterChannel channel(broker, "");
  channel.send(writer, {}, {});
  CHECK(broker.topics().empty());
}

TEST_CASE("a letter that fits is the original with the reasons") {
  Record original;
  original.key = "k";
  original.value = "v";
  original.timestamp = 7;
  original.headers = {{"own", "1"}};
  const SimulatedRecord letter = sendThrough({}, original);
  CHECK(letter.key == "k");
  CHECK(letter.value == "v");
  CHECK(letter.timestamp == 7);
  CHECK(headerOf(letter, "own") == "1");
  CHECK(headerOf(letter, "auspex.reason") == "because");
  CHECK(headerOf(letter, "auspex.cut") == "absent");
}

TEST_CASE("a value that is too large is cut") {
  const std::string large(5000, 'x');
  Record original;
  original.key = "k";
  original.value = large;
  original.headers = {{"own", "1"}};
  const SimulatedRecord letter = sendThrough({{"max.message.bytes", "1000"}}, original);
  CHECK(letter.key == "k");
  CHECK(letter.value->size() > 500);
  CHECK(headerOf(letter, "own") == "1");
  CHECK(headerOf(letter, "auspex.reason") == "because");
  CHECK(headerOf(letter, "auspex.cut").starts_with("value cut: the record had 50"));
}

TEST_CASE("headers and a key that are too large go as well") {
  const std::string large(5000, 'x');
  Record original;
  original.key = large;
  original.value = "v";
  original.headers = {{"own", large}};
  const SimulatedRecord letter = sendThrough({{"max.message.bytes", "1000"}}, original);
  CHECK(letter.key->size() > 500);
  CHECK(letter.value == "");
  CHECK(headerOf(letter, "own") == "absent");
  CHECK(headerOf(letter, "auspex.reason") == "because");
  CHECK(headerOf(letter, "auspex.cut").starts_with("value, headers and key cut"));
}

TEST_CASE("a topic that takes less than before is looked at anew after a failure") {
  SimulatedBroker broker;
  DirectWriter writer(broker);
  DeadLetterChannel channel(broker, "dead");
  Record original;
  const std::string large(5000, 'x');
  original.value = large;
  channel.send(writer, original, {});
  broker.limitRecordBytes("dead", 1000);
  CHECK_THROWS_AS(channel.send(writer, original, {}), BrokerError);
  channel.forget();
  channel.send(writer, original, {});
  REQUIRE(broker.records("dead", 0).size() == 2);
  CHECK(broker.records("dead", 0)[1].record.value->size() < 1000);
}

TEST_CASE("a timestamp that the topic does not take is kept as a header") {
  Record original;
  original.timestamp = 12345;
  const SimulatedRecord letter =
      sendThrough({{"message.timestamp.difference.max.ms", "60000"}}, original);
  const int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  CHECK(letter.timestamp <= now);
  CHECK(letter.timestamp > now - 60000);
  CHECK(headerOf(letter, "auspex.timestamp") == "12345");
}
