// SPDX-License-Identifier: Apache-2.0
// A process is killed in the middle of commits: what is left is exactly one committed state.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "stateStore/TaskState.h"
#include "tests/unit/stateStore/support/RecordedChangelog.h"
#include "tests/unit/stateStore/support/TestStates.h"

namespace auspex::stateStore {

namespace {

constexpr std::uint64_t kRing = 500;   // keys of the ring
constexpr std::uint64_t kStride = 50;  // of them per commit
const std::vector<StoreSpec> kRingSpecs{{"ring", "BIGINT"}, {"count", "BIGINT"}};
constexpr const char* kDirectoryVariable = "AUSPEX_CRASH_DIRECTORY";
constexpr const char* kModeVariable = "AUSPEX_CRASH_MODE";
constexpr const char* kChildArgument = "--test-case=child: commits until it is killed";

// So little that memtables are flushed all the time, in the background of commits.
std::shared_ptr<const StateMemory> tinyMemory() {
  return std::make_shared<StateMemory>(std::size_t{1} << 20);
}

class NoChangelog final : public Changelog {
 public:
  void append(std::string_view, std::optional<std::string_view>) override {}
};

// Commit n writes n to the next keys of the ring, erases the one behind them, and counts in another
// store; so the state after n commits is known from n alone.
void applyNumber(std::uint64_t number, const auto& put, const auto& erase) {
  for (std::uint64_t i = 0; i < kStride; ++i) {
    put("ring", fmt::format("{}", (number * kStride + i) % kRing), number);
  }
  erase("ring", fmt::format("{}", (number * kStride + kStride) % kRing));
  put("count", "commits", number);
}

struct Expected {
  Rows ring;
  Rows count;
};

Expected expectedAfter(std::uint64_t numCommits) {
  Expected expected;
  const auto put = [&](std::string_view store, std::string key, std::uint64_t number) {
    (store == "ring" ? expected.ring : expected.count)[std::move(key)] = fmt::format("{}", number);
  };
  const auto erase = [&](std::string_view, const std::string& key) { expected.ring.erase(key); };
  // Only the last turns of the ring can still be seen.
  const std::uint64_t first = numCommits > 3 * kRing ? numCommits - 3 * kRing : 0;
  for (std::uint64_t number = first + 1; number <= numCommits; ++number) {
    applyNumber(number, put, erase);
  }
  return expected;
}

constexpr std::size_t kCommitsPerWrite = 3;

// Tells the parent, once, that so many commits are in that some are on the disk.
void tellReady(std::uint64_t numCommits, bool& told) {
  if (!told && numCommits >= kCommitsPerWrite) {
    REQUIRE(::write(STDERR_FILENO, "r", 1) == 1);
    told = true;
  }
}

std::uint64_t lastNumber(const TaskState& state) {
  return state.marker() ? state.marker()->sequence : 0;
}

std::int64_t markerOffset(std::uint64_t number) {
  return static_cast<std::int64_t>(number) * 100;
}

void commitForever(TaskState& state) {
  NoChangelog changelog;
  const auto put = [&](std::string_view store, const std::string& key, std::uint64_t value) {
    state.store(store).put(key, fmt::format("{}", value));
  };
  const auto erase = [&](std::string_view store, const std::string& key) {
    state.store(store).erase(key);
  };
  bool told = false;
  const std::uint64_t last = lastNumber(state);
  for (std::uint64_t number = last + 1;; ++number) {
    applyNumber(number, put, erase);
    state.prepareCommit(changelog, numbered(number));
    state.applyCommit(numbered(number), markerOffset(number));
    tellReady(number - last, told);
  }
}

// The same commits as they come back from a changelog, taken in as sorted files.
void restoreForever(TaskState& state) {
  std::int64_t offset = 0;
  std::string recordKey;
  const auto restore = [&](std::string_view store, std::string_view key,
                           std::optional<std::string_view> value) {
    ChangelogCodec::encodeKey(store, key, recordKey);
    state.restoreRecord(recordKey, value, offset);
  };
  const auto put = [&](std::string_view store, const std::string& key, std::uint64_t value) {
    restore(store, key, fmt::format("{}", value));
  };
  const auto erase = [&](std::string_view store, const std::string& key) {
    restore(store, key, std::nullopt);
  };
  state.beginRestore();
  bool told = false;
  const std::uint64_t last = lastNumber(state);
  for (std::uint64_t number = last + 1;; ++number) {
    offset = markerOffset(number);
    for (const StoreSpec& spec : kRingSpecs) {
      restore("", "layout/" + spec.name, spec.rowLayout);
    }
    applyNumber(number, put, erase);
    restore("", "marker", numbered(number).encode());
    state.applyRestored();
    tellReady(number - last, told);
  }
}

// Starts this program again for the test case below. Returns once it has committed. A plain fork
// would lack RocksDB's background threads.
pid_t startChild(const std::string& directory, const std::string& mode) {
  int ready[2] = {-1, -1};
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ready[1], STDERR_FILENO);
    ::close(ready[0]);
    ::close(ready[1]);
    ::setenv(kDirectoryVariable, directory.c_str(), 1);
    ::setenv(kModeVariable, mode.c_str(), 1);
    ::execl("/proc/self/exe", "unit_stateStore", "--no-skip", kChildArgument, nullptr);
    ::_exit(2);
  }
  ::close(ready[1]);
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  ::close(ready[0]);
  return child;
}

// Kills children again and again and compares what they leave with the number in the marker.
void killAndCompare(const std::string& mode, int numKills, useconds_t longestLife) {
  const std::uint64_t seed = testSeed();
  MESSAGE("AUSPEX_SEED=" << seed);
  std::mt19937_64 random(seed);
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / "task").string();
  std::uint64_t numCommits = 0;
  for (int kill = 0; kill < numKills; ++kill) {
    CAPTURE(kill);
    const pid_t child = startChild(path, mode);
    ::usleep(static_cast<useconds_t>(random() % longestLife));
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));

    const auto state = TaskState::open(path, kRingSpecs, tinyMemory(), {});
    REQUIRE(state->marker().has_value());
    const std::uint64_t number = lastNumber(*state);
    CHECK(number > numCommits);
    numCommits = number;
    CHECK(state->marker() == numbered(number));
    CHECK(state->changelogOffset() == markerOffset(number));
    const Expected expected = expectedAfter(number);
    CHECK(rowsOf(state->store("ring")) == expected.ring);
    CHECK(rowsOf(state->store("count")) == expected.count);
  }
  MESSAGE(numKills << " kills over " << numCommits << " commits, mode " << mode);
}

}  // namespace

TEST_CASE("child: commits until it is killed" * doctest::skip()) {
  const char* const directory = std::getenv(kDirectoryVariable);
  const char* const mode = std::getenv(kModeVariable);
  if (directory == nullptr || mode == nullptr) {
    return;  // only the cases below mean it
  }
  const auto state = TaskState::open(directory, kRingSpecs, tinyMemory(),
                                     {.commitsPerWrite = kCommitsPerWrite, .ingestBytes = 0});
  if (std::string_view(mode) == "commit") {
    commitForever(*state);
  } else {
    restoreForever(*state);
  }
}

TEST_CASE("After kill -9 in the middle of commits, rows and marker are of one commit") {
  killAndCompare("commit", 20, 60'000);
}

TEST_CASE("After kill -9 while sorted files are taken in, rows and marker are of one commit") {
  killAndCompare("restore", 10, 200'000);
}

}  // namespace auspex::stateStore
