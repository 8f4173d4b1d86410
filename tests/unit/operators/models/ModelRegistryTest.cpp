// SPDX-License-Identifier: Apache-2.0
// Versions and aliases by name, and snapshots that stay as they were.
#include "operators/models/ModelRegistry.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "operators/models/ModelError.h"

using namespace auspex::operators;

namespace {

class EmptyModel final : public ModelVersion {
 public:
  explicit EmptyModel(ModelInfo info) : ModelVersion(std::move(info)) {}
  size_t outputsPerRow(OutputForm) const override { return 0; }
  void score(FeatureMatrix, OutputForm, std::span<float>) const override {}
};

std::shared_ptr<const ModelVersion> make(const std::string& name, uint32_t version) {
  ModelInfo info;
  info.name = name;
  info.version = version;
  return std::make_shared<const EmptyModel>(std::move(info));
}

}  // namespace

TEST_CASE("References are 'name', 'name@alias' or 'name:version'") {
  CHECK(parseModelReference("m").alias == "default");
  CHECK(parseModelReference("m@champion").alias == "champion");
  CHECK(parseModelReference("m:3").version == 3U);
  CHECK(parseModelReference("my model@a b").name == "my model");
  for (const std::string text : {"", "@a", ":1", "m@", "m:", "m:x", "m:0", "m:-1", "m:1x", "m@a@b",
                                 "m@a:1", "m:99999999999"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parseModelReference(text), ModelError);
  }
}

TEST_CASE("The first version is the default one; later ones on request") {
  ModelRegistry registry;
  CHECK(registry.nextVersion("m") == 1);
  registry.add(make("m", 1), false);
  registry.add(make("m", 2), false);
  CHECK(registry.find("m")->info().version == 1);
  CHECK(registry.find("m:2")->info().version == 2);
  registry.add(make("m", 5), true);
  CHECK(registry.nextVersion("m") == 6);
  CHECK(registry.find("m")->info().version == 5);
  registry.setAlias("m", "champion", 2);
  CHECK(registry.find("m@champion")->info().version == 2);
  registry.setAlias("m", "default", 1);
  CHECK(registry.find("m@default")->info().version == 1);
}

TEST_CASE("Changes that cannot be are refused and change nothing") {
  ModelRegistry registry;
  registry.add(make("m", 1), false);
  registry.add(make("m", 2), false);
  const auto before = registry.snapshot();
  CHECK_THROWS_AS(registry.add(make("m", 2), true), ModelError);
  CHECK_THROWS_AS(registry.add(make("a@b", 1), true), ModelError);
  CHECK_THROWS_AS(registry.add(make("", 1), true), ModelError);
  CHECK_THROWS_AS(registry.setAlias("m", "x", 3), ModelError);
  CHECK_THROWS_AS(registry.setAlias("m", "x:1", 1), ModelError);
  CHECK_THROWS_AS(registry.setAlias("n", "x", 1), ModelError);
  CHECK_THROWS_AS(registry.dropVersion("m", 1), ModelError);
  CHECK_THROWS_AS(registry.dropVersion("m", 9), ModelError);
  CHECK_THROWS_AS(registry.dropAlias("m", "default"), ModelError);
  CHECK_THROWS_AS(registry.dropAlias("m", "x"), ModelError);
  CHECK_THROWS_AS(registry.drop("n"), ModelError);
  CHECK(registry.snapshot() == before);
  CHECK_THROWS_WITH_AS(registry.find("nope"), "Unknown model: 'nope'. SHOW MODELS lists them.",
                       ModelError);
  CHECK_THROWS_WITH_AS(registry.find("m:7"), "Model 'm' has no version 7. It has: 1, 2",
                       ModelError);
  CHECK_THROWS_WITH_AS(registry.find("m@x"), "Model 'm' has no alias 'x'. It has: default",
                       ModelError);
}

TEST_CASE("A version number is never used twice, and readers keep what they hold") {
  ModelRegistry registry;
  registry.add(make("m", 1), false);
  registry.add(make("m", 2), false);
  registry.setAlias("m", "old", 2);
  const auto held = registry.find("m:2");
  const auto snapshot = registry.snapshot();
  registry.dropAlias("m", "old");
  registry.dropVersion("m", 2);
  CHECK_THROWS_AS(registry.find("m:2"), ModelError);
  CHECK_THROWS_AS(registry.add(make("m", 2), false), ModelError);
  CHECK(held->info().version == 2);
  CHECK(snapshot->at("m")->versions.size() == 2);
  registry.drop("m");
  CHECK(registry.snapshot()->empty());
  CHECK(snapshot->size() == 1);
}

TEST_CASE("A lower number that was never given is free") {
  ModelRegistry registry;
  registry.add(make("m", 7), false);
  registry.add(make("m", 3), false);
  registry.dropVersion("m", 3);
  CHECK_THROWS_WITH_AS(registry.add(make("m", 3), false),
                       doctest::Contains("had a version 3 before; the next one is 8"), ModelError);
  registry.add(make("m", 4), false);
  CHECK(registry.find("m:4")->info().version == 4);
  CHECK(registry.nextVersion("m") == 8);
}

TEST_CASE("Versions are replaced all or none, and stay what names lead to") {
  ModelRegistry registry;
  registry.add(make("m", 1), false);
  registry.add(make("m", 2), true);
  const auto former = registry.find("m");
  const auto next = make("m", 2);
  CHECK_THROWS_AS(registry.replace("m", {next, make("m", 3)}), ModelError);
  CHECK(registry.find("m") == former);
  registry.replace("m", {next});
  CHECK(registry.find("m") == next);
  CHECK(registry.rollBack("m") == 1);
}

TEST_CASE("Readers and a writer at once see whole models only") {
  ModelRegistry registry;
  registry.add(make("m", 1), true);
  std::atomic<bool> done{false};
  std::atomic<int> numWrong{0};
  std::jthread reader([&] {
    while (!done) {
      const auto models = registry.snapshot();
      const Model& model = *models->at("m");
      numWrong += model.versions.contains(model.aliases.at("default")) ? 0 : 1;
    }
  });
  for (uint32_t version = 2; version < 300; ++version) {
    registry.add(make("m", version), true);
    registry.dropVersion("m", version - 1);
  }
  done = true;
  reader.join();
  CHECK(numWrong == 0);
}
