// SPDX-License-Identifier: Apache-2.0
// A model follows its alias in a registry while rows are scored; whatever fails leaves what serves.
#include "engine/RegistryWatch.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/Engine.h"
#include "engine/brokers/simulated/SimulatedBroker.h"
#include "operators/models/ModelLoader.h"
#include "tests/fixtures/StubRegistry.h"

using namespace auspex::engine;

namespace {

constexpr const char* kProgram = R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, `Score x` DOUBLE, n DOUBLE, color DOUBLE,
        store DOUBLE) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE MODEL m WITH (URI='mlflow://fraud@champion', REGISTRY='http://registry:5000/');
    CREATE STREAM scored AS SELECT id, MODEL_VERSION('m', *) AS v FROM s EMIT CHANGES;)";

/// Version 3 is another file of the same trees, 4 is of another contract, 5 is damaged.
class FollowingProgram {
 public:
  FollowingProgram() {
    const std::string folder = std::string(AUSPEX_TEST_MODELS) + "/";
    registry = std::make_shared<auspex::fixtures::StubRegistry>();
    registry->files[1] = auspex::operators::readModelFile(folder + "logistic-3.2.0.json");
    registry->files[3] = registry->files[1] + "\n";
    registry->files[4] = auspex::operators::readModelFile(folder + "softprob-3.2.0.json");
    registry->files[5] = registry->files[1].substr(0, 500);
    std::string name = (std::filesystem::temp_directory_path() / "auspex-registry-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    states_ = std::make_unique<auspex::stateStore::StateDirectory>(folder_);
    options_.numThreads = -1;
    options_.properties["commit.interval.ms"] = "0";
    options_.transport = registry;
    options_.properties["models.refresh.interval.ms"] = "1000";
    start();
    run(kProgram);
  }

  ~FollowingProgram() {
    engine_.reset();
    states_.reset();
    std::filesystem::remove_all(folder_);
  }
  FollowingProgram(const FollowingProgram&) = delete;
  FollowingProgram& operator=(const FollowingProgram&) = delete;

  void start() {
    engine_ = std::make_unique<Engine>(options_, broker_, states_.get());
    engine_->setEndless();
    engine_->start();
  }
  void restart() {
    engine_->stop();
    engine_.reset();
    broker_->restart();
    start();
  }
  std::string run(const std::string& sql) {
    std::string answer;
    for (const auto& statement : auspex::parser::parse(sql)) {
      answer = engine_->executor().execute(statement).message;
    }
    engine_->start();
    return answer;
  }
  /// As often as failures need that are not tried again at once.
  void settle() {
    for (int round = 0; round < 200; ++round) {
      engine_->poll();
    }
  }
  /// Scores a row more; returns by which version.
  std::string score() {
    const std::string key = fmt::format("k{}", numRows_++);
    auspex::operators::OutgoingRecord record;
    record.key = key;
    record.value = R"({"amount": 1})";
    record.timestamp = static_cast<int64_t>(numRows_);
    settle();
    broker_->append("s", {&record, 1});
    settle();
    const auto rows = broker_->records("SCORED", 0);
    REQUIRE(rows.size() == numRows_);
    return std::string(*rows.back().record.value);
  }
  size_t numCommands() const { return broker_->records("_auspex-default_-commands", 0).size(); }

  std::shared_ptr<auspex::fixtures::StubRegistry> registry;

 private:
  std::shared_ptr<SimulatedBroker> broker_ = std::make_shared<SimulatedBroker>();
  EngineOptions options_;
  std::filesystem::path folder_;
  std::unique_ptr<auspex::stateStore::StateDirectory> states_;
  std::unique_ptr<Engine> engine_;
  size_t numRows_ = 0;
};

}  // namespace

TEST_CASE("the version that the alias leads to takes over between two commits, under its number") {
  FollowingProgram program;
  CHECK(program.score() == R"({"V":1})");
  const size_t numBefore = program.numCommands();
  program.registry->alias = 3;
  CHECK(program.score() == R"({"V":3})");
  CHECK(program.numCommands() == numBefore + 2);  // added, and pointed at: once
  CHECK(program.run("DESCRIBE MODEL m;").find("follows alias champion, which led to version 3") !=
        std::string::npos);
  // Back to what is there: no file is fetched again.
  const size_t numFiles = program.registry->numFiles;
  program.registry->alias = 1;
  CHECK(program.score() == R"({"V":1})");
  CHECK(program.registry->numFiles == numFiles);
  // What a person decides stays until the alias moves.
  program.registry->alias = 3;
  CHECK(program.score() == R"({"V":3})");
  program.run("ALTER MODEL m ROLLBACK;");
  CHECK(program.score() == R"({"V":1})");
  CHECK(program.score() == R"({"V":1})");
}

TEST_CASE("a registry that is away stops neither queries nor a start") {
  FollowingProgram program;
  program.registry->alias = 3;
  CHECK(program.score() == R"({"V":3})");
  program.registry->isAway = true;
  CHECK(program.score() == R"({"V":3})");
  CHECK(program.run("DESCRIBE MODEL m;").find("connection refused") != std::string::npos);
  program.restart();
  CHECK(program.score() == R"({"V":3})");
  program.registry->isAway = false;
  program.registry->alias = 1;
  CHECK(program.score() == R"({"V":1})");
  CHECK(program.run("DESCRIBE MODEL m;").find("connection refused") == std::string::npos);
}

TEST_CASE("a version that cannot be loaded leaves what serves, and is told") {
  FollowingProgram program;
  const std::map<uint32_t, std::string> damaged = {
      {4, "cannot become version 4"}, {5, "was not loaded"}, {6, "no such version"}};
  for (const auto& version : damaged) {
    CAPTURE(version.first);
    program.registry->alias = version.first;
    CHECK(program.score() == R"({"V":1})");
    const std::string described = program.run("DESCRIBE MODEL m;");
    CAPTURE(described);
    CHECK(described.find(version.second) != std::string::npos);
  }
  // Fetched less and less often, not in each of 1,200 rounds.
  CHECK(program.registry->numFiles < 120);
  program.registry->alias = 3;
  for (int round = 0; round < 10; ++round) {
    program.settle();
  }
  CHECK(program.score() == R"({"V":3})");
}

TEST_CASE("SET says where the registry is, and whether it is followed") {
  FollowingProgram program;
  program.run("ALTER MODEL m SET (FOLLOW=false);");
  program.registry->alias = 3;
  CHECK(program.score() == R"({"V":1})");
  program.restart();
  CHECK(program.score() == R"({"V":1})");
  program.run("ALTER MODEL m SET (FOLLOW=true, REGISTRY='http://other:5000');");
  CHECK(program.score() == R"({"V":3})");
  CHECK(program.run("DESCRIBE MODEL m;").find("http://other:5000") != std::string::npos);
}
