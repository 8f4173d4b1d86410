// SPDX-License-Identifier: Apache-2.0
// Stores of a task against a model made of ordinary maps, under random operations.
#include "stateStore/KeyValueStore.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>
#include <string>
#include <vector>

#include "stateStore/StoreError.h"
#include "tests/unit/stateStore/support/RecordedChangelog.h"
#include "tests/unit/stateStore/support/TestStates.h"

namespace auspex::stateStore {

namespace {

// Counts reads, and can fail.
class WatchedReader final : public ByteReader {
 public:
  void multiGet(StoreIndex, std::span<const std::string_view> keys, Arena& arena,
                std::span<std::optional<std::string_view>> values) const override {
    if (failing) {
      throw StoreError("the disk is gone");
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      CHECK((i == 0 || keys[i - 1] < keys[i]));
      values[i] = arena.copy(fmt::format("value of {}", keys[i]));
    }
    numKeysRead += keys.size();
  }
  void scan(StoreIndex, std::string_view, std::optional<std::string_view>,
            const RowVisitor&) const override {}

  mutable std::size_t numKeysRead = 0;
  bool failing = false;
};

// One store and what should be in it.
class Model {
 public:
  Model(StoreKind kind, std::uint64_t seed, std::size_t cacheBytes)
      : random_(seed),
        state_(makeState(kind, directory_, {{"rows", "text"}}, {.cacheBytes = cacheBytes})),
        store_(state_->store("rows")) {}

  void step() {
    switch (random_() % 20) {
      case 0:
        commit(*state_, changelog_, numbered(++sequence_));
        committed_ = current_;
        break;
      case 1:
        state_->abort();
        current_ = committed_;
        break;
      case 2:
        checkScan();
        break;
      case 3:
      case 4:
      case 5:
        checkBatch();
        break;
      case 6:
      case 7: {
        const std::string key = randomKey();
        store_.erase(key);
        current_.erase(key);
        break;
      }
      default: {
        const std::string key = randomKey();
        const std::string value(random_() % 40, static_cast<char>('a' + random_() % 26));
        store_.put(key, value);
        current_.insert_or_assign(key, value);
      }
    }
  }

  void checkAll() {
    CHECK(rowsOf(store_) == current_);
    Rows snapshotRows;
    state_->snapshot()->scan("rows", "", std::nullopt, [&](auto key, auto value) {
      snapshotRows.emplace(key, value);
      return true;
    });
    CHECK(snapshotRows == committed_);
  }

 private:
  std::string randomKey() {
    std::string key = fmt::format("{}", random_() % 200);
    if (random_() % 50 == 0) {
      key += '\xff';
    }
    return random_() % 100 == 0 ? std::string() : key;
  }

  void checkScan() {
    const std::string begin = randomKey();
    const std::string end = randomKey();
    const bool hasEnd = random_() % 3 != 0;
    const std::size_t limit = random_() % 3 == 0 ? random_() % 5 + 1 : 1'000'000;
    std::vector<std::pair<std::string, std::string>> actual;
    store_.scan(begin, hasEnd ? std::optional<std::string_view>(end) : std::nullopt,
                [&](std::string_view key, std::string_view value) {
                  actual.emplace_back(key, value);
                  return actual.size() < limit;
                });
    std::vector<std::pair<std::string, std::string>> expected;
    for (const auto& [key, value] : current_) {
      if (key >= begin && (!hasEnd || key < end) && expected.size() < limit) {
        expected.emplace_back(key, value);
      }
    }
    CHECK(actual == expected);
  }

  void checkBatch() {
    std::vector<std::string> keys(random_() % 30);
    for (std::string& key : keys) {
      key = randomKey();
    }
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    std::vector<std::optional<std::string_view>> values(keys.size());
    store_.getBatch(views, values);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto row = current_.find(keys[i]);
      if (row == current_.end()) {
        CHECK_FALSE(values[i].has_value());
      } else {
        CHECK(values[i] == row->second);
      }
    }
  }

  std::mt19937_64 random_;
  TemporaryDirectory directory_;
  std::unique_ptr<TaskState> state_;
  KeyValueStore& store_;
  RecordedChangelog changelog_;
  std::uint64_t sequence_ = 0;
  Rows current_;
  Rows committed_;
};

}  // namespace

TEST_CASE("A store behaves as a map under random operations") {
  const std::uint64_t seed = testSeed();
  MESSAGE("AUSPEX_SEED=" << seed);
  for (const StoreKind kind : kStoreKinds) {
    for (const std::size_t cacheBytes :
         {std::size_t{0}, std::size_t{10'000}, std::size_t{1} << 20}) {
      CAPTURE(nameOf(kind));
      CAPTURE(cacheBytes);
      Model model(kind, seed + cacheBytes, cacheBytes);
      for (int i = 0; i < 5000; ++i) {
        model.step();
        if (i % 500 == 0) {
          model.checkAll();
        }
      }
      model.checkAll();
    }
  }
}

TEST_CASE("A key is read from the disk once per commit interval, and its view holds") {
  const WatchedReader reader;
  KeyValueStore store("rows", StoreIndex{1}, reader, 0, false);
  const std::vector<std::string_view> keys{"b", "a", "b", "b"};
  std::vector<std::optional<std::string_view>> values(keys.size());
  store.getBatch(keys, values);
  store.getBatch(keys, values);
  CHECK(reader.numKeysRead == 2);
  CHECK(values[2] == "value of b");
  store.put("b", "new");
  CHECK(values[2] == "value of b");
  CHECK(store.get("b") == "new");
  CHECK(store.get("a") == "value of a");
  store.erase("c");
  CHECK_FALSE(store.get("c").has_value());
  CHECK(reader.numKeysRead == 2);
  CHECK(store.numChanged() == 2);
  store.markCommitted();  // keeps nothing: cacheBytes is 0
  CHECK(store.get("a") == "value of a");
  CHECK(reader.numKeysRead == 3);
}

TEST_CASE("A failed read leaves the store usable") {
  WatchedReader reader;
  KeyValueStore store("rows", StoreIndex{1}, reader, 0, false);
  reader.failing = true;
  CHECK_THROWS_WITH_AS(store.get("a"), "the disk is gone", StoreError);
  reader.failing = false;
  CHECK(store.get("a") == "value of a");
}

TEST_CASE("prefixEnd is the first key behind all with the prefix") {
  CHECK(prefixEnd("ab") == "ac");
  CHECK(prefixEnd("a\xff\xff") == "b");
  CHECK(prefixEnd("\x7f") == "\x80");
  CHECK_FALSE(prefixEnd("\xff").has_value());
  CHECK_FALSE(prefixEnd("").has_value());
}

TEST_CASE("scanPrefix visits changed and committed rows with the prefix") {
  for (const StoreKind kind : kStoreKinds) {
    CAPTURE(nameOf(kind));
    const TemporaryDirectory directory;
    const auto state = makeState(kind, directory, {{"rows", "text"}}, {});
    RecordedChangelog changelog;
    KeyValueStore& store = state->store("rows");
    for (const char* key : {"a", "b1", "b2", "b3", "c"}) {
      store.put(key, "old");
    }
    commit(*state, changelog, numbered(1));
    store.put("b", "new");
    store.erase("b2");
    store.put("b3", "new");
    store.put("b4", "new");
    Rows rows;
    store.scanPrefix("b", [&rows](std::string_view key, std::string_view value) {
      rows.emplace(key, value);
      return true;
    });
    CHECK(rows == Rows{{"b", "new"}, {"b1", "old"}, {"b3", "new"}, {"b4", "new"}});
  }
}

}  // namespace auspex::stateStore
