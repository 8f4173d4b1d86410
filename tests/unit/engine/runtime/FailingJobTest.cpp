// SPDX-License-Identifier: Apache-2.0
// One query's topic takes nothing: it gets transactions of its own, and the others go on.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/unit/engine/runtime/SweptProgram.h"

using namespace auspex::engine;
using auspex::operators::OutgoingRecord;

namespace {

constexpr int kNumRows = 40;

SweptProgram twoQueries() {
  SweptProgram program;
  program.statements = R"(
    CREATE STREAM s (id VARCHAR KEY, a INT)
        WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE STREAM o AS SELECT id, a * 2 AS b FROM s EMIT CHANGES;
    CREATE TABLE other AS SELECT id, COUNT(*) AS n FROM s GROUP BY id EMIT CHANGES;
  )";
  program.waves.emplace_back();
  for (int row = 0; row < kNumRows; ++row) {
    program.waves.back().push_back(
        {"s", fmt::format("k{}", row % 7), fmt::format(R"({{"a": {}}})", row), 100 + row});
  }
  program.outputs = {"O", "OTHER"};
  program.stores["CTAS_OTHER_0"] = {"Aggregate"};
  return program;
}

}  // namespace

TEST_CASE("a topic that takes nothing for a time takes only its own query back") {
  const SweptProgram program = twoQueries();
  SweepSettings settings;
  const SweptOutcome expected = runSwept(program, settings);
  REQUIRE(expected.failure == "");
  const size_t numOther = expected.outputs.at("OTHER").size();
  int rejections = 0;
  int numRejections = 15;
  size_t sentToOther = 0;
  size_t sentWhileRejected = 0;
  const auto rejects = [&](const std::string& topic) {
    const bool rejected = topic == "O" && ++rejections <= numRejections;
    sentWhileRejected = rejected ? sentToOther : sentWhileRejected;
    return rejected;
  };
  settings.faults.refuses = [&](const std::string& topic, const OutgoingRecord&) {
    sentToOther += topic == "OTHER" ? 1 : 0;
    return false;
  };
  SUBCASE("when a record is sent") {
    settings.faults.rejects = rejects;
    CHECK(runSwept(program, settings).isSameAs(expected));
    CHECK(sentToOther == numOther);
  }
  SUBCASE("when the commit tells of it, of no query by name") {
    numRejections = 10 * kNumRows / 2;  // ten transactions, of a send for each draw of two rows
    settings.faults.rejectsAtCommit = rejects;
    CHECK(runSwept(program, settings).isSameAs(expected));
    // Three times running it was taken back with the other, before each had its own transaction.
    CHECK(sentToOther <= 4 * numOther);
  }
  CHECK(rejections > numRejections);
  // The other query has done all of its work meanwhile, and none of it again after that.
  CHECK(sentWhileRejected == sentToOther);
  CHECK(sentToOther >= numOther);
}

TEST_CASE(
    "a topic that takes nothing ends its query by name, after the others have done their work") {
  SweepSettings settings;
  const SweptOutcome expected = runSwept(twoQueries(), settings);
  settings.faults.rejects = [](const std::string& topic) { return topic == "O"; };
  SweptOutcome found = runSwept(twoQueries(), settings);
  CHECK(found.failure.find("CSAS_O_0") != std::string::npos);
  CHECK(found.failure.find("'O' refused") != std::string::npos);
  CHECK(found.outputs["O"].empty());
  CHECK(found.outputs["OTHER"] == expected.outputs.at("OTHER"));
}
