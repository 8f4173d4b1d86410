// SPDX-License-Identifier: Apache-2.0
// What an update of a keyed state costs, in batches of 1,024 rows with a commit every 100 batches:
// hot keys (in the overlay), warm keys (kept over commits), cold keys (from RocksDB), and the
// commit itself, in CPU time of the task's thread. The ratio is to the plainest thing that could do
// it: a std::unordered_map.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stateStore/TaskState.h"
#include "stateStore/rocksdb/StateMemory.h"
#include "tests/bench/QuickTurn.h"

namespace {

using namespace auspex::stateStore;

constexpr std::size_t kBatchRows = 1024;
constexpr std::size_t kBatchesPerCommit = 100;

/// Batches of updates that one measurement takes.
std::size_t numBatches() {
  return auspex::bench::fullOrQuick<std::size_t>(500, 100);
}

class SizedChangelog final : public Changelog {
 public:
  void append(std::string_view key, std::optional<std::string_view> value) override {
    sizeBytes += key.size() + (value ? value->size() : 0);
  }
  std::size_t sizeBytes = 0;
};

struct Timing {
  double updateNanoseconds;
  double commitMilliseconds;
};

// CPU time of this thread: other processes and RocksDB's background work do not count.
double cpuNanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::vector<std::string> makeKeys(std::size_t numKeys) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < numKeys; ++i) {
    keys.push_back(fmt::format("customer-{:010}", i));
  }
  return keys;
}

// A batch of an aggregate: read each row's key, write a 16-byte value back.
void updateBatch(KeyValueStore& store, const std::vector<std::string_view>& keys,
                 std::vector<std::optional<std::string_view>>& values) {
  store.getBatch(keys, values);
  char value[16] = {};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    value[i % 16] = static_cast<char>(value[i % 16] + (values[i] ? values[i]->front() : 1));
    store.put(keys[i], {value, sizeof(value)});
  }
}

Timing measure(TaskState& state, const std::vector<std::string>& keys) {
  KeyValueStore& store = state.store("totals");
  std::mt19937_64 random(1);
  SizedChangelog changelog;
  Marker marker = state.marker().value_or(Marker{});
  std::vector<std::string_view> batch(kBatchRows);
  std::vector<std::optional<std::string_view>> values(kBatchRows);
  Timing timing{};
  for (std::size_t i = 1; i <= numBatches(); ++i) {
    for (std::string_view& key : batch) {
      key = keys[random() % keys.size()];
    }
    double start = cpuNanoseconds();
    updateBatch(store, batch, values);
    timing.updateNanoseconds +=
        (cpuNanoseconds() - start) / (static_cast<double>(numBatches() * kBatchRows));
    if (i % kBatchesPerCommit == 0) {
      start = cpuNanoseconds();
      ++marker.sequence;
      state.prepareCommit(changelog, marker);
      state.applyCommit(marker, static_cast<std::int64_t>(marker.sequence));
      timing.commitMilliseconds +=
          (cpuNanoseconds() - start) / 1e6 / static_cast<double>(numBatches() / kBatchesPerCommit);
    }
  }
  return timing;
}

double measurePlainMap(const std::vector<std::string>& keys) {
  std::mt19937_64 random(1);
  std::unordered_map<std::string, std::string> map;
  std::vector<std::string_view> batch(kBatchRows);
  double nanoseconds = 0;
  for (std::size_t i = 0; i < numBatches(); ++i) {
    for (std::string_view& key : batch) {
      key = keys[random() % keys.size()];
    }
    const double start = cpuNanoseconds();
    char value[16] = {};
    for (std::size_t row = 0; row < kBatchRows; ++row) {
      std::string& kept = map[std::string(batch[row])];
      value[row % 16] = static_cast<char>(value[row % 16] + (kept.empty() ? 1 : kept.front()));
      kept.assign(value, sizeof(value));
    }
    nanoseconds += (cpuNanoseconds() - start) / (static_cast<double>(numBatches() * kBatchRows));
  }
  return nanoseconds;
}

// What a join asks of a window store: the few rows of one key, changes of this commit on top.
double measureScans(TaskState& state, const std::vector<std::string>& keys) {
  const std::size_t numScans = auspex::bench::fullOrQuick<std::size_t>(20'000, 500);
  KeyValueStore& store = state.store("totals");
  std::mt19937_64 random(1);
  std::size_t numRows = 0;
  for (std::size_t i = 0; i < kBatchRows; ++i) {
    store.put(keys[random() % keys.size()], "changed");
  }
  const double start = cpuNanoseconds();
  for (std::size_t i = 0; i < numScans; ++i) {
    std::string_view prefix = keys[random() % keys.size()];
    prefix.remove_suffix(1);
    store.scanPrefix(prefix, [&numRows](std::string_view, std::string_view) {
      ++numRows;
      return true;
    });
  }
  const double nanoseconds = (cpuNanoseconds() - start) / static_cast<double>(numScans);
  state.abort();
  return numRows > 0 ? nanoseconds : 0;
}

void run(const std::filesystem::path& directory) {
  const auto memory = std::make_shared<StateMemory>(std::size_t{256} << 20);
  struct Case {
    const char* name;
    std::size_t numKeys;
    std::size_t cacheBytes;
  };
  const Case cases[] = {{"hot: 1,000 keys", 1'000, std::size_t{16} << 20},
                        {"warm: 50,000 keys", 50'000, std::size_t{16} << 20},
                        {"cold: 50,000 keys, no cache", 50'000, 0},
                        {"cold: 1,000,000 keys, no cache", 1'000'000, 0}};
  fmt::print("{:<32} {:>10} {:>8} {:>12} {:>14}\n", "update, read then write", "ns/row", "ratio",
             "ms/commit", "ns/scan of 10");
  int number = 0;
  for (const Case& one : cases) {
    if (auspex::bench::isQuick() && one.numKeys > 1'000) {
      continue;
    }
    const std::vector<std::string> keys = makeKeys(one.numKeys);
    const auto state =
        TaskState::open(directory / fmt::format("{}", number++), {{"totals", "bench"}}, memory,
                        {.cacheBytes = one.cacheBytes});
    measure(*state, keys);  // fills the store
    const Timing timing = measure(*state, keys);
    const double floor = measurePlainMap(keys);
    fmt::print("{:<32} {:>10.1f} {:>8.2f} {:>12.2f} {:>14.0f}\n", one.name,
               timing.updateNanoseconds, timing.updateNanoseconds / floor,
               timing.commitMilliseconds, measureScans(*state, keys));
  }
}

std::size_t numRestored() {
  return auspex::bench::fullOrQuick<std::size_t>(1'000'000, 20'000);
}

// Restores rows from a changelog, in random key order, by batches or by sorted files.
double measureRestore(const std::filesystem::path& directory,
                      const std::shared_ptr<const StateMemory>& memory, std::size_t ingestBytes) {
  constexpr std::size_t kRowsPerCommit = 10'000;
  const auto state =
      TaskState::open(directory, {{"totals", "bench"}}, memory, {.ingestBytes = ingestBytes});
  std::mt19937_64 random(1);
  std::string key;
  Marker marker;
  std::int64_t offset = 0;
  const std::string value(100, 'v');
  const std::string layoutKey = std::string(1, '\0') + "layout/totals";
  const double start = cpuNanoseconds();
  state->beginRestore();
  state->restoreRecord(layoutKey, "bench", offset++);
  for (std::size_t i = 1; i <= numRestored(); ++i) {
    ChangelogCodec::encodeKey("totals", fmt::format("{:016x}", random()), key);
    state->restoreRecord(key, value, offset++);
    if (i % kRowsPerCommit == 0) {
      ++marker.sequence;
      state->restoreRecord(ChangelogCodec::markerKey(), marker.encode(), offset++);
    }
  }
  state->finishRestore();
  return (cpuNanoseconds() - start) / static_cast<double>(numRestored());
}

void runRestores(const std::filesystem::path& directory) {
  const auto memory = std::make_shared<StateMemory>(std::size_t{256} << 20);
  const double batches =
      measureRestore(directory / "batches", memory, std::numeric_limits<std::size_t>::max());
  const double files = measureRestore(directory / "files", memory, 0);
  fmt::print("\n{:<32} {:>10} {:>8}\n", fmt::format("restore, {} rows", numRestored()), "ns/row",
             "ratio");
  fmt::print("{:<32} {:>10.0f} {:>8.2f}\n", "by batches", batches, 1.0);
  fmt::print("{:<32} {:>10.0f} {:>8.2f}\n", "by sorted files", files, files / batches);
}

}  // namespace

int main() {
  std::string name = (std::filesystem::temp_directory_path() / "auspexBench.XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    fmt::print(stderr, "Cannot create {}\n", name);
    return 1;
  }
  int exitCode = 0;
  try {
    run(name);
    runRestores(name);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    exitCode = 1;
  }
  std::filesystem::remove_all(name);
  return exitCode;
}
