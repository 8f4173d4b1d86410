// SPDX-License-Identifier: Apache-2.0
// What happens to rows while the server is slow, failing or away, and when it comes back.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "operators/models/Predictors.h"
#include "operators/models/rpc/RemoteSignature.h"
#include "tests/unit/operators/models/rpc/FakeTransport.h"
#include "tests/unit/operators/models/rpc/RemoteRows.h"

using namespace auspex::operators;
using Failure = HttpResponse::Failure;

namespace {

std::vector<double> rowsFrom(double first, size_t size) {
  std::vector<double> numbers(size);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

void neverWait(RemoteModelOptions& options) {
  options.waitsWhenUnavailable = false;
}

size_t numUnavailable(const ScoredBatch& batch) {
  return static_cast<size_t>(std::count_if(
      batch.failures.begin(), batch.failures.end(),
      [](const RowFailure& failure) { return failure.reason == RowFailure::Reason::Unavailable; }));
}

FakeTransport::Server always(const HttpResponse& response) {
  return [response](const HttpRequest&) { return FakeTransport::Reply{response, milliseconds(1)}; };
}

}  // namespace

TEST_CASE("What may go well the next time is asked for again, with growing pauses") {
  const HttpResponse passing[] = {failure(Failure::Connect),
                                  failure(Failure::Broken),
                                  failure(Failure::Timeout),
                                  answer(502, ""),
                                  answer(503, ""),
                                  answer(504, ""),
                                  answer(429, "")};
  for (const HttpResponse& response : passing) {
    int numAsked = 0;
    PredictorBench bench(
        [&](const HttpRequest& request) {
          return ++numAsked <= 2 ? FakeTransport::Reply{response, milliseconds(1)}
                                 : doubling(request);
        },
        neverWait);
    const auto start = bench.transport->now();
    CHECK(bench.submit(rowsFrom(0, 4), 1));
    bench.run(1);
    REQUIRE(bench.done.size() == 1);
    CHECK(bench.done[0].failures.empty());
    CHECK(numAsked == 3);
    CHECK(bench.counters().retries == 2);
    // 20 ms and 40 ms, each cut by up to a half.
    CHECK(bench.transport->now() - start >= milliseconds(33));
    CHECK(bench.transport->now() - start <= milliseconds(63));
  }
}

TEST_CASE("What is no use to ask again is not: 4xx, and a model that is not there") {
  const std::pair<int, RowFailure::Reason> cases[] = {
      {400, RowFailure::Reason::Refused},     {422, RowFailure::Reason::Refused},
      {404, RowFailure::Reason::Unavailable}, {401, RowFailure::Reason::Unavailable},
      {403, RowFailure::Reason::Unavailable},
  };
  for (const auto& test : cases) {
    PredictorBench bench(always(answer(test.first, "no")), neverWait);
    CHECK(bench.submit({1}, 1));
    bench.run(1);
    REQUIRE(bench.done.size() == 1);
    REQUIRE(bench.done[0].failures.size() == 1);
    CHECK(bench.done[0].failures[0].reason == test.second);
    CHECK(bench.transport->numSent() == 1);
  }
}

TEST_CASE("After the retries rows are unavailable, unless they wait") {
  PredictorBench failing(always(failure(Failure::Connect)), neverWait);
  CHECK(failing.submit(rowsFrom(0, 4), 1));
  failing.run(1);
  REQUIRE(failing.done.size() == 1);
  CHECK(numUnavailable(failing.done[0]) == 4);
  CHECK(failing.done[0].failures[0].message ==
        "model 'fraud' at 'host:1' is not to be had: it failed");
  CHECK(failing.transport->numSent() == 3);
  CHECK(failing.counters().rowsUnavailable == 4);

  PredictorBench waiting(always(failure(Failure::Connect)));
  CHECK(waiting.submit(rowsFrom(0, 4), 1));
  waiting.run(1, std::chrono::minutes(10));
  CHECK(waiting.done.empty());
  CHECK(waiting.predictor->rowsInFlight() == 4);
  // Not hammered: never more often than the pauses allow.
  CHECK(waiting.transport->numSent() < 1300);
  CHECK(waiting.transport->numSent() > 300);
  waiting.transport->replace(doubling);
  waiting.run(1);
  REQUIRE(waiting.done.size() == 1);
  CHECK(waiting.done[0].failures.empty());
}

TEST_CASE("A row over which the server hangs is refused where rows wait, and only that one") {
  const auto hanging = [](const HttpRequest& request) {
    const std::vector<double> rows = rowsOf(request);
    return std::count(rows.begin(), rows.end(), 42) > 0
               ? FakeTransport::Reply{failure(Failure::Timeout), request.timeout}
               : doubling(request);
  };
  PredictorBench waiting(hanging);
  CHECK(waiting.submit(rowsFrom(0, 100), 1));
  waiting.run(1, std::chrono::minutes(10));
  REQUIRE(waiting.done.size() == 1);
  REQUIRE(waiting.done[0].failures.size() == 1);
  CHECK(waiting.done[0].failures[0].rowIndex == 42);
  CHECK(waiting.done[0].failures[0].reason == RowFailure::Reason::Refused);
  CHECK(waiting.done[0].scores[41] == 82);
  // Alone in its batch as well.
  CHECK(waiting.submit({42}, 2));
  waiting.run(2, std::chrono::minutes(10));
  REQUIRE(waiting.done.size() == 2);
  CHECK(waiting.done[1].failures.size() == 1);

  PredictorBench impatient(hanging, neverWait);
  CHECK(impatient.submit({42}, 1));
  CHECK(impatient.submit({1}, 2));
  impatient.run(2);
  impatient.sortDone();
  REQUIRE(impatient.done.size() == 2);
  CHECK(numUnavailable(impatient.done[0]) == 1);
  CHECK(impatient.done[1].scores == std::vector<double>{2});
}

TEST_CASE("A server that hangs over everything is away: its rows wait, and lose nothing") {
  PredictorBench bench([](const HttpRequest& request) {
    return FakeTransport::Reply{failure(Failure::Timeout), request.timeout};
  });
  CHECK(bench.submit(rowsFrom(0, 20), 1));
  bench.run(1, std::chrono::hours(1));
  CHECK(bench.done.empty());
  bench.transport->replace(doubling);
  bench.run(1);
  REQUIRE(bench.done.size() == 1);
  CHECK(bench.done[0].failures.empty());
}

TEST_CASE("An open breaker answers at once without asking, then one request tries") {
  PredictorBench bench(always(failure(Failure::Connect)), neverWait, 100'000);
  CHECK(bench.submit(rowsFrom(0, 400), 1));
  bench.run(1);
  REQUIRE(bench.done.size() == 1);
  CHECK(numUnavailable(bench.done[0]) == 400);
  // 50 requests were due, but the breaker opened after 8 and few were under way.
  CHECK(bench.transport->numSent() <= 12);
  CHECK(bench.counters().breaker == CircuitBreaker::State::Open);
  const size_t before = bench.transport->numSent();
  CHECK(bench.submit(rowsFrom(0, 40), 2));
  bench.run(2);
  REQUIRE(bench.done.size() == 2);
  CHECK(numUnavailable(bench.done[1]) == 40);
  CHECK(bench.transport->numSent() == before);

  bench.run(3, milliseconds(1100));
  CHECK(bench.submit(rowsFrom(0, 40), 3));
  CHECK(bench.transport->numSent() == before + 1);
  bench.run(3);
  CHECK(bench.counters().breakerOpened == 2);
}

TEST_CASE("Rows that wait are drained without overrunning the server that is back") {
  PredictorBench bench(
      always(failure(Failure::Connect)),
      [](RemoteModelOptions& options) { options.maxInFlight = 16; }, 100'000);
  for (uint64_t id = 0; id < 100; ++id) {
    CHECK(bench.submit(rowsFrom(0, 40), id));
  }
  bench.run(1, std::chrono::minutes(1));
  CHECK(bench.done.empty());
  CHECK(bench.counters().breaker != CircuitBreaker::State::Closed);
  std::vector<size_t> atATime;
  bench.transport->forgetMost();
  bench.transport->replace([&](const HttpRequest& request) {
    atATime.push_back(static_cast<size_t>(bench.counters().requestsInFlight));
    return doubling(request);
  });
  bench.run(100, std::chrono::minutes(1));
  REQUIRE(bench.done.size() == 100);
  bench.sortDone();
  for (uint64_t id = 0; id < 100; ++id) {
    CHECK(bench.done[id].request.id == id);
    CHECK(bench.done[id].failures.empty());
    CHECK(bench.done[id].scores[39] == 78);
  }
  REQUIRE(atATime.size() >= 500);
  CHECK(atATime[0] == 1);  // the one that tries
  CHECK(*std::max_element(atATime.begin(), atATime.begin() + 3) <= 2);
  CHECK(*std::max_element(atATime.begin(), atATime.begin() + 7) <= 4);
  CHECK(bench.transport->mostAtATime() == 16);
  CHECK(bench.counters().breaker == CircuitBreaker::State::Closed);
}

TEST_CASE("Tasks share the breaker of a version, and each is woken when it closes") {
  PredictorBench first(always(failure(Failure::Connect)));
  PredictorBench second(doubling);
  second.model = first.model;  // asks through the first's transport
  CHECK(first.submit(rowsFrom(0, 80), 1));
  first.run(1, std::chrono::seconds(5));
  REQUIRE(first.counters().breaker != CircuitBreaker::State::Closed);
  bool isWoken = false;
  PredictorSettings settings;
  settings.wake = [&] { isWoken = true; };
  const auto other = makePredictor("RPC", settings);
  FeatureBatch batch;
  batch.version = first.model;
  batch.rowIds = {1};
  batch.columns.push_back({"a", std::vector<double>{21}, {}});
  const size_t before = first.transport->numSent();
  CHECK(other->submit(batch));
  CHECK(first.transport->numSent() <= before + 1);
  first.transport->replace(doubling);
  isWoken = false;
  first.run(1, std::chrono::seconds(10));
  CHECK(first.done.size() == 1);
  CHECK(isWoken);
  std::vector<ScoredBatch> done;
  for (int i = 0; i < 10 && done.empty(); ++i) {
    other->poll(done);
    first.transport->step(first.transport->now() + std::chrono::seconds(2));
  }
  REQUIRE(done.size() == 1);
  CHECK(done[0].scores[0] == 42);
}

TEST_CASE("A row that makes the server fail is found; a server that always fails loses few") {
  PredictorBench poisoned([](const HttpRequest& request) {
    const auto rows = rowsOf(request);
    const bool isBad = std::find(rows.begin(), rows.end(), 13.0) != rows.end();
    return isBad ? FakeTransport::Reply{answer(500, "oops"), milliseconds(1)} : doubling(request);
  });
  CHECK(poisoned.submit(rowsFrom(0, 200), 1));
  poisoned.run(1);
  REQUIRE(poisoned.done.size() == 1);
  REQUIRE(poisoned.done[0].failures.size() == 1);
  CHECK(poisoned.done[0].failures[0].rowIndex == 13);
  CHECK(poisoned.done[0].failures[0].reason == RowFailure::Reason::Refused);

  // The halves of one request that fails are no reason to leave the server alone.
  PredictorBench large(
      [](const HttpRequest& request) {
        const auto rows = rowsOf(request);
        const bool isBad = std::find(rows.begin(), rows.end(), 200.0) != rows.end();
        return isBad ? FakeTransport::Reply{answer(500, "oops"), milliseconds(1)}
                     : doubling(request);
      },
      [](RemoteModelOptions& options) { options.batchMaxRows = 256; });
  CHECK(large.submit(rowsFrom(0, 256), 1));
  large.run(1);
  REQUIRE(large.done.size() == 1);
  CHECK(large.done[0].failures.size() == 1);
  CHECK(large.counters().breakerOpened == 0);

  PredictorBench broken(always(answer(500, "oops")));
  CHECK(broken.submit(rowsFrom(0, 200), 1));
  broken.run(1, std::chrono::seconds(20));
  CHECK(broken.done.empty());
  CHECK(broken.counters().rowsRefused <= 5);
  broken.transport->replace(doubling);
  broken.run(1);
  REQUIRE(broken.done.size() == 1);
  CHECK(broken.done[0].failures.size() <= 5);
}

TEST_CASE("A server says how long it is busy") {
  int numAsked = 0;
  PredictorBench bench([&](const HttpRequest& request) {
    HttpResponse busy = answer(503, "");
    busy.headers = {{"retry-after", "7"}};
    return ++numAsked == 1 ? FakeTransport::Reply{busy, milliseconds(1)} : doubling(request);
  });
  const auto start = bench.transport->now();
  CHECK(bench.submit({1}, 1));
  bench.run(1);
  CHECK(bench.done.size() == 1);
  CHECK(bench.transport->now() - start >= std::chrono::seconds(7));
}

TEST_CASE("A model whose server was away when it was made is looked up before its first rows") {
  const std::string metadata =
      R"({"metadata":{"signature_def":{"signature_def":{"serving_default":{)"
      R"("inputs":{"x":{"dtype":"DT_FLOAT","tensor_shape":{"dim":[{"size":"-1"},{"size":"1"}]}}},)"
      R"("outputs":{"score":{"dtype":"DT_FLOAT","tensor_shape":{"dim":[{"size":"-1"}]}}}}}}}})";
  bool isBack = false;
  const auto server = [&](const HttpRequest& request) {
    if (!isBack) {
      return FakeTransport::Reply{failure(Failure::Connect), milliseconds(1)};
    }
    return request.method == "GET" ? FakeTransport::Reply{answer(200, metadata), milliseconds(1)}
                                   : doubling(request);
  };
  PredictorBench bench(server, {}, 1024, false);
  CHECK(bench.model->signature() == nullptr);
  CHECK(bench.submit(rowsFrom(0, 20), 1));
  bench.run(1, std::chrono::minutes(1));
  CHECK(bench.done.empty());
  isBack = true;
  CHECK(bench.submit(rowsFrom(20, 20), 2));
  bench.run(2);
  REQUIRE(bench.done.size() == 2);
  CHECK(bench.done[1].scores[0] == 40);
  REQUIRE(bench.model->signature() != nullptr);
  CHECK(bench.model->signature()->inputs[0].datatype == Datatype::Fp32);

  PredictorBench failing(always(failure(Failure::Connect)), neverWait, 1024, false);
  CHECK(failing.submit(rowsFrom(0, 20), 1));
  failing.run(1);
  REQUIRE(failing.done.size() == 1);
  CHECK(numUnavailable(failing.done[0]) == 20);

  const std::string misfit =
      R"({"metadata":{"signature_def":{"signature_def":{"serving_default":{)"
      R"("inputs":{"x":{"dtype":"DT_FLOAT","tensor_shape":{"dim":[{"size":"-1"},{"size":"9"}]}}},)"
      R"("outputs":{}}}}}})";
  PredictorBench other(always(answer(200, misfit)), neverWait, 1024, false);
  CHECK(other.submit(rowsFrom(0, 3), 1));
  other.run(1);
  REQUIRE(other.done.size() == 1);
  CHECK(other.done[0].failures[0].message.find("takes 9 a row") != std::string::npos);
}

TEST_CASE("Batches of two versions go to their own servers") {
  PredictorBench bench(doubling);
  PredictorBench tripling([](const HttpRequest& request) {
    std::vector<double> scores = rowsOf(request);
    for (double& score : scores) {
      score *= 3;
    }
    return FakeTransport::Reply{predictions(scores), milliseconds(1)};
  });
  const auto first = bench.model;
  CHECK(bench.submit(rowsFrom(1, 3), 1));
  bench.model = tripling.model;
  CHECK(bench.submit(rowsFrom(1, 3), 2));
  bench.model = first;
  CHECK(bench.submit(rowsFrom(1, 3), 3));
  for (int i = 0; i < 10; ++i) {
    tripling.transport->step(tripling.transport->now() + milliseconds(1));
    bench.run(3, milliseconds(10));
  }
  REQUIRE(bench.done.size() == 3);
  bench.sortDone();
  CHECK(bench.done[0].scores == std::vector<double>{2, 4, 6});
  CHECK(bench.done[1].scores == std::vector<double>{3, 6, 9});
  CHECK(bench.done[2].scores == std::vector<double>{2, 4, 6});
}

TEST_CASE("In the shadow what fails is not asked for again, but for rows beside a refused one") {
  const auto once = [](RemoteModelOptions& options) {
    options.waitsWhenUnavailable = false;
    options.asksOnce = true;  // whatever RETRIES says
  };
  for (const HttpResponse& response :
       {failure(Failure::Connect), failure(Failure::Timeout), answer(500, ""), answer(503, "")}) {
    PredictorBench bench(always(response), once);
    CHECK(bench.submit(rowsFrom(0, 8), 1));
    bench.run(1);
    REQUIRE(bench.done.size() == 1);
    CHECK(numUnavailable(bench.done[0]) == 8);
    CHECK(bench.transport->numSent() == 1);
    CHECK(bench.counters().retries == 0);
  }
  PredictorBench bench(
      [](const HttpRequest& request) {
        const std::vector<double> rows = rowsOf(request);
        return std::count(rows.begin(), rows.end(), 3) > 0
                   ? FakeTransport::Reply{answer(400, "no"), milliseconds(1)}
                   : doubling(request);
      },
      once);
  CHECK(bench.submit(rowsFrom(0, 8), 1));
  bench.run(1);
  REQUIRE(bench.done.size() == 1);
  REQUIRE(bench.done[0].failures.size() == 1);
  CHECK(bench.done[0].failures[0].rowIndex == 3);
}
