// SPDX-License-Identifier: Apache-2.0
// The transport with its thread, on brokers that work at once: many askers, and the end of it all.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <future>
#include <thread>

#include "engine/brokers/simulated/SimulatedBroker.h"
#include "engine/requests/TopicTransport.h"
#include "operators/models/kafka/TopicAddress.h"

using namespace auspex::engine;
using auspex::operators::HttpRequest;
using auspex::operators::HttpResponse;
using std::chrono::milliseconds;

namespace {

HttpRequest requestOf(const std::string& value, milliseconds timeout) {
  HttpRequest request;
  request.url = auspex::operators::topicUrl({"q", "r"});
  request.body = value;
  request.timeout = timeout;
  return request;
}

/// Repeats every request until it is stopped.
void echo(SimulatedBroker& broker, const std::stop_token& stop) {
  size_t numAnswered = 0;
  while (!stop.stop_requested()) {
    const auto requests = broker.records("q", 0);
    for (; numAnswered < requests.size(); ++numAnswered) {
      auspex::operators::OutgoingRecord record;
      record.key = requests[numAnswered].record.key;
      record.value = requests[numAnswered].record.value;
      broker.append("r", {&record, 1});
    }
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("many threads ask, and each gets its own reply") {
  constexpr int kThreads = 4;
  constexpr int kRequests = 50;
  const auto broker = std::make_shared<SimulatedBroker>();
  broker->createTopic({"q", 1, -1, {}});
  broker->createTopic({"r", 1, -1, {}});
  std::jthread server([&](const std::stop_token& stop) { echo(*broker, stop); });
  TopicTransport transport(broker);
  std::atomic<int> numRight = 0;
  std::vector<std::jthread> askers;
  for (int thread = 0; thread < kThreads; ++thread) {
    askers.emplace_back([&, thread] {
      for (int i = 0; i < kRequests; ++i) {
        const std::string value = fmt::format("{} {}", thread, i);
        std::promise<HttpResponse> promise;
        transport.send(requestOf(value, std::chrono::seconds(30)),
                       [&](HttpResponse response) { promise.set_value(std::move(response)); });
        numRight += promise.get_future().get().body == value ? 1 : 0;
      }
    });
  }
  askers.clear();
  CHECK(numRight == kThreads * kRequests);
}

TEST_CASE("without a server the deadline comes, and actions come when they are due") {
  const auto broker = std::make_shared<SimulatedBroker>();
  broker->createTopic({"q", 1, -1, {}});
  broker->createTopic({"r", 1, -1, {}});
  TopicTransport transport(broker);
  std::promise<HttpResponse> promise;
  const auto start = transport.now();
  transport.send(requestOf("a", milliseconds(30)),
                 [&](HttpResponse response) { promise.set_value(std::move(response)); });
  CHECK(promise.get_future().get().failure == HttpResponse::Failure::Timeout);
  CHECK(transport.now() - start >= milliseconds(30));
  std::promise<TopicTransport::Time> called;
  transport.callAt(transport.now() + milliseconds(20), [&] { called.set_value(transport.now()); });
  const auto before = transport.now();
  CHECK(called.get_future().get() - before > milliseconds(10));
}

TEST_CASE("what waits when the transport ends is answered, and what was never sent too") {
  const auto broker = std::make_shared<SimulatedBroker>();
  broker->createTopic({"q", 1, -1, {}});
  broker->createTopic({"r", 1, -1, {}});
  std::vector<HttpResponse::Failure> failures;
  {
    TopicTransport transport(broker, "me", [] { return TopicTransport::Time(); });
    const auto note = [&](const HttpResponse& response) { failures.push_back(response.failure); };
    transport.send(requestOf("sent", milliseconds(30)), note);
    transport.turn();
    transport.send(requestOf("not sent", milliseconds(30)), note);
    transport.callAt(TopicTransport::Time(milliseconds(1)), [] { FAIL("not due"); });
  }
  REQUIRE(failures.size() == 2);
  CHECK(failures[0] == HttpResponse::Failure::Broken);
  CHECK(failures[1] == HttpResponse::Failure::Broken);
}
