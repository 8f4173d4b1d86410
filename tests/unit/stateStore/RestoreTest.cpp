// SPDX-License-Identifier: Apache-2.0
// The way back from the changelog: by batches and by sorted files, with torn tails and compaction.
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

const std::vector<StoreSpec> kSpecs{{"totals", "BIGINT"}, {"seen", "VARCHAR"}};

constexpr int kKeys = 1000;

struct Recording {
  RecordedChangelog changelog;
  Rows totals;
  Rows seen;
  Marker marker;
  std::int64_t offset = 0;  // of the last marker
};

// Commits random changes, then logs the beginning of one more transaction.
Recording record(std::uint64_t seed, int numCommits, int changesPerCommit, bool tornTail) {
  std::mt19937_64 random(seed);
  const auto state = TaskState::inMemory(kSpecs, {});
  Recording recording;
  const auto change = [&] {
    KeyValueStore& store = state->store(random() % 2 == 0 ? "totals" : "seen");
    const std::string key = fmt::format("key{}", random() % kKeys);
    if (random() % 5 == 0) {
      store.erase(key);
    } else {
      store.put(key, fmt::format("value{}", random() % 100'000));
    }
  };
  for (int i = 1; i <= numCommits; ++i) {
    for (int j = 0; j < changesPerCommit; ++j) {
      change();
    }
    recording.marker = numbered(static_cast<std::uint64_t>(i));
    commit(*state, recording.changelog, recording.marker);
  }
  recording.offset = recording.changelog.lastOffset();
  recording.totals = rowsOf(state->store("totals"));
  recording.seen = rowsOf(state->store("seen"));
  if (tornTail) {
    for (int j = 0; j < changesPerCommit; ++j) {
      change();
    }
    state->prepareCommit(recording.changelog, numbered(1'000'000));
    recording.changelog.entries.pop_back();  // the marker never came
  }
  return recording;
}

// Reads every key that record() may have written.
Rows gotFrom(KeyValueStore& store) {
  Rows rows;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = fmt::format("key{}", i);
    if (const auto value = store.get(key)) {
      rows.emplace(key, *value);
    }
  }
  return rows;
}

void checkRestored(TaskState& state, const Recording& recording) {
  CHECK(gotFrom(state.store("totals")) == recording.totals);
  CHECK(state.marker() == recording.marker);
  CHECK(state.changelogOffset() == recording.offset);
  CHECK(rowsOf(state.store("totals")) == recording.totals);
  CHECK(rowsOf(state.store("seen")) == recording.seen);
}

// Buffers large, small, and smaller than a transaction; rows by batches and by sorted files.
const TaskStateOptions kOptions[] = {
    {},
    {.ingestBytes = 0},
    {.restoreBufferBytes = 20'000},
    {.restoreBufferBytes = 20'000, .ingestBytes = 0},
    {.restoreBufferBytes = 1'000, .ingestBytes = 0},
};

}  // namespace

TEST_CASE(
    "A restored state equals the one that was logged; rows without their marker do not count") {
  const std::uint64_t seed = testSeed();
  MESSAGE("AUSPEX_SEED=" << seed);
  const Recording recording = record(seed, 30, 60, true);
  for (const StoreKind kind : kStoreKinds) {
    for (const TaskStateOptions& options : kOptions) {
      CAPTURE(nameOf(kind));
      CAPTURE(options.restoreBufferBytes);
      CAPTURE(options.ingestBytes);
      const TemporaryDirectory directory;
      const auto state = makeState(kind, directory, kSpecs, options);
      state->beginRestore();
      recording.changelog.replay(*state, 0, recording.changelog.entries.size());
      CHECK(state->finishRestore() == recording.marker);
      checkRestored(*state, recording);
    }
  }
}

TEST_CASE("A state that is behind is brought up to date, whatever was applied before") {
  const Recording recording = record(7, 20, 40, true);
  const auto& entries = recording.changelog.entries;
  for (const StoreKind kind : kStoreKinds) {
    for (const TaskStateOptions& options : kOptions) {
      CAPTURE(nameOf(kind));
      CAPTURE(options.restoreBufferBytes);
      CAPTURE(options.ingestBytes);
      const TemporaryDirectory directory;
      auto state = makeState(kind, directory, kSpecs, options);
      state->beginRestore();
      recording.changelog.replay(*state, 0, entries.size() / 2);
      state->finishRestore();
      REQUIRE(state->changelogOffset().has_value());
      if (kind == StoreKind::Rocks) {
        state.reset();
        state = makeState(kind, directory, kSpecs, options);
      }
      gotFrom(state->store("totals"));  // what this leaves in the cache must not survive
      state->beginRestore();
      recording.changelog.replay(*state, 0, entries.size());  // what is known already is skipped
      state->finishRestore();
      checkRestored(*state, recording);
    }
  }
}

TEST_CASE("A standby applies what is sealed and goes on") {
  const Recording recording = record(11, 20, 40, false);
  for (const TaskStateOptions& options : kOptions) {
    const TemporaryDirectory directory;
    const auto state = makeState(StoreKind::Rocks, directory, kSpecs, options);
    state->beginRestore();
    const std::size_t numEntries = recording.changelog.entries.size();
    for (std::size_t i = 0; i < numEntries; i += 25) {
      recording.changelog.replay(*state, i, std::min(i + 25, numEntries));
      state->applyRestored();
      CHECK(state->snapshot()->marker() == state->marker());
    }
    state->finishRestore();
    checkRestored(*state, recording);
  }
}

TEST_CASE("A compacted changelog, with one marker at its end, restores within a small buffer") {
  const Recording recording = record(13, 50, 100, false);
  std::map<std::string, std::size_t> last;
  const auto& entries = recording.changelog.entries;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    last[entries[i].key] = i;
  }
  for (const StoreKind kind : kStoreKinds) {
    const TemporaryDirectory directory;
    const auto state =
        makeState(kind, directory, kSpecs, {.restoreBufferBytes = 10'000, .ingestBytes = 5'000});
    state->beginRestore();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (last[entries[i].key] == i) {
        recording.changelog.replay(*state, i, i + 1);
      }
    }
    state->finishRestore();
    checkRestored(*state, recording);
  }
}

TEST_CASE("A restored state goes on with commits") {
  const Recording recording = record(17, 3, 10, false);
  const TemporaryDirectory directory;
  const auto state = makeState(StoreKind::Rocks, directory, kSpecs, {.ingestBytes = 0});
  state->beginRestore();
  recording.changelog.replay(*state, 0, recording.changelog.entries.size());
  state->finishRestore();
  RecordedChangelog changelog = recording.changelog;
  state->store("totals").put("later", "1");
  const std::size_t numBefore = changelog.entries.size();
  commit(*state, changelog, numbered(4));
  CHECK(changelog.entries.size() == numBefore + 2);  // the layouts are in the changelog already
  CHECK(state->store("totals").get("later") == "1");
}

TEST_CASE("An empty changelog, or one without a marker, restores to nothing") {
  const Recording recording = record(19, 0, 10, true);
  for (const TaskStateOptions& options : kOptions) {
    const TemporaryDirectory directory;
    const auto state = makeState(StoreKind::Rocks, directory, kSpecs, options);
    state->beginRestore();
    CHECK_FALSE(state->finishRestore().has_value());
    state->beginRestore();
    recording.changelog.replay(*state, 0, recording.changelog.entries.size());
    CHECK_FALSE(state->finishRestore().has_value());
    CHECK(rowsOf(state->store("totals")).empty());
    CHECK(rowsOf(state->store("seen")).empty());
  }
}

TEST_CASE("Records that belong to no changelog, or to another plan, are refused") {
  const auto refusal = [](const std::string& key, std::optional<std::string_view> value) {
    const auto state = TaskState::inMemory(kSpecs, {});
    state->beginRestore();
    state->restoreRecord(key, value, 0);
    state->finishRestore();
  };
  const auto keyOf = [](std::string_view store, std::string_view key) {
    std::string bytes;
    ChangelogCodec::encodeKey(store, key, bytes);
    return bytes;
  };
  const std::string marker = numbered(1).encode();
  CHECK_THROWS_WITH_AS(refusal("", "v"), doctest::Contains("Damaged changelog key"), StoreError);
  CHECK_THROWS_WITH_AS(refusal(keyOf("other", "k"), "v"), doctest::Contains("'other'"), StoreError);
  CHECK_THROWS_WITH_AS(refusal(keyOf("", "layout/totals"), "DOUBLE"),
                       doctest::Contains("written as 'DOUBLE'"), StoreError);
  CHECK_THROWS_WITH_AS(refusal(ChangelogCodec::markerKey(), "garbage"),
                       doctest::Contains("commit marker"), StoreError);
  CHECK_THROWS_WITH_AS(refusal(ChangelogCodec::markerKey(), std::nullopt),
                       doctest::Contains("without a value"), StoreError);
  // A marker without the layouts of the query's stores was written by another plan.
  CHECK_THROWS_WITH_AS(refusal(ChangelogCodec::markerKey(), marker),
                       doctest::Contains("no store 'totals'"), StoreError);
}

TEST_CASE("Sorted files and batches restore 200,000 rows to the same state") {
  RecordedChangelog changelog;
  {
    const auto source = TaskState::inMemory(kSpecs, {});
    std::mt19937_64 random(23);
    for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
      for (int i = 0; i < 10'000; ++i) {
        source->store("totals").put(fmt::format("key{}", random() % 150'000),
                                    fmt::format("value{}", random()));
      }
      commit(*source, changelog, numbered(sequence));
    }
  }
  REQUIRE(changelog.entries.size() > 190'000);
  std::vector<Rows> restored;
  for (const std::size_t ingestBytes : {std::size_t{0}, std::size_t{1} << 40}) {
    const TemporaryDirectory directory;
    const TaskStateOptions options{.restoreBufferBytes = std::size_t{4} << 20,
                                   .ingestBytes = ingestBytes};
    {
      const auto state = makeState(StoreKind::Rocks, directory, kSpecs, options);
      state->beginRestore();
      changelog.replay(*state, 0, changelog.entries.size());
      CHECK(state->finishRestore() == numbered(20));
    }
    const auto state = makeState(StoreKind::Rocks, directory, kSpecs, options);
    CHECK(state->marker() == numbered(20));
    restored.push_back(rowsOf(state->store("totals")));
  }
  CHECK(restored[0].size() > 100'000);
  CHECK((restored[0] == restored[1]));
}

}  // namespace auspex::stateStore
