// SPDX-License-Identifier: Apache-2.0
// Which reply is of which request, and of none, on the simulated broker and a clock of the test.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <set>

#include "engine/brokers/simulated/SimulatedBroker.h"
#include "engine/requests/TopicExchange.h"
#include "operators/models/kafka/TopicAddress.h"

using namespace auspex::engine;
using auspex::operators::HttpRequest;
using auspex::operators::HttpResponse;
using std::chrono::milliseconds;

namespace {

using Failure = HttpResponse::Failure;

/// An exchange under test, its broker, and what has come of its requests.
struct ExchangeBench {
  ExchangeBench() {
    broker.createTopic({"q", 2, -1, {{"max.message.bytes", "1000"}}});
    broker.createTopic({"r", 2, -1, {}});
    broker.createTopic({"other", 1, -1, {}});
  }

  void send(const std::string& value, const std::string& replyTopic = "r",
            const std::string& requestTopic = "q") {
    HttpRequest request;
    request.url = auspex::operators::topicUrl({requestTopic, replyTopic});
    request.headers = {{"model", "m"}};
    request.body = value;
    request.timeout = milliseconds(100);
    request.maxAnswerBytes = 50;
    exchange.send(
        request,
        [this, value](const HttpResponse& response) {
          CHECK_FALSE(responses.contains(value));  // once
          responses[value] = response;
        },
        now, now);
  }

  /// The key of the request with that value.
  std::string keyOf(const std::string& value) {
    for (const int32_t partition : {0, 1}) {
      for (const SimulatedRead& read : broker.records("q", partition)) {
        if (read.record.value == value) {
          return *read.record.key;
        }
      }
    }
    return "";
  }

  void reply(const std::optional<std::string>& key, const std::optional<std::string>& value,
             const std::string& topic = "r", int32_t partition = 0) {
    auspex::operators::OutgoingRecord record;
    record.partition = partition;
    record.key = key;
    record.value = value;
    record.headers = {{"Some-Header", "x"}, {"none", std::nullopt}};
    broker.append(topic, {&record, 1});
  }

  bool poll(milliseconds later = milliseconds(1)) {
    now += later;
    return exchange.poll(now);
  }

  SimulatedBroker broker;
  std::shared_ptr<Wakeup> wakeup = std::make_shared<Wakeup>();
  TopicExchange exchange{broker, "me", wakeup};
  TopicExchange::Time now{std::chrono::hours(1)};
  std::map<std::string, HttpResponse> responses;
};

}  // namespace

TEST_CASE("each request has a key of its own, and the replies come in any order") {
  ExchangeBench bench;
  std::set<std::string> keys;
  for (const char* value : {"a", "b", "c", "d"}) {
    bench.send(value);
    keys.insert(bench.keyOf(value));
  }
  CHECK(keys.size() == 4);
  CHECK(bench.broker.records("q", 0).size() == 2);  // both partitions have their share
  const SimulatedRecord request = bench.broker.records("q", 0)[0].record;
  CHECK(request.headers[0].first == "model");
  CHECK(request.headers[0].second == "m");
  CHECK_FALSE(bench.poll());
  for (const char* value : {"d", "b", "a", "c"}) {
    bench.reply(bench.keyOf(value), fmt::format("reply to {}", value), "r", value[0] % 2);
  }
  CHECK(bench.poll(milliseconds(20)));
  REQUIRE(bench.responses.size() == 4);
  const HttpResponse& response = bench.responses["b"];
  CHECK(response.failure == Failure::None);
  CHECK(response.status == 200);
  CHECK(response.body == "reply to b");
  CHECK(response.headers[0].first == "some-header");
  CHECK(response.headers[1].second == "");
  CHECK(response.exchanged == milliseconds(21));
  CHECK(response.waited == milliseconds(0));
  CHECK_FALSE(bench.exchange.nextDeadline().has_value());
}

TEST_CASE("what nobody asked for, what comes twice or too late, is passed over") {
  ExchangeBench bench;
  bench.reply("me-0", "from a life before");  // before the first request: never read
  bench.send("a");
  bench.send("b", "other");
  const std::string key = bench.keyOf("a");
  CHECK(key == "me-0");
  bench.reply("me-77", "x");
  bench.reply("you-0", "x");
  bench.reply("", "x");
  bench.reply(std::nullopt, "x");
  bench.reply(bench.keyOf("b"), "in the wrong topic");
  CHECK(bench.poll());
  CHECK(bench.responses.empty());
  bench.reply(key, "first");
  bench.reply(key, "second");
  CHECK(bench.poll());
  CHECK(bench.responses["a"].body == "first");
  bench.poll(milliseconds(200));
  CHECK(bench.responses["b"].failure == Failure::Timeout);
  bench.reply(bench.keyOf("b"), "late", "other");
  CHECK(bench.poll());
  CHECK(bench.responses.size() == 2);
}

TEST_CASE("a request that is asked for again is another") {
  ExchangeBench bench;
  bench.send("a");
  const std::string former = bench.keyOf("a");
  bench.poll(milliseconds(200));
  CHECK(bench.responses["a"].failure == Failure::Timeout);
  bench.send("a again");
  bench.reply(former, "to the former");
  bench.poll();
  CHECK(bench.responses.size() == 1);
  bench.reply(bench.keyOf("a again"), "to the latter");
  bench.poll();
  CHECK(bench.responses["a again"].body == "to the latter");
}

TEST_CASE("each request has its deadline") {
  ExchangeBench bench;
  bench.send("a");
  bench.poll(milliseconds(60));
  bench.send("b");
  CHECK(*bench.exchange.nextDeadline() == bench.now + milliseconds(40));
  CHECK(bench.poll(milliseconds(40)));
  CHECK(bench.responses["a"].failure == Failure::Timeout);
  CHECK(bench.responses["a"].message == "no reply came from topic 'r' in time");
  CHECK_FALSE(bench.responses.contains("b"));
  bench.exchange.close();
  CHECK(bench.responses["b"].failure == Failure::Broken);
}

TEST_CASE("a request that waited for the broker longer than it may is not sent any more") {
  ExchangeBench bench;
  HttpRequest request;
  request.url = auspex::operators::topicUrl({"q", "r"});
  request.timeout = milliseconds(100);
  HttpResponse response;
  bench.exchange.send(
      request, [&](const HttpResponse& given) { response = given; }, bench.now - milliseconds(100),
      bench.now);
  CHECK(response.failure == Failure::Timeout);
  CHECK(bench.broker.records("q", 0).empty());
}

TEST_CASE("requests that cannot be sent fail at once, each for its reason, and the others go") {
  ExchangeBench bench;
  bench.send(std::string(2000, 'x'));
  CHECK(bench.responses[std::string(2000, 'x')].failure == Failure::NotTaken);
  bench.send("a", "r", "missing");
  CHECK(bench.responses["a"].failure == Failure::Connect);
  bench.send("b", "missing");
  CHECK(bench.responses["b"].failure == Failure::Connect);
  CHECK(bench.responses["b"].message.find("'missing'") != std::string::npos);
  for (const BrokerCall call : {BrokerCall::Topics, BrokerCall::Send}) {
    Faults faults;
    faults.planned = {{FaultKind::Unavailable, call, 0, 1}};
    bench.broker.setFaults(faults);
    const std::string value = fmt::format("fault {}", static_cast<int>(call));
    bench.send(value);
    CHECK(bench.responses[value].failure == Failure::Connect);
    bench.broker.setFaults({});
  }
  bench.send("c");
  bench.reply(bench.keyOf("c"), "reply");
  bench.poll();
  CHECK(bench.responses["c"].body == "reply");
}

TEST_CASE("replies that are none: null, and larger than anybody wants") {
  ExchangeBench bench;
  bench.send("a");
  bench.send("b");
  bench.reply(bench.keyOf("a"), std::nullopt);
  bench.reply(bench.keyOf("b"), std::string(51, 'x'));
  bench.poll();
  CHECK(bench.responses["a"].failure == Failure::Broken);
  CHECK(bench.responses["b"].failure == Failure::TooLarge);
}

TEST_CASE("replies in a transaction count when it is committed, and not when it is aborted") {
  ExchangeBench bench;
  bench.send("a");
  const auto producer = bench.broker.openProducer("server");
  const std::string key = bench.keyOf("a");
  for (const char* value : {"aborted", "committed"}) {
    auspex::operators::OutgoingRecord record;
    record.key = key;
    record.value = value;
    producer->begin();
    producer->send("r", {&record, 1});
    bench.poll();
    CHECK(bench.responses.empty());
    value[0] == 'a' ? producer->abort() : producer->commit();
  }
  bench.poll();
  CHECK(bench.responses["a"].body == "committed");
}

TEST_CASE("reading goes on behind a failure, what retention deleted, and a topic made anew") {
  ExchangeBench bench;
  bench.send("a");
  Faults faults;
  faults.planned = {{FaultKind::Unavailable, BrokerCall::Poll, 0, 1}};
  bench.broker.setFaults(faults);
  bench.reply(bench.keyOf("a"), "reply");
  bench.poll();
  CHECK(bench.responses.empty());
  bench.broker.setFaults({});
  CHECK(bench.exchange.nextDeadline().has_value());
  bench.send("b");  // its deadline is later than that of the next look
  bench.now -= milliseconds(0);
  bench.poll(milliseconds(99));
  bench.poll(milliseconds(500));
  CHECK(bench.responses["a"].failure == Failure::Timeout);
  bench.send("c");
  bench.reply("x", "deleted before it is read");
  bench.broker.deleteRecords({"r", 0}, 2);
  bench.reply(bench.keyOf("c"), "behind");
  bench.poll();
  bench.poll(milliseconds(50));
  CHECK(bench.responses["c"].body == "behind");

  bench.send("d");
  bench.broker.deleteTopic("r");
  bench.broker.createTopic({"r", 4, -1, {}});
  bench.poll();
  bench.poll(milliseconds(600));
  CHECK(bench.responses["d"].failure == Failure::Timeout);
  bench.poll(milliseconds(600));
  bench.send("e");
  bench.reply(bench.keyOf("e"), "in a partition that is new", "r", 3);
  bench.poll();
  CHECK(bench.responses["e"].body == "in a partition that is new");
}
