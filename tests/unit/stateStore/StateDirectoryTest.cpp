// SPDX-License-Identifier: Apache-2.0
// The data directory: its lock, its format, its names.
#include "stateStore/StateDirectory.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "stateStore/StoreError.h"
#include "tests/unit/stateStore/support/TemporaryDirectory.h"

namespace auspex::stateStore {

TEST_CASE("A second process is told which one holds the directory") {
  const TemporaryDirectory directory;
  int ready[2] = {-1, -1};
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      const StateDirectory held(directory.path());
      if (::write(ready[1], "r", 1) == 1) {
        ::pause();
      }
    } catch (...) {
    }
    ::_exit(2);
  }
  ::close(ready[1]);
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  ::close(ready[0]);
  CHECK_THROWS_WITH_AS(StateDirectory(directory.path()),
                       doctest::Contains(fmt::format("(pid {} started 2", child).c_str()),
                       StoreError);
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK_NOTHROW(StateDirectory(directory.path()));  // a dead process holds nothing
}

TEST_CASE("The lock also stands within a process and ends with the object") {
  const TemporaryDirectory directory;
  {
    const StateDirectory held(directory.path());
    CHECK_THROWS_WITH_AS(StateDirectory(directory.path()),
                         doctest::Contains(fmt::format("pid {}", ::getpid()).c_str()), StoreError);
  }
  CHECK_NOTHROW(StateDirectory(directory.path()));
}

TEST_CASE("A directory of another format is refused and left alone") {
  const TemporaryDirectory directory;
  { const StateDirectory state(directory.path()); }
  std::ofstream(directory.path() / "format") << "auspex data 2\n";
  CHECK_THROWS_WITH_AS(
      StateDirectory(directory.path()),
      doctest::Contains("format 'auspex data 2'; this build reads 'auspex data 1'"), StoreError);
  std::string format;
  std::getline(std::ifstream(directory.path() / "format"), format);
  CHECK(format == "auspex data 2");
}

TEST_CASE("A path that cannot be a directory is an error with the path") {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "file") << "x";
  CHECK_THROWS_WITH_AS(StateDirectory(directory.path() / "file"), doctest::Contains("/file"),
                       StoreError);
  CHECK_THROWS_WITH_AS(StateDirectory(directory.path() / "file" / "under"),
                       doctest::Contains("/file/under"), StoreError);
}

TEST_CASE("Paths follow the layout, and no query id leaves its directory") {
  const TemporaryDirectory directory;
  const StateDirectory state(directory.path());
  const auto root = directory.path() / "state";
  CHECK(state.taskPath("CSAS_SCORED_0", 1, 12) == root / "CSAS_SCORED_0" / "1_12");
  CHECK(state.queryPath("../x") == root / "%2E%2E%2Fx");
  CHECK(state.queryPath("..") == root / "%2E%2E");
  CHECK(state.queryPath("a%b") == root / "a%25b");
  CHECK_THROWS_AS(state.queryPath(std::string(256, 'q')), StoreError);
}

TEST_CASE("Queries are listed and removed, one by one and all") {
  const TemporaryDirectory directory;
  StateDirectory state(directory.path());
  CHECK(state.queries().empty());
  state.removeAll();  // nothing to do
  for (const char* id : {"b", "a/ä", "c"}) {
    std::filesystem::create_directories(state.taskPath(id, 0, 0));
    std::filesystem::create_directories(state.taskPath(id, 0, 1));
    std::ofstream(state.taskPath(id, 0, 0) / "rows") << "x";
  }
  std::filesystem::create_directories(directory.path() / "state" / "not%one");
  CHECK(state.queries() == std::vector<std::string>{"a/ä", "b", "c"});
  state.removeTask("b", 0, 0);
  CHECK_FALSE(std::filesystem::exists(state.taskPath("b", 0, 0)));
  CHECK(std::filesystem::exists(state.taskPath("b", 0, 1)));
  state.removeQuery("a/ä");
  CHECK(state.queries() == std::vector<std::string>{"b", "c"});
  std::ofstream(directory.path() / "journal") << "of somebody else";
  state.removeAll();
  CHECK(state.queries().empty());
  CHECK(std::filesystem::exists(directory.path() / "journal"));
}

TEST_CASE("A removal that was cut short is finished at the next start") {
  const TemporaryDirectory directory;
  { const StateDirectory state(directory.path()); }
  std::filesystem::create_directories(directory.path() / "removed" / "0" / "1_2");
  const StateDirectory state(directory.path());
  CHECK_FALSE(std::filesystem::exists(directory.path() / "removed"));
}

}  // namespace auspex::stateStore
