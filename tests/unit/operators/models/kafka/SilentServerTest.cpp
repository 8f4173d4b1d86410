// SPDX-License-Identifier: Apache-2.0
// Servers behind topics may send no reply over a row, as well as while they are away: which of the
// two it is shows in what else they answer.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "operators/formats/json/JsonTree.h"
#include "tests/unit/operators/models/rpc/FakeTransport.h"
#include "tests/unit/operators/models/rpc/RemoteRows.h"

using namespace auspex::operators;

namespace {

using Failure = HttpResponse::Failure;

std::vector<double> numbersOf(const HttpRequest& request) {
  std::vector<double> numbers;
  const auto tree = JsonTree::parse(request.body);
  for (const JsonTree& row : tree->find("rows")->elements) {
    numbers.push_back(std::stod(row.find("a")->text));
  }
  return numbers;
}

/// Twice the number of each row, but nothing to requests with a row that it does not bear.
FakeTransport::Reply replyUnless(const HttpRequest& request, const std::set<double>& bad) {
  std::string predictions;
  for (const double number : numbersOf(request)) {
    if (bad.contains(number)) {
      return {failure(Failure::Timeout), request.timeout};
    }
    predictions += (predictions.empty() ? "" : ",") + std::to_string(2 * number);
  }
  return {answer(200, "{\"scores\":[" + predictions + "]}"), milliseconds(1)};
}

void goThroughTopics(RemoteModelOptions& options) {
  options.protocol = RemoteProtocol::PlainJson;
  options.layout = RemoteLayout::Columns;
  options.requestTopic = "q";
  options.replyTopic = "r";
  options.retries = 1;
  options.breakerPause = milliseconds(50);
}

PredictorBench benchOf(const std::set<double>& bad) {
  return PredictorBench([bad](const HttpRequest& request) { return replyUnless(request, bad); },
                        goThroughTopics, 1024, false);
}

std::vector<double> counting(size_t size) {
  std::vector<double> numbers(size);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// Every row has twice its number, but those that are bad, which are Refused.
void checkFound(const ScoredBatch& batch, const std::set<double>& bad) {
  const auto& numbers = std::get<std::vector<double>>(batch.request.columns[0].values);
  std::set<double> failed;
  for (const RowFailure& failure : batch.failures) {
    CHECK(failure.reason == RowFailure::Reason::Refused);
    failed.insert(numbers[failure.rowIndex]);
  }
  CHECK(failed == bad);
  for (size_t row = 0; row < numbers.size(); ++row) {
    CHECK((bad.contains(numbers[row]) || batch.scores[row] == 2 * numbers[row]));
  }
}

}  // namespace

TEST_CASE("rows that the server is silent over are found while it answers others") {
  for (const std::set<double>& bad :
       {std::set<double>{42}, std::set<double>{0, 99}, std::set<double>{8, 9, 15, 50}}) {
    PredictorBench bench = benchOf(bad);
    CHECK(bench.submit(counting(100)));
    bench.run(1);
    REQUIRE(bench.done.size() == 1);
    checkFound(bench.done[0], bad);
  }
}

TEST_CASE("where nobody else asks, a row by itself finds out whether the server is there") {
  for (const std::set<double>& bad :
       {std::set<double>{3}, std::set<double>{0}, std::set<double>{7}, std::set<double>{0, 1, 6}}) {
    PredictorBench bench = benchOf(bad);
    CHECK(bench.submit(counting(8)));
    bench.run(1);
    REQUIRE(bench.done.size() == 1);
    checkFound(bench.done[0], bad);
  }
}

TEST_CASE("a row that comes alone is held against one that was answered before") {
  PredictorBench bench = benchOf({42});
  CHECK(bench.submit(counting(8), 1));
  bench.run(1);
  REQUIRE(bench.done.size() == 1);
  CHECK(bench.submit({42}, 2));
  bench.run(2, std::chrono::minutes(10));
  REQUIRE(bench.done.size() == 2);
  checkFound(bench.done[1], {42});
}

TEST_CASE("a row that comes alone when the server is gone is not blamed, and is answered later") {
  PredictorBench bench = benchOf({});
  CHECK(bench.submit(counting(8), 1));
  bench.run(1);
  bench.transport->replace([](const HttpRequest& request) {
    return replyUnless(request, {1, 2, 3, 0, 42});
  });
  CHECK(bench.submit({42}, 2));
  bench.run(2, std::chrono::minutes(10));
  REQUIRE(bench.done.size() == 1);
  bench.transport->replace([](const HttpRequest& request) { return replyUnless(request, {}); });
  bench.run(2);
  REQUIRE(bench.done.size() == 2);
  checkFound(bench.done[1], {});
}

TEST_CASE("a server that answers nobody is away: no row is blamed, however long it takes") {
  const std::set<double> all = {0, 1, 2, 3, 4, 5, 6, 7};
  PredictorBench bench = benchOf(all);
  CHECK(bench.submit(counting(8)));
  bench.run(1, std::chrono::minutes(10));
  CHECK(bench.done.empty());
  bench.transport->replace([](const HttpRequest& request) { return replyUnless(request, {}); });
  const size_t before = bench.transport->numSent();
  bench.run(1);
  REQUIRE(bench.done.size() == 1);
  checkFound(bench.done[0], {});
  CHECK(bench.transport->numSent() - before <= 8);
}

TEST_CASE(
    "rows that may not wait for a server that is away come back as such, and none as refused") {
  PredictorBench bench(
      [](const HttpRequest& request) {
        return FakeTransport::Reply{failure(Failure::Timeout), request.timeout};
      },
      [](RemoteModelOptions& options) {
        goThroughTopics(options);
        options.waitsWhenUnavailable = false;
      },
      1024, false);
  CHECK(bench.submit(counting(20)));
  bench.run(1);
  REQUIRE(bench.done.size() == 1);
  REQUIRE(bench.done[0].failures.size() == 20);
  for (const RowFailure& failure : bench.done[0].failures) {
    CHECK(failure.reason == RowFailure::Reason::Unavailable);
  }
}

TEST_CASE("requests that the topic does not take are halved, and say nothing of the server") {
  PredictorBench bench(
      [](const HttpRequest& request) {
        const std::vector<double> numbers = numbersOf(request);
        const bool isLarge =
            numbers.size() > 3 || std::count(numbers.begin(), numbers.end(), 5) > 0;
        return isLarge ? FakeTransport::Reply{failure(Failure::NotTaken), milliseconds(0)}
                       : replyUnless(request, {});
      },
      goThroughTopics, 1024, false);
  CHECK(bench.submit(counting(8)));
  bench.run(1);
  REQUIRE(bench.done.size() == 1);
  REQUIRE(bench.done[0].failures.size() == 1);
  CHECK(bench.done[0].failures[0].reason == RowFailure::Reason::Refused);
  CHECK(bench.done[0].failures[0].rowIndex == 5);
  CHECK(bench.counters().failures == 0);
  CHECK(bench.counters().breaker == CircuitBreaker::State::Closed);
}
