// SPDX-License-Identifier: Apache-2.0
// What a model stands for is recorded with the inputs' offsets: rows that are read again are scored
// by what scored them first.
#include "engine/runtime/ModelSwaps.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>

#include "engine/Engine.h"
#include "engine/brokers/simulated/SimulatedBroker.h"
#include "operators/models/ModelLoader.h"

using namespace auspex::engine;
using auspex::operators::ModelRegistry;
using auspex::operators::ModelUse;

namespace {

const TopicPartition kTopic{"q-models", 0};
const TopicPartition kLeft{"left", 0};
const TopicPartition kRight{"right", 0};

class Writer final : public TransactionWriter {
 public:
  explicit Writer(SimulatedBroker& broker) : broker_(broker) {}
  void send(const std::string& topic,
            std::span<const auspex::operators::OutgoingRecord> records) override {
    broker_.append(topic, records);
    numRecords += records.size();
  }
  size_t numRecords = 0;

 private:
  SimulatedBroker& broker_;
};

std::shared_ptr<ModelRegistry> twoVersions() {
  auto registry = std::make_shared<ModelRegistry>();
  for (uint32_t version = 1; version <= 2; ++version) {
    auspex::operators::LoadOptions options;
    options.name = "M";
    options.version = version;
    options.endRound = version;
    registry->add(auspex::operators::loadModel(
                      std::string(AUSPEX_TEST_MODELS) + "/logistic-3.2.0.json", options),
                  false);
  }
  return registry;
}

struct World {
  World() { broker.createTopic({kTopic.topic, 1, -1, {{"cleanup.policy", "compact"}}}); }
  ModelSwaps start(const Offsets& positions) {
    ModelSwaps swaps(broker, {ModelUse{"M", registry, ""}}, kTopic, "task");
    swaps.open(positions);
    return swaps;
  }
  SimulatedBroker broker;
  std::shared_ptr<ModelRegistry> registry = twoVersions();
  Writer writer{broker};
};

uint32_t versionOf(const ModelSwaps& swaps) {
  return swaps.served("M")->route.shares[0].version;
}

Offsets at(int64_t left, int64_t right) {
  return {{kLeft, left}, {kRight, right}};
}

/// A query of one input that scores rows, over several lives of the engine.
class ScoringQuery {
 public:
  ScoringQuery() {
    options_.basePath = AUSPEX_TEST_MODELS;
    options_.numThreads = -1;
    options_.properties["commit.interval.ms"] = "3600000";
  }

  void start() {
    engine_ = std::make_unique<Engine>(options_, broker_, nullptr);
    engine_->setEndless();
    engine_->start();
  }

  void stop() {
    engine_->stop();
    engine_.reset();
    broker_->restart();
  }

  void run(const std::string& sql) {
    for (const auto& statement : auspex::parser::parse(sql)) {
      engine_->executor().execute(statement);
    }
    engine_->start();
  }

  void settle() {
    for (int quiet = 0; quiet < 3;) {
      quiet = engine_->runtime().poll() ? 0 : quiet + 1;
    }
  }

  void append(int from, int to) {
    for (int row = from; row < to; ++row) {
      const std::string key = fmt::format("k{}", row);
      const std::string value = fmt::format(R"({{"amount": {}, "n": {}}})", row % 5, row % 3);
      auspex::operators::OutgoingRecord record;
      record.key = key;
      record.value = value;
      record.timestamp = row;
      broker_->append("s", {&record, 1});
    }
    settle();
  }

  void setBack() {
    const auto producer = broker_->openProducer("reset");
    producer->begin();
    producer->sendOffsets("default_-CSAS_SCORED_0", {{{"s", 0}, 0}});
    producer->commit();
  }

  std::vector<std::string> scored() const {
    std::vector<std::string> rows;
    for (const SimulatedRead& read : broker_->records("SCORED", 0)) {
      rows.push_back(fmt::format("{} {}", *read.record.key, *read.record.value));
    }
    return rows;
  }

 private:
  std::shared_ptr<SimulatedBroker> broker_ = std::make_shared<SimulatedBroker>();
  EngineOptions options_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

TEST_CASE("a swap is written with the offsets of the commit before it, once") {
  World world;
  ModelSwaps swaps = world.start(at(0, 0));
  swaps.prepare(world.writer, at(0, 0));
  swaps.committed();
  CHECK(world.writer.numRecords == 1);
  swaps.prepare(world.writer, at(5, 5));
  swaps.committed();
  CHECK(world.writer.numRecords == 1);
  CHECK_FALSE(swaps.wantsSwap());
  world.registry->setAlias("M", "default", 2);
  CHECK(swaps.wantsSwap());
  CHECK(versionOf(swaps) == 1);
  swaps.swap();
  CHECK(versionOf(swaps) == 2);
  CHECK_FALSE(swaps.wantsSwap());
  swaps.prepare(world.writer, at(7, 8));
  swaps.committed();
  REQUIRE(world.writer.numRecords == 2);
  const auto records = world.broker.records(kTopic.topic, 0);
  const auto swap = ModelSwap::fromText(*records[1].record.value);
  REQUIRE(swap.has_value());
  CHECK(*records[1].record.key == "M#00000002");
  CHECK(swap->from->shares[0].version == 1);
  CHECK(swap->to.shares[0].version == 2);
  CHECK(swap->at == at(7, 8));
  CHECK(swap->toText() == *records[1].record.value);
}

TEST_CASE("what an aborted transaction has swapped is written again") {
  World world;
  ModelSwaps swaps = world.start(at(0, 0));
  swaps.prepare(world.writer, at(0, 0));
  swaps.committed();
  world.registry->setAlias("M", "default", 2);
  swaps.swap();
  Writer lost(world.broker);
  swaps.prepare(lost, at(7, 8));
  swaps.goBackTo(at(7, 8));
  CHECK(versionOf(swaps) == 2);
  swaps.prepare(world.writer, at(7, 8));
  CHECK(world.writer.numRecords == 2);
}

TEST_CASE("rows that are read again are scored by what scored them, and no draw crosses a swap") {
  World world;
  {
    ModelSwaps swaps = world.start(at(0, 0));
    swaps.prepare(world.writer, at(0, 0));
    swaps.committed();
    world.registry->setAlias("M", "default", 2);
    swaps.swap();
    swaps.prepare(world.writer, at(7, 8));
    swaps.committed();
  }
  SUBCASE("from where it was committed there is nothing to repeat") {
    const ModelSwaps swaps = world.start(at(9, 9));
    CHECK_FALSE(swaps.isRepeating());
    CHECK(versionOf(swaps) == 2);
  }
  SUBCASE("from the beginning") {
    ModelSwaps swaps = world.start(at(0, 0));
    CHECK(swaps.isRepeating());
    CHECK(versionOf(swaps) == 1);
    CHECK(swaps.limitOf(kLeft) == 7);
    CHECK(swaps.limitOf(kRight) == 8);
    swaps.advanceTo(at(7, 3));
    CHECK(versionOf(swaps) == 1);
    world.registry->setAlias("M", "default", 1);
    CHECK_FALSE(swaps.wantsSwap());
    Writer nowhere(world.broker);
    swaps.prepare(nowhere, at(7, 3));
    CHECK(nowhere.numRecords == 0);
    swaps.advanceTo(at(7, 8));
    CHECK(versionOf(swaps) == 2);
    CHECK_FALSE(swaps.isRepeating());
    CHECK_FALSE(swaps.limitOf(kLeft).has_value());
    CHECK(swaps.wantsSwap());  // what was set meanwhile
  }
  SUBCASE("a version that is not there any more cannot be repeated") {
    world.registry->dropVersion("M", 1);
    CHECK_THROWS_WITH_AS(world.start(at(0, 0)),
                         doctest::Contains("scored by what is not there any more"), BrokerError);
    CHECK(versionOf(world.start(at(7, 8))) == 2);
  }
}

TEST_CASE("a damaged record of swaps stops the task") {
  World world;
  auspex::operators::OutgoingRecord record;
  record.key = "M#00000001";
  for (const std::string text : {"", "{}", "{\"sequence\":1}", "[1", "null"}) {
    CAPTURE(text);
    World damaged;
    record.value = text;
    damaged.broker.append(kTopic.topic, {&record, 1});
    CHECK_THROWS_WITH_AS(damaged.start(at(0, 0)), doctest::Contains("is damaged"), BrokerError);
  }
}

TEST_CASE("a query whose offsets are set back gives the same bytes again") {
  ScoringQuery query;
  query.start();
  query.run(R"(
    CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, `Score x` DOUBLE, n DOUBLE, color DOUBLE,
        store DOUBLE) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE MODEL m WITH (URI='logistic-3.2.0.json');
    ALTER MODEL m ADD VERSION WITH (URI='logistic-3.2.0.json', ITERATIONS='1');
    CREATE STREAM scored AS SELECT id, PREDICT('m', *) AS p, MODEL_VERSION('m', *) AS v FROM s
        EMIT CHANGES;)");
  query.append(0, 10);
  query.run("ALTER MODEL m SET ALIAS default = 2;");
  query.append(10, 17);
  query.run("ALTER MODEL m SPLIT 1 50, 2 50 BY id;");
  query.append(17, 40);
  query.run("ALTER MODEL m DROP SPLIT;");
  query.append(40, 50);
  query.stop();
  const std::vector<std::string> once = query.scored();
  REQUIRE(once.size() == 50);
  const auto ofVersion = [&](int version) {
    return std::count_if(once.begin(), once.end(), [&](const std::string& row) {
      return row.find(fmt::format("\"V\":{}", version)) != std::string::npos;
    });
  };
  CHECK(ofVersion(1) > 12);
  CHECK(ofVersion(2) > 19);
  query.setBack();
  query.start();
  query.settle();
  query.stop();
  std::vector<std::string> twice = once;
  twice.insert(twice.end(), once.begin(), once.end());
  CHECK(query.scored() == twice);
}
