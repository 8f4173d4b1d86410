// SPDX-License-Identifier: Apache-2.0
// Rows that are erased by a range of keys: in stores, before and after the commit, and on the way
// back from a changelog whose beginning is gone.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "stateStore/StoreError.h"
#include "stateStore/TaskState.h"
#include "tests/unit/stateStore/support/RecordedChangelog.h"
#include "tests/unit/stateStore/support/TestStates.h"

namespace auspex::stateStore {

namespace {

constexpr StoreIndex kFirstStore{1};
const std::vector<StoreSpec> kWindowStore{{"windows", "BIGINT"}};
// Outside of all ranges, like the time of a window's operator.
constexpr std::string_view kTimeRow = "!";
constexpr int kKeysOfBucket = 20;

std::string bucketKey(int bucket, int key) {
  return fmt::format("{:06}k{}", bucket, key);
}

std::string bucketBegin(int bucket) {
  return fmt::format("{:06}", bucket);
}

Rows rowsOfReader(const ByteReader& reader, StoreIndex store) {
  Rows rows;
  reader.scan(store, "", std::nullopt, [&rows](std::string_view key, std::string_view value) {
    rows.emplace(key, value);
    return true;
  });
  return rows;
}

/// Rows of buckets that come and go, in a store and as they should be there.
class Buckets {
 public:
  Buckets(TaskState& state, std::uint64_t seed) : state_(&state), random_(seed) {}

  void attach(TaskState& state) { state_ = &state; }
  KeyValueStore& store() { return state_->store("windows"); }

  void change() {
    const int bucket = first_ + static_cast<int>(random_() % 4);
    newest_ = std::max(newest_, bucket);
    const std::string key = bucketKey(bucket, static_cast<int>(random_() % kKeysOfBucket));
    if (random_() % 6 == 0) {
      store().erase(key);
      rows_.erase(key);
    } else {
      const std::string value = fmt::format("value{}", random_() % 100'000);
      store().put(key, value);
      rows_[key] = value;
    }
  }

  /// The oldest buckets are over.
  void drop() {
    first_ += 1 + static_cast<int>(random_() % 2);
    const std::string time = fmt::format("{}", first_);
    store().put(kTimeRow, time);
    store().eraseRange(bucketBegin(0), bucketBegin(first_),
                       bucketBegin(std::max(newest_ + 1, first_)));
    rows_.erase(rows_.lower_bound(bucketBegin(0)), rows_.lower_bound(bucketBegin(first_)));
    rows_[std::string(kTimeRow)] = time;
  }

  void commit(RecordedChangelog& changelog) {
    const Marker marker = numbered(++sequence_);
    stateStore::commit(*state_, changelog, marker);
    committed_ = {rows_, first_, newest_};
  }

  void abort() {
    state_->abort();
    rows_ = committed_.rows;
    first_ = committed_.first;
    newest_ = committed_.newest;
  }

  void checkAll() {
    CHECK(rowsOf(store()) == rows_);
    for (int i = 0; i < 5; ++i) {
      const std::string key = bucketKey(std::max(0, first_ - 2) + static_cast<int>(random_() % 6),
                                        static_cast<int>(random_() % kKeysOfBucket));
      CAPTURE(key);
      const auto value = store().get(key);
      const auto row = rows_.find(key);
      CHECK(value.has_value() == (row != rows_.end()));
      CHECK((row == rows_.end() || value == row->second));
    }
  }

  const Rows& committedRows() const { return committed_.rows; }

 private:
  struct Committed {
    Rows rows;
    int first = 0;
    int newest = 0;
  };

  TaskState* state_;
  std::mt19937_64 random_;
  Rows rows_;
  int first_ = 0;   // bucket that is not over
  int newest_ = 0;  // that ever had a row
  std::uint64_t sequence_ = 0;
  Committed committed_;
};

/// What is left of records from an offset on when each key's last is kept.
RecordedChangelog compactedFrom(const RecordedChangelog& changelog, std::int64_t from,
                                std::vector<std::int64_t>& offsets) {
  std::map<std::string, std::size_t> last;
  for (auto i = static_cast<std::size_t>(from); i < changelog.entries.size(); ++i) {
    last[changelog.entries[i].key] = i;
  }
  RecordedChangelog kept;
  for (auto i = static_cast<std::size_t>(from); i < changelog.entries.size(); ++i) {
    if (last[changelog.entries[i].key] == i) {
      kept.entries.push_back(changelog.entries[i]);
      offsets.push_back(static_cast<std::int64_t>(i));
    }
  }
  return kept;
}

}  // namespace

TEST_CASE("Byte stores erase ranges, and rows of the same batch are set after that") {
  for (const StoreKind kind : kStoreKinds) {
    CAPTURE(nameOf(kind));
    const TemporaryDirectory directory;
    const auto bytes = makeBytes(kind, directory, {"first", "second"});
    bytes->apply(std::vector<RowChange>{{kFirstStore, "a", "1"},
                                        {kFirstStore, "b", "2"},
                                        {kFirstStore, "c", "3"},
                                        {StoreIndex{2}, "b", "other"}});
    const auto before = bytes->snapshot();
    bytes->apply(
        std::vector<RowChange>{{kFirstStore, "a", std::nullopt, "c"}, {kFirstStore, "b", "new"}});
    CHECK(rowsOfReader(*bytes, kFirstStore) == Rows{{"b", "new"}, {"c", "3"}});
    CHECK(rowsOfReader(*bytes, StoreIndex{2}) == Rows{{"b", "other"}});
    CHECK(rowsOfReader(*before, kFirstStore).size() == 3);
    bytes->apply(
        std::vector<RowChange>{{kFirstStore, "a", std::nullopt, "d"}, {kFirstStore, "d", "4"}});
    const std::vector<std::string_view> keys{"a", "b", "c", "d"};
    Arena arena;
    std::vector<std::optional<std::string_view>> values(keys.size());
    bytes->multiGet(kFirstStore, keys, arena, values);
    CHECK_FALSE((values[0] || values[1] || values[2]));
    CHECK(values[3] == "4");
    CHECK(rowsOfReader(*bytes, kFirstStore) == Rows{{"d", "4"}});
  }
}

TEST_CASE("Ranges of a store go with the rows through commits, aborts and new starts") {
  const std::uint64_t seed = testSeed();
  CAPTURE(seed);
  for (const StoreKind kind : kStoreKinds) {
    CAPTURE(nameOf(kind));
    const TemporaryDirectory directory;
    TaskStateOptions options;
    options.cacheBytes = 8 << 10;
    auto state = makeState(kind, directory, kWindowStore, options);
    Buckets buckets(*state, seed);
    RecordedChangelog changelog;
    std::mt19937_64 random(seed);
    for (int step = 0; step < 600; ++step) {
      CAPTURE(step);
      const auto chance = random() % 40;
      if (chance < 30) {
        buckets.change();
      } else if (chance < 33) {
        buckets.drop();
      } else if (chance < 37) {
        buckets.commit(changelog);
        Rows shown;
        state->snapshot()->scan("windows", "", std::nullopt,
                                [&shown](std::string_view key, std::string_view value) {
                                  shown.emplace(key, value);
                                  return true;
                                });
        CHECK(shown == buckets.committedRows());
      } else if (chance == 37) {
        buckets.abort();
      } else if (chance == 38 && kind != StoreKind::Memory) {
        buckets.abort();
        state->sync();
        state.reset();
        state = makeState(kind, directory, kWindowStore, options);
        buckets.attach(*state);
      }
      buckets.checkAll();
    }
  }
}

TEST_CASE("What was erased at once is restored without the records before it") {
  const std::uint64_t seed = testSeed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto source = TaskState::inMemory(kWindowStore, {});
  Buckets buckets(*source, seed);
  RecordedChangelog changelog;
  std::int64_t lastNeeded = 0;
  int numMoves = 0;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 30; ++i) {
      buckets.change();
    }
    if (random() % 2 == 0) {
      buckets.drop();
    }
    buckets.commit(changelog);
    const std::int64_t needed = source->neededFrom().value_or(0);
    CHECK(needed >= lastNeeded);
    numMoves += needed > lastNeeded ? 1 : 0;
    lastNeeded = needed;
    std::vector<std::int64_t> offsets;
    const RecordedChangelog left = compactedFrom(changelog, needed, offsets);
    const StoreKind kind = round % 2 == 0 ? StoreKind::Memory : StoreKind::WriteBehind;
    CAPTURE(round);
    const TemporaryDirectory directory;
    TaskStateOptions options;
    options.restoreBufferBytes = std::size_t{200} << (round % 8);
    options.ingestBytes = round % 3 == 0 ? 100 : std::size_t{1} << 20;
    const auto state = makeState(kind, directory, kWindowStore, options);
    state->beginRestore();
    for (std::size_t i = 0; i < left.entries.size(); ++i) {
      state->restoreRecord(left.entries[i].key, left.entries[i].value, offsets[i]);
    }
    REQUIRE(state->finishRestore());
    CHECK(rowsOf(state->store("windows")) == buckets.committedRows());
  }
  CHECK(numMoves > 5);
  // Its records are far fewer than all that were written.
  CHECK(lastNeeded > changelog.lastOffset() / 2);
}

TEST_CASE("A row that is erased by a range before its commit is not logged") {
  const auto state = TaskState::inMemory(kWindowStore, {});
  RecordedChangelog changelog;
  KeyValueStore& store = state->store("windows");
  REQUIRE(store.erasesRanges());
  store.put("000001a", "1");
  store.put("000002a", "2");
  store.eraseRange("000000", "000002", "000003");
  commit(*state, changelog, numbered(1));
  std::vector<std::string> keys;
  for (const RecordedChangelog::Entry& entry : changelog.entries) {
    const ChangelogKey key = ChangelogCodec::decodeKey(entry.key);
    keys.push_back(fmt::format("{}:{}", key.store, key.key));
  }
  CHECK(keys == std::vector<std::string>{":erased/windows", ":layout/windows", "windows:000002a",
                                         ":marker"});
  CHECK_FALSE(state->neededFrom());
}

TEST_CASE("Of several stores none erases ranges") {
  const auto state = TaskState::inMemory({{"one", "BIGINT"}, {"two", "BIGINT"}}, {});
  CHECK_FALSE(state->store("one").erasesRanges());
  CHECK_FALSE(state->store("two").erasesRanges());
}

}  // namespace auspex::stateStore
