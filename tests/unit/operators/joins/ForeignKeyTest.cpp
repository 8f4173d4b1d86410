// SPDX-License-Identifier: Apache-2.0
// Joins by foreign keys whose messages overtake each other: what is left when all have arrived is
// the join of the tables, and nothing else is remembered.
#include <doctest/doctest.h>

#include <random>

#include "tests/unit/operators/joins/ForeignKeyNetwork.h"

using namespace auspex::operators;

namespace {

constexpr int64_t kNumIds = 6;
constexpr int64_t kNumForeignKeys = 5;
constexpr int kNumChanges = 60;

/// The tables, and their join as a definition has it.
struct Tables {
  std::map<int64_t, LeftRow> left;
  std::map<int64_t, int64_t> right;

  std::map<int64_t, ResultRow> joined(JoinKind kind) const {
    std::map<int64_t, ResultRow> rows;
    for (const auto& [id, row] : left) {
      const auto partner = row.second ? right.find(*row.second) : right.end();
      if (partner != right.end()) {
        rows[id] = {row.first, std::pair(partner->first, partner->second)};
      } else if (kind == JoinKind::Left) {
        rows[id] = {row.first, std::nullopt};
      }
    }
    return rows;
  }
};

class RandomRun {
 public:
  RandomRun(uint32_t seed, JoinKind kind, bool emitOld)
      : random_(seed), kind_(kind), network_(kind, emitOld) {}

  void check() {
    for (int i = 0; i < kNumChanges; ++i) {
      if (below(3) == 0) {
        changeRight();
      } else {
        changeLeft(i);
      }
      // Seldom enough for long ways to pile up.
      if (below(2) == 0) {
        network_.deliver(below(ForeignKeyNetwork::numQueues()), 1 + below(4));
      }
    }
    arrive();
    CHECK(network_.result() == tables_.joined(kind_));
    CHECK(network_.numRemembered() == network_.result().size());
    for (int64_t id = 0; id < kNumIds; ++id) {
      tables_.left.erase(id);
      network_.changeLeft(id, std::nullopt);
    }
    arrive();
    CHECK(network_.result().empty());
    CHECK(network_.numRemembered() == 0);
    CHECK(network_.numWrongOldSides() == 0);
  }

 private:
  size_t below(size_t limit) { return random_() % limit; }

  void changeLeft(int64_t value) {
    const auto id = static_cast<int64_t>(below(kNumIds));
    if (below(4) == 0) {
      tables_.left.erase(id);
      network_.changeLeft(id, std::nullopt);
      return;
    }
    LeftRow row{value, std::nullopt};
    if (below(6) != 0) {
      row.second = static_cast<int64_t>(below(kNumForeignKeys));
    }
    tables_.left[id] = row;
    network_.changeLeft(id, row);
  }

  void changeRight() {
    const auto id = static_cast<int64_t>(below(kNumForeignKeys));
    if (below(3) == 0) {
      tables_.right.erase(id);
      network_.changeRight(id, std::nullopt);
      return;
    }
    const auto value = static_cast<int64_t>(below(1000));
    tables_.right[id] = value;
    network_.changeRight(id, value);
  }

  /// Messages go on in any order until none is left.
  void arrive() {
    for (int quiet = 0; quiet < 1000;) {
      quiet = network_.deliver(below(ForeignKeyNetwork::numQueues()), 1 + below(4)) ? 0 : quiet + 1;
    }
  }

  std::mt19937 random_;
  JoinKind kind_;
  ForeignKeyNetwork network_;
  Tables tables_;
};

}  // namespace

TEST_CASE("whatever overtakes what, the result is the join of the tables") {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    for (const JoinKind kind : {JoinKind::Inner, JoinKind::Left}) {
      for (const bool emitOld : {false, true}) {
        CAPTURE(seed);
        CAPTURE(nameOf(kind));
        CAPTURE(emitOld);
        RandomRun(seed, kind, emitOld).check();
      }
    }
  }
}

TEST_CASE("an answer under a former foreign key comes too late") {
  ForeignKeyNetwork network(JoinKind::Inner, true);
  const auto arriveFrom = [&](size_t first, size_t last) {
    for (size_t queue = first; queue <= last; ++queue) {
      network.deliver(queue, 100);
    }
  };
  constexpr size_t kAnswers = ForeignKeyNetwork::kNumLeft * ForeignKeyNetwork::kNumRight;
  network.changeRight(0, 100);
  network.changeRight(1, 101);
  network.changeLeft(0, LeftRow{7, 0});
  arriveFrom(0, 2 * kAnswers - 1);
  REQUIRE(network.result() == std::map<int64_t, ResultRow>{{0, {7, std::pair(0, 100)}}});
  // The right row changes under the old foreign key, and the answer waits while the row moves.
  network.changeRight(0, 200);
  network.changeLeft(0, LeftRow{8, 1});
  arriveFrom(0, kAnswers - 1);
  arriveFrom(kAnswers + ForeignKeyNetwork::kNumLeft, 2 * kAnswers - 1);
  const std::map<int64_t, ResultRow> moved = {{0, {8, std::pair(1, 101)}}};
  CHECK(network.result() == moved);
  arriveFrom(kAnswers, 2 * kAnswers - 1);
  CHECK(network.result() == moved);
  CHECK(network.numRemembered() == 1);
}

TEST_CASE("a row that is gone stays gone when former answers come") {
  ForeignKeyNetwork network(JoinKind::Left, false);
  constexpr size_t kAnswers = ForeignKeyNetwork::kNumLeft * ForeignKeyNetwork::kNumRight;
  network.changeLeft(0, LeftRow{7, 0});
  network.changeRight(0, 100);
  network.changeLeft(0, LeftRow{8, 1});
  network.changeLeft(0, std::nullopt);
  for (size_t queue = 0; queue < kAnswers; ++queue) {
    network.deliver(queue, 100);
  }
  // All that the place of foreign key 1 says, then what that of 0 still had to say.
  network.deliver(kAnswers + ForeignKeyNetwork::kNumLeft, 100);
  CHECK(network.result().empty());
  CHECK(network.numRemembered() == 1);
  network.deliver(kAnswers, 100);
  CHECK(network.result().empty());
  CHECK(network.numRemembered() == 0);
}
