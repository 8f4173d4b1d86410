// SPDX-License-Identifier: Apache-2.0
// What every byte store promises, run against each of them.
#include "stateStore/ByteStore.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "stateStore/StoreError.h"
#include "tests/unit/stateStore/support/TestStates.h"

namespace auspex::stateStore {

namespace {

constexpr StoreIndex kFirst{1};
constexpr StoreIndex kSecond{2};

Rows scanned(const ByteReader& reader, StoreIndex store, std::string_view begin,
             std::optional<std::string_view> end) {
  Rows rows;
  std::string last;
  reader.scan(store, begin, end, [&](std::string_view key, std::string_view value) {
    CHECK((rows.empty() || last < key));
    last = key;
    rows.emplace(key, value);
    return true;
  });
  return rows;
}

std::vector<std::optional<std::string>> got(const ByteReader& reader, StoreIndex store,
                                            const std::vector<std::string_view>& keys) {
  Arena arena;
  std::vector<std::optional<std::string_view>> values(keys.size());
  reader.multiGet(store, keys, arena, values);
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("Byte stores read back what was applied, by key and by range") {
  using namespace std::string_view_literals;
  for (const StoreKind kind : kStoreKinds) {
    CAPTURE(nameOf(kind));
    const TemporaryDirectory directory;
    const auto bytes = makeBytes(kind, directory, {"first", "second"});
    const std::vector<RowChange> changes{
        {kFirst, "b", "1"},      {kFirst, "a", "2"},    {kFirst, "\xff\xfe"sv, "high"},
        {kFirst, "a\0b"sv, "3"}, {kFirst, "", "empty"}, {kSecond, "a", ""},
        {kFirst, "b", "4"},      {kMetaStore, "m", "5"}};
    bytes->apply(changes);

    CHECK(got(*bytes, kFirst, {"", "a", "a\0b"sv, "b", "c", "\xff\xfe"sv}) ==
          std::vector<std::optional<std::string>>{"empty", "2", "3", "4", std::nullopt, "high"});
    CHECK(got(*bytes, kSecond, {"a", "b"}) ==
          std::vector<std::optional<std::string>>{"", std::nullopt});
    CHECK(scanned(*bytes, kFirst, "", std::nullopt).size() == 5);
    CHECK(scanned(*bytes, kFirst, "a", "b") == Rows{{"a", "2"}, {std::string("a\0b", 3), "3"}});
    CHECK(scanned(*bytes, kFirst, "b\0"sv, std::nullopt) == Rows{{"\xff\xfe", "high"}});
    CHECK(scanned(*bytes, kMetaStore, "", std::nullopt) == Rows{{"m", "5"}});

    bytes->apply(std::vector<RowChange>{{kFirst, "a", std::nullopt}, {kFirst, "no", std::nullopt}});
    CHECK(got(*bytes, kFirst, {"a", "b"}) ==
          std::vector<std::optional<std::string>>{std::nullopt, "4"});
  }
}

TEST_CASE("Byte stores read batches larger than one chunk") {
  for (const StoreKind kind : kStoreKinds) {
    CAPTURE(nameOf(kind));
    const TemporaryDirectory directory;
    const auto bytes = makeBytes(kind, directory, {"first"});
    std::vector<std::string> keys;
    for (int i = 0; i < 1000; ++i) {
      keys.push_back(fmt::format("{:04}", i));
    }
    std::vector<RowChange> changes;
    for (std::size_t i = 0; i < keys.size(); i += 2) {
      changes.push_back({kFirst, keys[i], keys[i]});
    }
    bytes->apply(changes);
    const auto values = got(*bytes, kFirst, {keys.begin(), keys.end()});
    for (std::size_t i = 0; i < keys.size(); ++i) {
      CHECK(values[i] == (i % 2 == 0 ? std::optional(keys[i]) : std::nullopt));
    }
  }
}

TEST_CASE("A snapshot shows one moment, from another thread") {
  for (const StoreKind kind : kStoreKinds) {
    CAPTURE(nameOf(kind));
    const TemporaryDirectory directory;
    auto bytes = makeBytes(kind, directory, {"first"});
    bytes->apply(std::vector<RowChange>{{kFirst, "k", "old"}});
    auto snapshot = bytes->snapshot();
    bytes->apply(std::vector<RowChange>{{kFirst, "k", "new"}, {kFirst, "l", "new"}});
    CHECK(got(*bytes, kFirst, {"k"}).front() == "new");
    Rows rows;
    std::thread([&] { rows = scanned(*snapshot, kFirst, "", std::nullopt); }).join();
    CHECK(rows == Rows{{"k", "old"}});
    CHECK(got(*snapshot, kFirst, {"k", "l"}) ==
          std::vector<std::optional<std::string>>{"old", std::nullopt});
    snapshot.reset();
  }
}

TEST_CASE("A snapshot reads many rows in order, and any part of them") {
  for (const StoreKind kind : kStoreKinds) {
    CAPTURE(nameOf(kind));
    const TemporaryDirectory directory;
    const auto bytes = makeBytes(kind, directory, {"first"});
    Rows rows;
    for (int i = 0; i < 2000; ++i) {
      rows.emplace(fmt::format("{:04}", i), std::string(static_cast<std::size_t>(i), 'v'));
    }
    std::vector<RowChange> changes;
    for (const auto& [key, value] : rows) {
      changes.push_back({kFirst, key, value});
    }
    bytes->apply(changes);
    const auto snapshot = bytes->snapshot();
    CHECK(scanned(*snapshot, kFirst, "", std::nullopt) == rows);
    CHECK(scanned(*snapshot, kFirst, "0100", "1700") == Rows(rows.find("0100"), rows.find("1700")));
    std::size_t numVisited = 0;
    snapshot->scan(kFirst, "", std::nullopt,
                   [&](std::string_view, std::string_view) { return ++numVisited < 700; });
    CHECK(numVisited == 700);
  }
}

TEST_CASE("A directory can be opened again while snapshots of it are left") {
  const TemporaryDirectory directory;
  auto bytes = makeBytes(StoreKind::Rocks, directory, {"first"});
  bytes->apply(std::vector<RowChange>{{kFirst, "k", "old"}});
  const auto snapshot = bytes->snapshot();
  bytes.reset();
  CHECK_THROWS_AS(scanned(*snapshot, kFirst, "", std::nullopt), StoreError);
  bytes = makeBytes(StoreKind::Rocks, directory, {"first"});
  CHECK(got(*bytes, kFirst, {"k"}).front() == "old");
  CHECK_THROWS_AS(got(*snapshot, kFirst, {"k"}), StoreError);
}

TEST_CASE("Runs go in over what was there, later ones over earlier ones") {
  for (const StoreKind kind : kStoreKinds) {
    CAPTURE(nameOf(kind));
    const TemporaryDirectory directory;
    const auto bytes = makeBytes(kind, directory, {"first", "second"});
    bytes->apply(
        std::vector<RowChange>{{kFirst, "a", "0"}, {kFirst, "b", "0"}, {kFirst, "z", "0"}});
    std::vector<std::unique_ptr<SortedRun>> runs;
    runs.push_back(bytes->writeRun(
        std::vector<RowChange>{{kFirst, "a", "1"}, {kFirst, "c", "1"}, {kSecond, "x", "1"}}));
    runs.push_back(bytes->writeRun(std::vector<RowChange>{
        {kMetaStore, "m", "2"}, {kFirst, "a", "2"}, {kFirst, "b", std::nullopt}}));
    runs.push_back(
        bytes->writeRun(std::vector<RowChange>{{kFirst, "c", std::nullopt}, {kSecond, "x", "3"}}));
    CHECK(scanned(*bytes, kFirst, "", std::nullopt).size() == 3);  // not visible yet
    bytes->ingest(std::move(runs));
    CHECK(scanned(*bytes, kFirst, "", std::nullopt) == Rows{{"a", "2"}, {"z", "0"}});
    CHECK(scanned(*bytes, kSecond, "", std::nullopt) == Rows{{"x", "3"}});
    CHECK(scanned(*bytes, kMetaStore, "", std::nullopt) == Rows{{"m", "2"}});
    // Also over what nobody has read in between.
    bytes->apply(std::vector<RowChange>{{kFirst, "z", "4"}});
    std::vector<std::unique_ptr<SortedRun>> last;
    last.push_back(bytes->writeRun(std::vector<RowChange>{{kFirst, "z", "5"}}));
    bytes->ingest(std::move(last));
    CHECK(got(*bytes, kFirst, {"z"}) == std::vector<std::optional<std::string>>{"5"});
  }
}

TEST_CASE("A visitor ends a scan and may throw") {
  for (const StoreKind kind : kStoreKinds) {
    CAPTURE(nameOf(kind));
    const TemporaryDirectory directory;
    const auto bytes = makeBytes(kind, directory, {"first"});
    bytes->apply(std::vector<RowChange>{{kFirst, "a", "1"}, {kFirst, "b", "2"}});
    int numVisits = 0;
    bytes->scan(kFirst, "", std::nullopt, [&](auto, auto) { return ++numVisits < 1; });
    CHECK(numVisits == 1);
    CHECK_THROWS_AS(bytes->scan(kFirst, "", std::nullopt,
                                [](auto, auto) -> bool { throw std::out_of_range("row"); }),
                    std::out_of_range);
  }
}

TEST_CASE("RocksStore keeps rows over reopening, also those in runs, and drops unused runs") {
  const TemporaryDirectory directory;
  {
    const auto bytes = makeBytes(StoreKind::Rocks, directory, {"first"});
    bytes->apply(std::vector<RowChange>{{kFirst, "a", "1"}});
    std::vector<std::unique_ptr<SortedRun>> runs;
    runs.push_back(bytes->writeRun(std::vector<RowChange>{{kFirst, "b", "2"}}));
    bytes->ingest(std::move(runs));
    bytes->sync();
    const auto unused = bytes->writeRun(std::vector<RowChange>{{kFirst, "c", "3"}});
  }
  CHECK(std::filesystem::is_empty(directory.path() / "task" / "runs"));
  const auto bytes = makeBytes(StoreKind::Rocks, directory, {"first"});
  CHECK(scanned(*bytes, kFirst, "", std::nullopt) == Rows{{"a", "1"}, {"b", "2"}});
}

TEST_CASE("RocksStore says which directory cannot be opened and why") {
  const TemporaryDirectory directory;
  const auto bytes = makeBytes(StoreKind::Rocks, directory, {"first"});
  const std::string path = (directory.path() / "task").string();
  try {
    makeBytes(StoreKind::Rocks, directory, {"first"});
    FAIL("two stores over one directory");
  } catch (const StoreError& error) {
    CHECK(std::string(error.what()).find(path) != std::string::npos);
    CHECK(std::string(error.what()).find("lock") != std::string::npos);
  }
}

TEST_CASE("RocksStore reports a damaged directory") {
  const TemporaryDirectory directory;
  makeBytes(StoreKind::Rocks, directory, {"first"});
  std::filesystem::resize_file(directory.path() / "task" / "CURRENT", 3);
  CHECK_THROWS_AS(makeBytes(StoreKind::Rocks, directory, {"first"}), StoreError);
}

TEST_CASE("RocksStore reports damaged rows with the directory") {
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / "task").string();
  {
    const auto bytes = makeBytes(StoreKind::Rocks, directory, {"first"});
    std::vector<std::unique_ptr<SortedRun>> runs;
    runs.push_back(
        bytes->writeRun(std::vector<RowChange>{{kFirst, "a", "one"}, {kFirst, "b", "two"}}));
    bytes->ingest(std::move(runs));
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".sst") {
      std::fstream(entry.path(), std::ios::in | std::ios::out | std::ios::binary) << "damage";
    }
  }
  const auto readAll = [&directory] {
    const auto bytes = makeBytes(StoreKind::Rocks, directory, {"first"});
    got(*bytes, kFirst, {"a", "b"});
  };
  CHECK_THROWS_WITH_AS(readAll(), doctest::Contains(path.c_str()), StoreError);
}

TEST_CASE("RocksStore refuses a store with rows that nobody names and drops an empty one") {
  const TemporaryDirectory directory;
  makeBytes(StoreKind::Rocks, directory, {"first", "second"});
  makeBytes(StoreKind::Rocks, directory, {"first"});
  makeBytes(StoreKind::Rocks, directory, {"second", "first"})
      ->apply(std::vector<RowChange>{{kFirst, "k", "v"}});
  CHECK_THROWS_WITH_AS(makeBytes(StoreKind::Rocks, directory, {"first"}),
                       doctest::Contains("'second'"), StoreError);
  const auto bytes = makeBytes(StoreKind::Rocks, directory, {"first", "second"});
  CHECK(scanned(*bytes, kSecond, "", std::nullopt) == Rows{{"k", "v"}});
}

}  // namespace auspex::stateStore
