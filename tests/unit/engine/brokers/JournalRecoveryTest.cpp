// SPDX-License-Identifier: Apache-2.0
// The embedded broker after violence: kill -9 at any moment, torn tails, flipped bytes.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <random>
#include <set>

#include "engine/brokers/local/LocalBroker.h"
#include "tests/unit/engine/brokers/BrokerFactories.h"

namespace auspex::engine::test {
namespace {

namespace fs = std::filesystem;

LocalBrokerOptions optionsIn(const fs::path& directory, uint64_t segmentBytes = 64 << 20) {
  LocalBrokerOptions options;
  options.journal.directory = directory;
  options.journal.segmentBytes = segmentBytes;
  options.maintenanceInterval = std::chrono::milliseconds(0);
  return options;
}

std::string contentsOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void replaceContents(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::vector<fs::path> logsOf(const fs::path& directory) {
  std::set<fs::path> logs;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".log") {
      logs.insert(entry.path());
    }
  }
  return {logs.begin(), logs.end()};
}

// One transaction of the child: `number` in three partitions of two topics and as group offset.
void commitNumber(TransactionalProducer& producer, int number) {
  producer.begin();
  const std::string text = fmt::format("{}", number);
  send(producer, "a", 0, {{"k", text, number}});
  send(producer, "a", 1, {{"k", text, number}, {"k", text, number}});
  send(producer, "b", 0,
       {{"k", text + std::string(static_cast<size_t>(number % 7) * 3000, 'x'), 0}});
  producer.sendOffsets("group", {{{"input", 0}, number + 1}});
  producer.commit();
}

// Commits numbers from `first` on for ever, and tells each through the pipe once it is committed.
[[noreturn]] void runChild(const LocalBrokerOptions& options, int first, int pipe) {
  LocalBroker broker(options);
  const auto producer = broker.openProducer("id");
  for (int number = first;; ++number) {
    commitNumber(*producer, number);
    if (::write(pipe, &number, sizeof(number)) != sizeof(number)) {
      ::_exit(1);
    }
  }
}

// Every number up to the group's offset is there once and in all partitions. Returns the next one.
int checkNumbers(Broker& broker) {
  const Offsets offsets = broker.committedOffsets("group", {{"input", 0}});
  const int next = offsets.empty() ? 0 : static_cast<int>(offsets.begin()->second);
  const auto once = readToEnd(broker, "a", 0);
  const auto twice = readToEnd(broker, "a", 1);
  const auto large = readToEnd(broker, "b", 0);
  REQUIRE(once.size() == static_cast<size_t>(next));
  REQUIRE(twice.size() == 2 * static_cast<size_t>(next));
  REQUIRE(large.size() == static_cast<size_t>(next));
  bool equal = true;
  for (int number = 0; number < next; ++number) {
    const auto i = static_cast<size_t>(number);
    const std::string text = fmt::format("{}", number);
    equal = equal && once[i].value == text && twice[2 * i].value == text &&
            twice[2 * i + 1].value == text && large[i].value->starts_with(text) &&
            large[i].value->size() == text.size() + static_cast<size_t>(number % 7) * 3000;
  }
  CHECK(equal);
  return next;
}

void createTopics(Broker& broker) {
  broker.createTopic({"a", 2, -1, {}});
  broker.createTopic({"b", 1, -1, {}});
}

}  // namespace

TEST_CASE("kill -9 at random loses no acknowledged transaction and halves none") {
  constexpr int kKills = 20;
  const TemporaryDirectory directory;
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  // Small segments, so that kills also hit the change of segments; spilling in every seventh.
  LocalBrokerOptions options = optionsIn(directory.path() / "journal", 100'000);
  options.spillBytes = 15'000;
  {
    LocalBroker broker(options);
    createTopics(broker);
  }
  int next = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    CAPTURE(kill);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(ends[0]);
      runChild(options, next, ends[1]);
    }
    ::close(ends[1]);
    // Some transactions, then any moment within the next ones.
    const int wanted = static_cast<int>(random() % 40);
    int acknowledged = next - 1;
    for (int i = 0; i < wanted; ++i) {
      REQUIRE(::read(ends[0], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged));
    }
    ::usleep(static_cast<useconds_t>(random() % 3000));
    ::kill(child, SIGKILL);
    int number = 0;
    while (::read(ends[0], &number, sizeof(number)) == sizeof(number)) {
      acknowledged = number;
    }
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    LocalBroker broker(options);
    next = checkNumbers(broker);
    CHECK(next >= acknowledged + 1);  // at most the one in flight is there without its word
    CHECK(next <= acknowledged + 2);
  }
  CHECK(next > kKills);
}

TEST_CASE("a process that ends at a named point of the write left all or nothing") {
  for (const std::string point :
       {"journal.beforeWrite", "journal.afterWrite", "journal.afterRoll"}) {
    CAPTURE(point);
    const TemporaryDirectory directory;
    LocalBrokerOptions options = optionsIn(directory.path() / "journal", 20'000);
    {
      LocalBroker broker(options);
      createTopics(broker);
    }
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      int countdown = point == "journal.afterRoll" ? 2 : 30;
      options.journal.killPoint = [&](std::string_view reached) {
        if (reached == point && --countdown == 0) {
          ::_exit(0);
        }
      };
      LocalBroker broker(options);
      const auto producer = broker.openProducer("id");
      for (int number = 0; number < 100; ++number) {
        commitNumber(*producer, number);
      }
      ::_exit(1);  // the point was not reached
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    LocalBroker broker(options);
    const int next = checkNumbers(broker);
    if (point == "journal.beforeWrite") {
      CHECK(next == 28);  // the first of the 30 frames is the producer's
    } else if (point == "journal.afterWrite") {
      CHECK(next == 29);
    }
    const auto producer = broker.openProducer("id");
    commitNumber(*producer, next);
    CHECK(checkNumbers(broker) == next + 1);
  }
}

TEST_CASE("a torn tail is cut, wherever it is torn") {
  const TemporaryDirectory directory;
  const LocalBrokerOptions options = optionsIn(directory.path() / "journal");
  size_t frameStart = 0;
  size_t frameEnd = 0;
  fs::path log;
  {
    LocalBroker broker(options);
    createTopics(broker);
    const auto producer = broker.openProducer("id");
    for (int number = 0; number < 5; ++number) {
      commitNumber(*producer, number);
    }
    log = logsOf(options.journal.directory).at(0);
    frameStart = fs::file_size(log);
    commitNumber(*producer, 5);
    frameEnd = fs::file_size(log);
  }
  const std::string whole = contentsOf(log);
  REQUIRE(whole.size() > frameEnd);  // the frame of the clean close
  for (size_t size = frameStart; size <= frameEnd; size += (size < frameStart + 400 ? 1 : 997)) {
    CAPTURE(size);
    replaceContents(log, whole.substr(0, size));
    {
      LocalBroker broker(options);
      CHECK(checkNumbers(broker) == (size == frameEnd ? 6 : 5));
      const auto producer = broker.openProducer("id");
      commitNumber(*producer, checkNumbers(broker));
    }
    LocalBroker broker(options);
    CHECK(checkNumbers(broker) == (size == frameEnd ? 7 : 6));
  }
  // Torn by a power loss: the file has its length, but zeros instead of the last bytes.
  replaceContents(log, whole.substr(0, frameStart + 60) + std::string(5000, '\0'));
  LocalBroker broker(options);
  CHECK(checkNumbers(broker) == 5);
}

TEST_CASE("a flipped byte before the tail is refused, with file and offset") {
  for (const uint64_t segmentBytes : {uint64_t{1} << 26, uint64_t{30'000}}) {
    CAPTURE(segmentBytes);
    const TemporaryDirectory directory;
    const LocalBrokerOptions options = optionsIn(directory.path() / "journal", segmentBytes);
    std::vector<size_t> frameStarts;
    {
      LocalBroker broker(options);
      createTopics(broker);
      const auto producer = broker.openProducer("id");
      for (int number = 0; number < 12; ++number) {
        commitNumber(*producer, number);
      }
    }
    const std::vector<fs::path> logs = logsOf(options.journal.directory);
    REQUIRE((logs.size() > 1) == (segmentBytes < 100'000));
    const fs::path log = logs.front();
    const std::string whole = contentsOf(log);
    const size_t end = whole.size() - (logs.size() == 1 ? 41 : 1);  // before the closing frame
    for (size_t place = 0; place < end; place += (place < 600 ? 13 : 1501)) {
      CAPTURE(place);
      std::string flipped = whole;
      flipped[place] = static_cast<char>(flipped[place] ^ 0x10);
      replaceContents(log, flipped);
      for (const bool withIndex : {true, false}) {
        if (!withIndex) {
          fs::remove(fs::path(log).replace_extension(".index"));
        }
        std::string message;
        try {
          LocalBroker broker(options);  // a sealed segment is checked when it is read
          const int next = checkNumbers(broker);
          CHECK(next == 12);
        } catch (const BrokerError& error) {
          CHECK(error.kind() == BrokerErrorKind::Fatal);
          message = error.what();
        }
        // With its index, a sealed segment's directories are not needed: no harm, no error.
        if (logs.size() == 1 || !withIndex) {
          CHECK(message.find(log.string()) != std::string::npos);
          CHECK(message.find("offset") != std::string::npos);
        }
      }
      replaceContents(log, whole);
      LocalBroker broker(options);
      CHECK(checkNumbers(broker) == 12);
    }
  }
}

TEST_CASE("what was synced before a kill is not taken for a torn tail") {
  const TemporaryDirectory directory;
  const LocalBrokerOptions options = optionsIn(directory.path() / "journal");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    LocalBroker broker(options);
    createTopics(broker);
    commitNumber(*broker.openProducer("id"), 1);
    broker.maintain();
    broker.maintain();  // marks once, not for ever
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  const fs::path log = logsOf(options.journal.directory).at(0);
  const std::string bytes = contentsOf(log);
  std::string flipped = bytes;
  flipped[bytes.size() / 2] = static_cast<char>(flipped[bytes.size() / 2] ^ 1);
  replaceContents(log, flipped);
  CHECK(errorOf([&] { LocalBroker broker(options); }) == BrokerErrorKind::Fatal);
  replaceContents(log, bytes);
  for (int i = 0; i < 3; ++i) {
    LocalBroker broker(options);
    CHECK(valuesOf(broker, "a", 0) == std::vector<std::string>{"1"});
  }
  CHECK(fs::file_size(log) == bytes.size());  // opening and closing alone adds nothing
}

TEST_CASE("a missing segment is noticed when it is read") {
  const TemporaryDirectory directory;
  const LocalBrokerOptions options = optionsIn(directory.path() / "journal", 10'000);
  {
    LocalBroker broker(options);
    createTopics(broker);
    const auto producer = broker.openProducer("id");
    for (int number = 0; number < 12; ++number) {
      commitNumber(*producer, number);
    }
  }
  const std::vector<fs::path> logs = logsOf(options.journal.directory);
  REQUIRE(logs.size() > 2);
  fs::remove(logs.at(1));
  LocalBroker broker(options);
  CHECK(errorOf([&] {
          for (const auto& [topic, partition] : {std::pair("a", 0), {"a", 1}, {"b", 0}}) {
            readToEnd(broker, topic, partition);
          }
        }) == BrokerErrorKind::Fatal);
}

}  // namespace auspex::engine::test
