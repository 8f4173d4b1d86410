// SPDX-License-Identifier: Apache-2.0
// How rows become requests and answers become scores, while the server is well or looks for a row.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "tests/unit/operators/models/rpc/FakeTransport.h"
#include "tests/unit/operators/models/rpc/RemoteRows.h"

using namespace auspex::operators;

namespace {

std::vector<double> counting(size_t size, double first = 0) {
  std::vector<double> numbers(size);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

/// Every row has twice its number, or is among the failures.
void checkDoubled(const ScoredBatch& batch) {
  const auto& numbers = std::get<std::vector<double>>(batch.request.columns[0].values);
  REQUIRE(batch.scores.size() == numbers.size());
  CHECK(batch.outputsPerRow == 1);
  size_t failure = 0;
  for (size_t row = 0; row < numbers.size(); ++row) {
    if (failure < batch.failures.size() && batch.failures[failure].rowIndex == row) {
      CHECK(std::isnan(batch.scores[row]));
      ++failure;
    } else {
      CHECK(batch.scores[row] == 2 * numbers[row]);
    }
  }
  CHECK(failure == batch.failures.size());
}

}  // namespace

TEST_CASE("Rows are cut into requests, as many at a time as allowed, and come back as submitted") {
  PredictorBench bench(doubling);
  CHECK(bench.predictor->layout() == FeatureLayout::Columns);
  CHECK(bench.submit(counting(100), 5));
  CHECK(bench.predictor->rowsInFlight() == 100);
  bench.run(1);
  REQUIRE(bench.done.size() == 1);
  CHECK(bench.done[0].request.id == 5);
  CHECK(bench.done[0].request.rowIds[7] == 5007);
  CHECK(bench.done[0].failures.empty());
  checkDoubled(bench.done[0]);
  CHECK(bench.predictor->rowsInFlight() == 0);
  CHECK(bench.transport->numSent() == 13);
  CHECK(bench.transport->mostAtATime() == 4);
  const RemoteCounters counters = bench.counters();
  CHECK(counters.requests == 13);
  CHECK(counters.rowsScored == 100);
  CHECK(counters.rowsWaiting == 0);
  CHECK(counters.requestsInFlight == 0);
  CHECK(counters.wire.count == 13);
  CHECK(counters.bytesSent > 100);
}

TEST_CASE("Batches that wait for a turn share requests") {
  PredictorBench bench(doubling, [](RemoteModelOptions& options) { options.maxInFlight = 1; });
  for (uint64_t id = 0; id < 17; ++id) {
    CHECK(bench.submit({static_cast<double>(id)}, id));
  }
  bench.run(17);
  REQUIRE(bench.done.size() == 17);
  for (uint64_t id = 0; id < 17; ++id) {
    CHECK(bench.done[id].request.id == id);
    checkDoubled(bench.done[id]);
  }
  CHECK(bench.transport->numSent() == 3);  // the first alone, then 8 and 8
}

TEST_CASE("Rows linger for others as long as they may, and not at all once a request is full") {
  PredictorBench bench(doubling,
                       [](RemoteModelOptions& options) { options.batchLinger = milliseconds(5); });
  const auto start = bench.transport->now();
  CHECK(bench.submit(counting(3), 1));
  bench.run(1, milliseconds(4));
  CHECK(bench.transport->numSent() == 0);
  CHECK(bench.submit(counting(2, 10), 2));
  bench.run(2);
  CHECK(bench.transport->numSent() == 1);
  CHECK(bench.transport->now() - start == milliseconds(6));
  REQUIRE(bench.done.size() == 2);
  checkDoubled(bench.done[0]);
  checkDoubled(bench.done[1]);
  CHECK(bench.submit(counting(8), 3));
  CHECK(bench.transport->numSent() == 2);
}

TEST_CASE("A bound on rows in flight refuses a batch untouched, but never the only one") {
  PredictorBench bench(doubling, {}, 10);
  CHECK(bench.submit(counting(50), 1));
  CHECK_FALSE(bench.submit(counting(1), 2));
  CHECK(bench.predictor->rowsInFlight() == 50);
  bench.run(1);
  CHECK(bench.submit(counting(5), 3));
  CHECK(bench.submit(counting(5), 4));
  CHECK_FALSE(bench.submit(counting(1), 5));
  bench.run(3);
  CHECK(bench.done.size() == 3);
}

TEST_CASE("An empty batch comes back at once") {
  PredictorBench bench(doubling);
  CHECK(bench.submit(counting(3), 1));
  CHECK(bench.submit({}, 2));
  bench.run(2);
  REQUIRE(bench.done.size() == 2);
  CHECK(bench.done[0].request.id == 2);
  CHECK(bench.done[0].scores.empty());
}

TEST_CASE("Batches come back as their answers come") {
  PredictorBench bench([](const HttpRequest& request) {
    FakeTransport::Reply reply = doubling(request);
    reply.after = milliseconds(rowsOf(request)[0] == 0 ? 50 : 1);
    return reply;
  });
  CHECK(bench.submit(counting(8, 0), 1));
  CHECK(bench.submit(counting(8, 8), 2));
  CHECK(bench.submit(counting(8, 16), 3));
  bench.run(3, milliseconds(10));
  CHECK(bench.done.size() == 2);
  bench.run(3);
  REQUIRE(bench.done.size() == 3);
  CHECK(bench.done[0].request.id == 2);
  CHECK(bench.done[2].request.id == 1);
  std::for_each(bench.done.begin(), bench.done.end(), checkDoubled);
}

TEST_CASE("A refused request is halved until the rows at fault stand alone") {
  // However many rows are bad and wherever they are, only these fail.
  std::minstd_rand random(7);
  for (int turn = 0; turn < 50; ++turn) {
    const size_t numBad = random() % 6;
    std::vector<double> bad;
    for (size_t i = 0; i < numBad; ++i) {
      bad.push_back(static_cast<double>(random() % 60));
    }
    PredictorBench bench([&](const HttpRequest& request) {
      const std::vector<double> rows = rowsOf(request);
      for (const double row : bad) {
        if (std::find(rows.begin(), rows.end(), row) != rows.end()) {
          return FakeTransport::Reply{answer(400, R"({"error":"row refused"})"), milliseconds(1)};
        }
      }
      return doubling(request);
    });
    CHECK(bench.submit(counting(30, 0), 1));
    CHECK(bench.submit(counting(30, 30), 2));
    bench.run(2);
    REQUIRE(bench.done.size() == 2);
    bench.sortDone();
    std::sort(bad.begin(), bad.end());
    bad.erase(std::unique(bad.begin(), bad.end()), bad.end());
    std::vector<double> failed;
    for (const ScoredBatch& batch : bench.done) {
      checkDoubled(batch);
      for (const RowFailure& failure : batch.failures) {
        CHECK(failure.reason == RowFailure::Reason::Refused);
        CHECK(failure.message == "the server answers 400: row refused");
        failed.push_back(static_cast<double>(failure.rowIndex) +
                         (batch.request.id == 2 ? 30.0 : 0.0));
      }
    }
    CHECK(failed == bad);
    CHECK(bench.counters().rowsRefused == bad.size());
    CHECK(bench.counters().breaker == CircuitBreaker::State::Closed);
    CHECK(bench.counters().rowsWaiting == 0);
  }
}

TEST_CASE("Answers that do not fit the rows are looked into the same way") {
  // A model that leaves rows out, gives too many, or text: the row that makes it do so is found.
  const std::vector<std::string> wrong = {R"({"predictions":[]})", R"({"predictions":[1,2,3,4,5]})",
                                          R"({"predictions":[[1,2]]})", R"({"predictions":["x"]})",
                                          R"({"predictions":{"score":1}})"};
  for (const std::string& body : wrong) {
    CAPTURE(body);
    PredictorBench bench([&](const HttpRequest& request) {
      const std::vector<double> rows = rowsOf(request);
      const bool isBad = std::find(rows.begin(), rows.end(), 5.0) != rows.end();
      return isBad ? FakeTransport::Reply{answer(200, body), milliseconds(1)} : doubling(request);
    });
    CHECK(bench.submit(counting(16), 1));
    // The last body is none of the protocol's, which is no fault of a row: it is asked again.
    if (body.find('{', 1) != std::string::npos) {
      bench.run(1, milliseconds(1000));
      CHECK(bench.done.empty());
      bench.transport->replace(doubling);
    }
    bench.run(1);
    REQUIRE(bench.done.size() == 1);
    checkDoubled(bench.done[0]);
    CHECK(bench.done[0].failures.size() == (body.find('{', 1) != std::string::npos ? 0 : 1));
  }
}

TEST_CASE("A score that is no number is that row's failure alone, and costs no further request") {
  PredictorBench bench([](const HttpRequest&) {
    return FakeTransport::Reply{answer(200, R"({"predictions":[0,NaN,Infinity]})"),
                                milliseconds(1)};
  });
  CHECK(bench.submit(counting(3), 1));
  bench.run(1);
  REQUIRE(bench.done.size() == 1);
  REQUIRE(bench.done[0].failures.size() == 1);
  CHECK(bench.done[0].failures[0].rowIndex == 1);
  CHECK(bench.done[0].failures[0].reason == RowFailure::Reason::Refused);
  CHECK(std::isinf(bench.done[0].scores[2]));
  CHECK(bench.transport->numSent() == 1);
}

TEST_CASE("Rows that cannot be said in the server's types fail without being sent") {
  PredictorBench bench(doubling);
  RemoteSignature signature = tensorSignature(false);
  signature.numFeatures = 1;
  signature.inputs[0].datatype = Datatype::Int32;
  bench.model = std::make_shared<const RemoteModel>(
      bench.model->info(), bench.model->options(), bench.transport,
      std::make_shared<const RemoteSignature>(signature));
  CHECK(bench.submit({0.5, 1, NAN, 3, 1e12}, 1));
  bench.run(1);
  REQUIRE(bench.done.size() == 1);
  checkDoubled(bench.done[0]);
  REQUIRE(bench.done[0].failures.size() == 3);
  CHECK(bench.done[0].failures[1].rowIndex == 2);
  CHECK(bench.submit({0.5}, 2));
  bench.run(2);
  REQUIRE(bench.done.size() == 2);
  CHECK(bench.done[1].failures.size() == 1);
}

TEST_CASE("A predictor that goes leaves its requests, and is woken no more") {
  auto bench = std::make_unique<PredictorBench>(doubling);
  CHECK(bench->submit(counting(40), 1));
  const auto transport = bench->transport;
  const auto model = bench->model;
  bench.reset();  // its wake with it: a call would touch freed memory
  while (transport->step(transport->now() + milliseconds(1000))) {
  }
  CHECK(model->health().snapshot().requestsInFlight == 0);
  CHECK(model->health().snapshot().rowsWaiting == 0);
}

TEST_CASE("Whatever comes in between, nothing is lost or doubled") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::minstd_rand random(seed);
    PredictorBench bench(
        [&](const HttpRequest& request) {
          FakeTransport::Reply reply = doubling(request);
          const auto rows = rowsOf(request);
          const bool isBad = std::any_of(
              rows.begin(), rows.end(), [](double row) { return static_cast<int>(row) % 17 == 3; });
          const auto chance = random() % 10;
          if (chance == 0) {
            reply.response = answer(503, "busy");
          } else if (chance == 1) {
            reply.response = failure(HttpResponse::Failure::Broken);
          } else if (chance == 2) {
            reply.after = milliseconds(500);
          } else if (isBad) {
            reply.response = answer(400, "bad");
          }
          reply.after += milliseconds(random() % 20);
          return reply;
        },
        [&](RemoteModelOptions& options) {
          options.batchLinger = milliseconds(random() % 3);
          options.breakerPause = milliseconds(200);
          options.waitsWhenUnavailable = seed % 2 == 0;
        },
        64);
    uint64_t id = 0;
    while (id < 40) {
      if (bench.submit(counting(random() % 20, static_cast<double>(100 * id)), id)) {
        ++id;
      } else {
        bench.run(bench.done.size() + 1);
      }
    }
    bench.run(40);
    REQUIRE(bench.done.size() == 40);
    bench.sortDone();
    for (id = 0; id < 40; ++id) {
      CHECK(bench.done[id].request.id == id);
      checkDoubled(bench.done[id]);
      const auto& numbers = std::get<std::vector<double>>(bench.done[id].request.columns[0].values);
      size_t numBad = 0;
      for (const double number : numbers) {
        numBad += static_cast<int>(number) % 17 == 3 ? 1 : 0;
      }
      const auto& failures = bench.done[id].failures;
      const auto numRefused = std::count_if(
          failures.begin(), failures.end(),
          [](const RowFailure& failure) { return failure.reason == RowFailure::Reason::Refused; });
      if (seed % 2 == 0) {
        CHECK(failures.size() == numBad);
      }
      CHECK(static_cast<size_t>(numRefused) <= numBad);
    }
    CHECK(bench.predictor->rowsInFlight() == 0);
    CHECK(bench.counters().rowsWaiting == 0);
    CHECK(bench.counters().requestsInFlight == 0);
  }
}
