// SPDX-License-Identifier: Apache-2.0
// Statements about models of registries and servers: what they are kept as, what several instances
// make of the same change, and what may be changed.
#include <doctest/doctest.h>

#include "operators/models/ModelLoader.h"
#include "operators/models/rpc/RemoteModel.h"
#include "tests/fixtures/StubRegistry.h"
#include "tests/unit/queries/FakeWorld.h"

namespace auspex::queries {
namespace {

struct RegistryWorld {
  RegistryWorld() {
    registry = std::make_shared<fixtures::StubRegistry>();
    registry->files[1] =
        operators::readModelFile(std::string(AUSPEX_TEST_MODELS) + "/logistic-3.2.0.json");
    registry->files[7] = registry->files[1] + "\n";
    world.transport = registry;
  }
  operators::RegisteredArtefact artefact(uint32_t version) const {
    return {{version, "run"}, "model.json", registry->files.at(version)};
  }

  FakeWorld world;
  std::shared_ptr<fixtures::StubRegistry> registry;
};

constexpr const char* kModel =
    "CREATE MODEL m WITH (URI='mlflow://fraud@champion', REGISTRY='http://registry');";

TEST_CASE("a program fetches its model once, and a start none") {
  RegistryWorld given;
  const auto executor = given.world.start();
  const auto program = parser::parse(kModel);
  CHECK(executor->check(program).empty());
  runProgram(*executor, kModel);
  CHECK(given.registry->numFiles == 1);
  CHECK(executor->models().find("M")->info().version == 1);
  given.registry->isAway = true;
  const auto second = given.world.start();
  runProgram(*second, kModel);
  CHECK(describeCatalog(*second) == describeCatalog(*executor));
  CHECK(second->catalog().findModel("M")->registry->followed == 1);
  // The copy is lost, and the registry is back: it is fetched by its number.
  given.world.artefacts.clear();
  given.registry->isAway = false;
  given.registry->alias = 7;
  CHECK(given.world.start()->models().find("M")->info().version == 1);
  CHECK(given.registry->numFiles == 2);
}

TEST_CASE("what two instances take over at the same time counts once, now and at each start") {
  RegistryWorld given;
  const auto one = given.world.start();
  runSession(*one, kModel);
  const auto other = given.world.start();
  const auto numBefore = static_cast<ptrdiff_t>(given.world.commands.size());
  one->follow("M", {7, "run"}, given.artefact(7));
  other->follow("M", {7, "run"}, given.artefact(7));
  const std::vector<Command> news(given.world.commands.begin() + numBefore,
                                  given.world.commands.end());
  REQUIRE(news.size() == 4);
  CHECK(one->hear({news[2], news[3]}).empty());
  CHECK(other->hear({news[0], news[1]}).empty());
  // A person goes back, and the other's word arrives late.
  runSession(*one, "ALTER MODEL m ROLLBACK;");
  CHECK(one->hear({news[2], news[3]}).empty());
  const auto again = given.world.start();
  for (const auto* const executor : {one.get(), again.get()}) {
    CHECK(executor->models().find("M")->info().version == 1);
    CHECK(executor->models().snapshot()->find("M")->second->versions.size() == 2);
    CHECK(executor->catalog().findModel("M")->registry->followed == 7);
    CHECK(executor->catalog().findModel("M")->versions.at(7).uri == "mlflow://fraud/7 of run run");
  }
}

TEST_CASE("wrong statements about registries say what is wrong") {
  RegistryWorld given;
  const auto executor = given.world.start();
  const auto refusal = [&](const std::string& sql) { return answerOf(*executor, sql); };
  CHECK(refusal("CREATE MODEL m WITH (URI='mlflow://fraud@champion');").find("REGISTRY='http") !=
        std::string::npos);
  CHECK(refusal("CREATE MODEL m WITH (URI='mlflow://fraud', REGISTRY='http://r');")
            .find("names no version") != std::string::npos);
  CHECK(refusal("CREATE MODEL m WITH (URI='mlflow://fraud/1', REGISTRY='file:///etc');")
            .find("no address") != std::string::npos);
  CHECK(refusal("CREATE MODEL m WITH (URI='mlflow://fraud/1', FOLLOW=true, REGISTRY='http://r');")
            .find("FOLLOW is for an alias") != std::string::npos);
  CHECK(refusal("CREATE MODEL m WITH (URI='logistic-3.2.0.json', REGISTRY='http://r');")
            .find("REGISTRY is for") != std::string::npos);
  CHECK(refusal("CREATE MODEL m WITH (URI='mlflow://fraud/9', REGISTRY='http://r');")
            .find("no such version") != std::string::npos);
  CHECK(given.world.commands.empty());
  runSession(*executor,
             "SET 'models.registry.url'='http://r'; CREATE MODEL m WITH (URI='mlflow://fraud/7');");
  CHECK(executor->models().find("M")->info().version == 7);
  CHECK(refusal("ALTER MODEL m ADD VERSION 3 WITH (URI='mlflow://fraud/1');")
            .find("this one is 1, not 3") != std::string::npos);
  CHECK(refusal("ALTER MODEL m SET (FOLLOW=true);").find("not of an alias") != std::string::npos);
  CHECK(refusal("ALTER MODEL m SET (TIMEOUT='1 SECOND');").find("cannot be changed") !=
        std::string::npos);
  // A lower number that was never given is free.
  runSession(*executor, "ALTER MODEL m ADD VERSION WITH (URI='mlflow://fraud/1');");
  CHECK(executor->models().find("M:1")->info().version == 1);
  CHECK(executor->models().nextVersion("M") == 8);
}

constexpr const char* kServed = R"(
  CREATE STREAM s (id VARCHAR KEY, amount DOUBLE) WITH (KAFKA_TOPIC='s', PARTITIONS=1);
  CREATE MODEL r (amount DOUBLE) WITH (DEPLOYMENT='RPC', ENDPOINT='host:1', REMOTE_MODEL='x',
      RETRIES=0);
  ALTER MODEL r ADD VERSION WITH (REMOTE_MODEL='y');
  CREATE STREAM o AS SELECT id, PREDICT('r', *) AS p FROM s EMIT CHANGES;
  CREATE TABLE n AS SELECT id, COUNT(*) AS n, SUM(PREDICT('r:1', *)) AS p FROM s GROUP BY id
      EMIT CHANGES;
  CREATE STREAM other AS SELECT id, amount FROM s EMIT CHANGES;)";

const operators::RemoteModelOptions& optionsOf(const StatementExecutor& executor,
                                               const std::string& reference) {
  return dynamic_cast<const operators::RemoteModel&>(*executor.models().find(reference)).options();
}

TEST_CASE("SET changes how servers are asked, in all versions and queries, for good") {
  RegistryWorld given;
  given.registry->isAway = true;
  const auto executor = given.world.start();
  runSession(*executor, kServed);
  given.world.started.clear();
  runSession(*executor,
             "ALTER MODEL r SET (TIMEOUT='3 SECONDS', BATCH_MAX_ROWS=9, ON_UNAVAILABLE='DLQ', "
             "BACKOFF='70 MILLISECONDS', BREAKER_FAILURES=0.25);");
  CHECK(given.world.started == std::vector<std::string>{"CSAS_O_0", "CTAS_N_0"});
  const auto again = given.world.start();
  for (const auto* const some : {executor.get(), again.get()}) {
    for (const std::string reference : {"R:1", "R:2"}) {
      CHECK(optionsOf(*some, reference).timeout == std::chrono::seconds(3));
      CHECK(optionsOf(*some, reference).batchMaxRows == 9);
      CHECK(optionsOf(*some, reference).retries == 0);
      CHECK_FALSE(optionsOf(*some, reference).waitsWhenUnavailable);
    }
    CHECK(optionsOf(*some, "R:1").model == "x");
    CHECK(optionsOf(*some, "R:2").model == "y");
  }
  const std::string described = answerOf(*again, "DESCRIBE MODEL r;");
  CHECK(described.find("timeout 3000 ms") != std::string::npos);
  CHECK(described.find("after 70 ms and longer; left alone for 1000 ms when 0.25 of") !=
        std::string::npos);
  CHECK(described.find("Unavailable: DLQ") != std::string::npos);
}

TEST_CASE("SET refuses what may not be changed, and leaves all as it was") {
  RegistryWorld given;
  given.registry->isAway = true;
  const auto executor = given.world.start();
  runSession(*executor, kServed);
  const size_t numCommands = given.world.commands.size();
  const uint64_t numChanges = executor->models().numChanges();
  for (const std::string& sql : std::vector<std::string>{
           "ALTER MODEL r SET (ENDPOINT='other:1');", "ALTER MODEL r SET (LAYOUT='COLUMNS');",
           "ALTER MODEL r SET (TIMEOUT='3 SECONDS', ORDERING='STRICT');",
           "ALTER MODEL r SET (TIMEOUT='0 SECONDS');", "ALTER MODEL r SET (ON_ERROR='MAYBE');",
           "ALTER MODEL r SET (ON_ERROR='FALLBACK');", "ALTER MODEL r SET (FALLBACK='R');",
           "ALTER MODEL r SET (ON_ERROR='FALLBACK', FALLBACK='none');",
           "ALTER MODEL r SET (BREAKER_FAILURES=0);"}) {
    CAPTURE(sql);
    CHECK_THROWS_AS(runSession(*executor, sql), StatementError);
  }
  CHECK(answerOf(*executor, "ALTER MODEL r SET (ENDPOINT='other:1');")
            .find("SET changes TIMEOUT, RETRIES") != std::string::npos);
  CHECK(given.world.commands.size() == numCommands);
  CHECK(executor->models().numChanges() == numChanges);
}

}  // namespace
}  // namespace auspex::queries
