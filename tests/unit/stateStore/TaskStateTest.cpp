// SPDX-License-Identifier: Apache-2.0
// Commits of a task: what is logged, what is kept, and which plans are refused.
#include "stateStore/TaskState.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "stateStore/StoreError.h"
#include "tests/unit/stateStore/support/RecordedChangelog.h"
#include "tests/unit/stateStore/support/TestStates.h"

namespace auspex::stateStore {

namespace {

const std::vector<StoreSpec> kTaskSpecs{{"totals", "BIGINT"}, {"seen", "VARCHAR"}};

std::string recordKey(std::string_view store, std::string_view key) {
  std::string bytes;
  ChangelogCodec::encodeKey(store, key, bytes);
  return bytes;
}

}  // namespace

TEST_CASE("A commit logs each changed row once, layouts first and once, the marker last") {
  using Entries = std::vector<RecordedChangelog::Entry>;
  for (const StoreKind kind : kStoreKinds) {
    CAPTURE(nameOf(kind));
    const TemporaryDirectory directory;
    const auto state = makeState(kind, directory, kTaskSpecs, {});
    CHECK_FALSE(state->marker().has_value());
    CHECK_FALSE(state->changelogOffset().has_value());
    state->store("seen").put("s", "1");
    for (const char* value : {"1", "2", "3"}) {
      state->store("totals").put("a", value);
    }
    state->store("totals").erase("b");
    RecordedChangelog changelog;
    CHECK(state->prepareCommit(changelog, numbered(1)) == 6);
    CHECK(changelog.entries == Entries{{recordKey("", "layout/totals"), "BIGINT"},
                                       {recordKey("", "layout/seen"), "VARCHAR"},
                                       {recordKey("totals", "a"), "3"},
                                       {recordKey("totals", "b"), std::nullopt},
                                       {recordKey("seen", "s"), "1"},
                                       {ChangelogCodec::markerKey(), numbered(1).encode()}});
    CHECK_FALSE(state->marker().has_value());
    CHECK(state->snapshot()->get("totals", "a") == std::nullopt);

    state->applyCommit(numbered(1), 5);
    CHECK(state->marker() == numbered(1));
    CHECK(state->changelogOffset() == 5);
    CHECK(state->snapshot()->get("totals", "a") == "3");
    CHECK(state->snapshot()->marker() == numbered(1));

    changelog.entries.clear();
    CHECK(state->prepareCommit(changelog, numbered(2)) == 1);
    CHECK(changelog.entries == Entries{{ChangelogCodec::markerKey(), numbered(2).encode()}});
    state->applyCommit(numbered(2), 6);
    CHECK(state->marker() == numbered(2));
  }
}

TEST_CASE("An abort goes back to the last commit, also between the two halves of a commit") {
  for (const StoreKind kind : kStoreKinds) {
    CAPTURE(nameOf(kind));
    const TemporaryDirectory directory;
    const auto state = makeState(kind, directory, kTaskSpecs, {});
    KeyValueStore& totals = state->store("totals");
    RecordedChangelog changelog;
    totals.put("a", "1");
    commit(*state, changelog, numbered(1));
    totals.put("a", "2");
    totals.put("b", "2");
    state->abort();
    CHECK(rowsOf(totals) == Rows{{"a", "1"}});
    totals.erase("a");
    state->prepareCommit(changelog, numbered(2));
    state->abort();
    CHECK(totals.get("a") == "1");
    CHECK(state->marker() == numbered(1));
    totals.put("a", "3");
    state->prepareCommit(changelog, numbered(2));  // may be repeated
    state->prepareCommit(changelog, numbered(3));
    state->applyCommit(numbered(3), changelog.lastOffset());
    CHECK(totals.get("a") == "3");
  }
}

TEST_CASE("Memory in use grows with changes") {
  const TemporaryDirectory directory;
  const auto state = makeState(StoreKind::Memory, directory, kTaskSpecs, {});
  const std::size_t before = state->sizeBytes();
  state->store("totals").put("a", std::string(100'000, 'x'));
  CHECK(state->sizeBytes() >= before + 100'000);
}

TEST_CASE("State is there again after reopening, and an uncommitted change is not") {
  const TemporaryDirectory directory;
  {
    const auto state = makeState(StoreKind::Rocks, directory, kTaskSpecs, {});
    RecordedChangelog changelog;
    state->store("totals").put("a", "1");
    state->store("seen").put("a", "2");
    commit(*state, changelog, numbered(7));
    state->sync();
    state->store("totals").put("a", "uncommitted");
  }
  const auto state = makeState(StoreKind::Rocks, directory, kTaskSpecs, {});
  CHECK(state->marker() == numbered(7));
  CHECK(state->changelogOffset() == 4);
  CHECK(rowsOf(state->store("totals")) == Rows{{"a", "1"}});
  CHECK(rowsOf(state->store("seen")) == Rows{{"a", "2"}});
}

TEST_CASE("Commits that were not written to the disk yet come back from the changelog") {
  const TemporaryDirectory directory;
  RecordedChangelog changelog;
  const auto commitTotal = [&](TaskState& state, const std::string& value, uint64_t number) {
    state.store("totals").put("a", value);
    state.store("totals").put(fmt::format("own {}", number), value);
    state.store("totals").erase(fmt::format("own {}", number - 2));
    commit(state, changelog, numbered(number));
  };
  {
    const auto state = makeState(StoreKind::WriteBehind, directory, kTaskSpecs, {});
    for (uint64_t number = 1; number <= 5; ++number) {
      commitTotal(*state, fmt::format("{}", number), number);
      CHECK(state->marker() == numbered(number));
      state->abort();  // empties the cache: what is read is what was committed
      CHECK(state->store("totals").get("a") == fmt::format("{}", number));
    }
  }
  const auto state = makeState(StoreKind::WriteBehind, directory, kTaskSpecs, {});
  CHECK(state->marker() == numbered(3));
  CHECK(rowsOf(state->store("totals")) == Rows{{"a", "3"}, {"own 2", "2"}, {"own 3", "3"}});
  state->beginRestore();
  const auto begin = static_cast<std::size_t>(state->changelogOffset().value() + 1);
  changelog.replay(*state, begin, changelog.entries.size());
  CHECK(state->finishRestore() == numbered(5));
  CHECK(rowsOf(state->store("totals")) == Rows{{"a", "5"}, {"own 4", "4"}, {"own 5", "5"}});
}

TEST_CASE("A sync leaves no commit to be restored") {
  const TemporaryDirectory directory;
  {
    const auto state = makeState(StoreKind::WriteBehind, directory, kTaskSpecs, {});
    RecordedChangelog changelog;
    state->store("totals").put("a", "1");
    commit(*state, changelog, numbered(1));
    state->sync();
  }
  CHECK(makeState(StoreKind::WriteBehind, directory, kTaskSpecs, {})->marker() == numbered(1));
}

TEST_CASE("A plan that would misread the kept rows is refused with the reason") {
  const TemporaryDirectory directory;
  const auto open = [&directory](const std::vector<StoreSpec>& specs) {
    return makeState(StoreKind::Rocks, directory, specs, {});
  };
  {
    RecordedChangelog changelog;
    const auto state = open(kTaskSpecs);
    state->store("totals").put("a", "1");
    state->store("seen").put("a", "1");
    commit(*state, changelog, numbered(1));
  }
  struct Case {
    std::vector<StoreSpec> specs;
    const char* message;
  };
  const Case cases[] = {
      {{{"totals", "DOUBLE"}, {"seen", "VARCHAR"}}, "were written as 'BIGINT'"},
      {{{"totals", "BIGINT"}}, "store 'seen', which the query no longer has"},
      {{{"totals", "BIGINT"}, {"seen", "VARCHAR"}, {"more", "INT"}}, "no store 'more'"},
      {{{"meta", "INT"}}, "cannot be the name"},
      {{{"default", "INT"}}, "cannot be the name"},
      {{{"", "INT"}}, "cannot be the name"},
      {{{std::string(256, 'n'), "INT"}}, "cannot be the name"},
      {{{"a", "INT"}, {"a", "INT"}}, "Two stores have the name 'a'"},
  };
  for (const Case& wrong : cases) {
    CAPTURE(wrong.message);
    CHECK_THROWS_WITH_AS(open(wrong.specs), doctest::Contains(wrong.message), StoreError);
  }
  CHECK(open(kTaskSpecs)->store("seen").get("a") == "1");  // a refusal changes nothing
}

TEST_CASE("Unknown stores are errors") {
  const TemporaryDirectory directory;
  const auto state = makeState(StoreKind::Memory, directory, kTaskSpecs, {});
  CHECK_THROWS_WITH_AS(state->store("nope"), "Unknown store: 'nope'", StoreError);
  CHECK_THROWS_WITH_AS(state->snapshot()->get("nope", ""), "Unknown store: 'nope'", StoreError);
}

TEST_CASE("Damaged meta rows are refused") {
  struct Case {
    const char* key;
    std::optional<std::string> value;
  };
  const Case cases[] = {{"marker", "garbage"},
                        {"marker", std::nullopt},
                        {"changelogOffset", "short"},
                        {"changelogOffset", std::string(8, '\xff')},
                        {"changelogOffset", std::nullopt}};
  for (const Case& damage : cases) {
    const TemporaryDirectory directory;
    {
      RecordedChangelog changelog;
      commit(*makeState(StoreKind::Rocks, directory, kTaskSpecs, {}), changelog, numbered(1));
    }
    makeBytes(StoreKind::Rocks, directory, {"totals", "seen"})
        ->apply(std::vector<RowChange>{{kMetaStore, damage.key, damage.value}});
    CHECK_THROWS_WITH_AS(makeState(StoreKind::Rocks, directory, kTaskSpecs, {}),
                         doctest::Contains("Damaged"), StoreError);
  }
}

}  // namespace auspex::stateStore
