// SPDX-License-Identifier: Apache-2.0
// Records per second through the embedded broker, in batches of 1,024 and a commit every N batches,
// beside the floor: writing and reading the same bytes as a plain file.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "engine/brokers/local/LocalBroker.h"
#include "tests/bench/QuickTurn.h"

namespace auspex::engine {
namespace {

constexpr size_t kBatch = 1024;
constexpr size_t kKeyBytes = 16;
constexpr double kMillion = 1e6;

struct Setup {
  size_t numRecords = 0;
  size_t valueBytes = 0;
  int32_t numPartitions = 0;
  size_t batchesPerCommit = 0;
};

struct Seconds {
  double wall = 0;
  double cpu = 0;
};

Seconds secondsOf(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpuStart = std::clock();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          static_cast<double>(std::clock() - cpuStart) / CLOCKS_PER_SEC};
}

// The most that the process has had so far.
size_t peakMebibytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<size_t>(usage.ru_maxrss) / 1024;
}

void append(Broker& broker, const Setup& setup) {
  const std::string value(setup.valueBytes, 'v');
  const std::string key(kKeyBytes, 'k');
  std::vector<operators::OutgoingRecord> batch(kBatch);
  for (size_t i = 0; i < kBatch; ++i) {
    batch[i].partition = static_cast<int32_t>(i) % setup.numPartitions;
    batch[i].key = key;
    batch[i].value = value;
  }
  const auto producer = broker.openProducer("bench");
  const size_t numBatches = setup.numRecords / kBatch;
  for (size_t i = 0; i < numBatches; ++i) {
    if (i % setup.batchesPerCommit == 0) {
      producer->begin();
    }
    producer->send("bench", batch);
    if ((i + 1) % setup.batchesPerCommit == 0 || i + 1 == numBatches) {
      producer->commit();
    }
  }
}

// Reads everything; returns a sum over the bytes, so that they are really touched.
size_t readAll(Broker& broker, const Setup& setup) {
  size_t sum = 0;
  for (int32_t partition = 0; partition < setup.numPartitions; ++partition) {
    const auto reader =
        broker.openReader({"bench", partition}, 0, Isolation::ReadCommitted, nullptr);
    while (const auto fetched = reader->poll(kBatch)) {
      for (const operators::Record& record : fetched->records) {
        sum += record.value->size() + static_cast<size_t>(record.value->back());
      }
    }
  }
  return sum;
}

Seconds plainFile(const std::filesystem::path& path, size_t sizeBytes) {
  std::string block(256 * 1024, 'x');
  return secondsOf([&] {
    std::ofstream out(path, std::ios::binary);
    for (size_t done = 0; done < sizeBytes; done += block.size()) {
      out.write(block.data(), static_cast<std::streamsize>(block.size()));
    }
    out.close();
    std::ifstream in(path, std::ios::binary);
    while (in.read(block.data(), static_cast<std::streamsize>(block.size()))) {
    }
  });
}

void run(const std::filesystem::path& directory, const Setup& setup) {
  std::filesystem::remove_all(directory);
  LocalBrokerOptions options;
  options.journal.directory = directory;
  Seconds appending;
  Seconds opening;
  Seconds reading;
  {
    LocalBroker broker(options);
    broker.createTopic({"bench", setup.numPartitions, -1, {}});
    appending = secondsOf([&] { append(broker, setup); });
  }
  {
    std::unique_ptr<LocalBroker> broker;
    opening = secondsOf([&] { broker = std::make_unique<LocalBroker>(options); });
    reading = secondsOf([&] { readAll(*broker, setup); });
  }
  const Seconds floor =
      plainFile(directory / "plain", setup.numRecords * (setup.valueBytes + kKeyBytes));
  const double millions = static_cast<double>(setup.numRecords) / kMillion;
  fmt::print(
      "{:>4} bytes, {:>2} partitions, commit every {:>3} batches: append {:.2f} M/s "
      "({:.2f} per CPU second), read {:.2f} M/s ({:.2f}), open {:.0f} ms, {:.2f} x plain "
      "file in CPU time, peak {} MiB\n",
      setup.valueBytes, setup.numPartitions, setup.batchesPerCommit, millions / appending.wall,
      millions / appending.cpu, millions / reading.wall, millions / reading.cpu,
      opening.wall * 1000, (appending.cpu + reading.cpu) / floor.cpu, peakMebibytes());
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace auspex::engine

// Arguments: number of records (default 2,000,000), parent directory (default: the system's
// temporary directory).
int main(int argumentCount, char** arguments) {
  const size_t numRecords = argumentCount > 1
                                ? std::strtoull(arguments[1], nullptr, 10)
                                : auspex::bench::fullOrQuick<size_t>(2'000'000, 50'000);
  const std::filesystem::path parent =
      argumentCount > 2 ? arguments[2] : std::filesystem::temp_directory_path();
  const std::filesystem::path directory = parent / fmt::format("brokerBench-{}", ::getpid());
  const std::vector<auspex::engine::Setup> setups = {{numRecords, 300, 1, 64},
                                                     {numRecords, 300, 8, 64},
                                                     {numRecords, 300, 8, 1},
                                                     {numRecords, 100, 4, 16}};
  for (const auspex::engine::Setup& setup : setups) {
    auspex::engine::run(directory, setup);
  }
  return 0;
}
