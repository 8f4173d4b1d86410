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
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stateStore/TaskState.h"
#include "stateStore/rocksdb/StateMemory.h"

namespace {

using namespace auspex::stateStore;

constexpr std::size_t kBatchRows = 1024;
constexpr std::size_t kBatchesPerCommit = 100;
constexpr std::size_t kBatches = 500;

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
  for (std::size_t i = 1; i <= kBatches; ++i) {
    for (std::string_view& key : batch) {
      key = keys[random() % keys.size()];
    }
    double start = cpuNanoseconds();
    updateBatch(store, batch, values);
    timing.updateNanoseconds += (cpuNanoseconds() - start) / (kBatches * kBatchRows);
    if (i % kBatchesPerCommit == 0) {
      start = cpuNanoseconds();
      ++marker.sequence;
      state.prepareCommit(changelog, marker);
      state.applyCommit(marker, static_cast<std::int64_t>(marker.sequence));
      timing.commitMilliseconds += (cpuNanoseconds() - start) / 1e6 * kBatchesPerCommit / kBatches;
    }
  }
  return timing;
}

double measurePlainMap(const std::vector<std::string>& keys) {
  std::mt19937_64 random(1);
  std::unordered_map<std::string, std::string> map;
  std::vector<std::string_view> batch(kBatchRows);
  double nanoseconds = 0;
  for (std::size_t i = 0; i < kBatches; ++i) {
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
    nanoseconds += (cpuNanoseconds() - start) / (kBatches * kBatchRows);
  }
  return nanoseconds;
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
  fmt::print("{:<32} {:>10} {:>8} {:>12}\n", "update, read then write", "ns/row", "ratio",
             "ms/commit");
  int number = 0;
  for (const Case& one : cases) {
    const std::vector<std::string> keys = makeKeys(one.numKeys);
    const auto state =
        TaskState::open(directory / fmt::format("{}", number++), {{"totals", "bench"}}, memory,
                        {.cacheBytes = one.cacheBytes});
    measure(*state, keys);  // fills the store
    const Timing timing = measure(*state, keys);
    const double floor = measurePlainMap(keys);
    fmt::print("{:<32} {:>10.1f} {:>8.2f} {:>12.2f}\n", one.name, timing.updateNanoseconds,
               timing.updateNanoseconds / floor, timing.commitMilliseconds);
  }
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
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    exitCode = 1;
  }
  std::filesystem::remove_all(name);
  return exitCode;
}
