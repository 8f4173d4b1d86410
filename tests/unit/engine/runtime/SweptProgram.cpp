// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/engine/runtime/SweptProgram.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "engine/Engine.h"
#include "engine/brokers/simulated/SimulatedBroker.h"
#include "engine/requests/TopicTransport.h"
#include "operators/data/KeyHash.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

constexpr int kQuietRounds = 3;
constexpr int kMaxRounds = 100'000;

class ScratchDirectory {
 public:
  ScratchDirectory() {
    const bool inMemory = access("/dev/shm", W_OK | X_OK) == 0;
    const std::filesystem::path root =
        inMemory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string name = (root / "auspex-sweep-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("cannot create " + name);
    }
    path_ = name;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class SweptRun {
 public:
  SweptRun(const SweptProgram& program, const SweepSettings& settings)
      : program_(program),
        settings_(settings),
        statements_(parser::parse(program.statements)),
        states_(directory_.path()),
        broker_(std::make_shared<SimulatedBroker>(1)) {
    options_.basePath = AUSPEX_TEST_MODELS;
    options_.numThreads = -1;
    options_.properties["commit.interval.ms"] = "3600000";
    options_.properties["auspex.draw.rows"] = std::to_string(settings.drawRows);
    options_.properties["auspex.test.retry.pause.ms"] = "1";
    options_.properties["auspex.test.purge.interval.ms"] = "0";
    // Each start makes memtables in proportion, which costs sanitizers most of their time.
    options_.properties["auspex.state.memory.bytes"] = "8388608";
    options_.properties["cache.max.bytes.buffering"] = std::to_string(settings.mergedBytes);
    if (program.server) {
      server_ = std::make_shared<LateServer>(*program.server);
      options_.transport = server_;
    }
    if (program.topicServer) {
      topicServer_.emplace(*program.topicServer, "q", "r");
      options_.makeTopicTransport = [this](std::shared_ptr<Broker> broker) {
        return topics_ = std::make_shared<TopicTransport>(
                   std::move(broker), fmt::format("life{}", ++numLives_), [this] {
                     return TopicTransport::Time(std::chrono::milliseconds(100 * numTurns_));
                   });
      };
    }
    if (settings.brokenOrder) {
      options_.properties["auspex.test.commit.order"] = "broken";
    }
  }

  SweptOutcome run() {
    broker_->setFaults(settings_.faults);
    try {
      drive();
      for (size_t wave = 0; wave < program_.waves.size(); ++wave) {
        change(wave);
        drive();
        append(program_.waves[wave]);
        isLastWave_ = wave + 1 == program_.waves.size();
        drive();
      }
      noteSteps();
      broker_->setFaults({});
      collectState();
      collectPurged();
      engine_->stop();
    } catch (const std::exception& error) {
      outcome_.failure = error.what();
    }
    collectOutputs();
    return outcome_;
  }

 private:
  void startEngine() {
    isExecuting_ = true;
    engine_ = std::make_unique<Engine>(options_, broker_, &states_);
    engine_->setEndless();
    engine_->executeProgram(statements_);
    engine_->start();
    isExecuted_ = true;
    isExecuting_ = false;
  }

  /// The program grows by what is to come before the wave.
  void change(size_t wave) {
    const auto found = program_.changes.find(wave);
    if (found == program_.changes.end()) {
      return;
    }
    changed_ = parser::parse(found->second);
    statements_.insert(statements_.end(), changed_.begin(), changed_.end());
    isExecuted_ = false;
  }

  void executeChange() {
    isExecuting_ = true;
    engine_->executeProgram(changed_);
    engine_->start();
    isExecuted_ = true;
    isExecuting_ = false;
  }

  /// Polls until nothing is left to do; starts the engine, and starts it anew after a crash.
  void drive() {
    int quiet = 0;
    for (int round = 0; quiet < kQuietRounds; ++round) {
      if (round == kMaxRounds) {
        throw std::runtime_error("does not come to rest");
      }
      try {
        if (!engine_) {
          startEngine();
        } else if (!isExecuted_) {
          executeChange();
        }
        const bool worked = engine_->runtime().poll();
        quiet = worked || serve() ? 0 : quiet + 1;
      } catch (const std::exception&) {
        if (!broker_->crashed() && !isExecuting_) {
          throw;
        }
        // A statement that the broker's fault has failed is executed again by the next start.
        isExecuting_ = false;
        outcome_.crashed = outcome_.crashed || broker_->crashed();
        engine_.reset();
        topics_.reset();
        noteSteps();
        broker_->restart();
        broker_->setFaults({});
        if (settings_.losesDisk) {
          states_.removeAll();
        }
        quiet = 0;
      }
    }
  }

  /// Whether the server has answers to give.
  bool serve() {
    if (topicServer_) {
      ++numTurns_;
      topics_->turn();
      topicServer_->turn(*broker_);
      outcome_.mostWaiting = std::max(outcome_.mostWaiting, topicServer_->mostWaiting());
    } else if (server_) {
      server_->turn();
      outcome_.mostWaiting = std::max(outcome_.mostWaiting, server_->mostWaiting());
    } else {
      return false;
    }
    return (program_.waitsForWaves || isLastWave_) && engine_->runtime().isWaiting();
  }

  void noteSteps() { outcome_.steps = outcome_.steps == 0 ? broker_->steps() : outcome_.steps; }

  void append(const std::vector<SweptRecord>& wave) {
    for (const SweptRecord& given : wave) {
      operators::OutgoingRecord record;
      record.key = given.key;
      if (!given.value.empty()) {
        record.value = given.value;
      }
      record.timestamp = given.timestamp;
      record.partition = operators::partitionOf(given.key, broker_->numPartitions(given.topic));
      broker_->append(given.topic, {&record, 1});
    }
  }

  void collectState() {
    for (const auto& [query, stores] : program_.stores) {
      std::vector<std::string>& rows = outcome_.state[query];
      for (const auto& snapshot : engine_->runtime().snapshots(query)) {
        for (const std::string& store : stores) {
          snapshot->scan(store, "", std::nullopt, [&](std::string_view key, std::string_view row) {
            rows.push_back(fmt::format("{} {} = {}", store, key, row));
            return true;
          });
        }
      }
      std::sort(rows.begin(), rows.end());
    }
  }

  void collectPurged() {
    for (const std::string& topic : broker_->topics()) {
      for (int32_t i = 0; topic.ends_with("-changelog") && i < broker_->numPartitions(topic); ++i) {
        outcome_.numPurged += broker_->beginOffset({topic, i});
      }
    }
  }

  void collectOutputs() {
    for (const std::string& topic : program_.outputs) {
      std::vector<std::string>& rows = outcome_.outputs[topic];
      const int32_t count = broker_->numPartitions(topic);
      for (int32_t partition = 0; partition < count; ++partition) {
        for (const SimulatedRead& read : broker_->records(topic, partition)) {
          rows.push_back(fmt::format("{} | {} | {}", read.record.key.value_or("null"),
                                     read.record.value.value_or("null"), read.record.timestamp));
        }
      }
      std::sort(rows.begin(), rows.end());
    }
  }

  const SweptProgram& program_;
  const SweepSettings& settings_;
  std::vector<parser::ParsedStatement> statements_;
  std::vector<parser::ParsedStatement> changed_;
  bool isLastWave_ = false;
  bool isExecuted_ = false;   // all of statements_, by the engine that runs
  bool isExecuting_ = false;  // a program; the broker may fail it
  ScratchDirectory directory_;
  stateStore::StateDirectory states_;
  std::shared_ptr<SimulatedBroker> broker_;
  EngineOptions options_;
  std::shared_ptr<LateServer> server_;
  std::optional<TopicServer> topicServer_;
  std::shared_ptr<TopicTransport> topics_;
  int64_t numTurns_ = 0;
  int numLives_ = 0;
  std::unique_ptr<Engine> engine_;
  SweptOutcome outcome_;
};

}  // namespace

SweptOutcome runSwept(const SweptProgram& program, const SweepSettings& settings) {
  return SweptRun(program, settings).run();
}

}  // namespace auspex::engine
