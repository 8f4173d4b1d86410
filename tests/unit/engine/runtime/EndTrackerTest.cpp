// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "engine/brokers/simulated/SimulatedBroker.h"
#include "engine/runtime/EndTracker.h"

using namespace auspex::engine;

namespace {

void appendOne(SimulatedBroker& broker, const std::string& topic) {
  auspex::operators::OutgoingRecord record;
  record.key = "k";
  record.value = "v";
  broker.append(topic, {&record, 1});
}

}  // namespace

TEST_CASE("a topic nobody of the run writes ends where it ended when first asked") {
  SimulatedBroker broker;
  broker.createTopic({"in", 2, -1, {}});
  appendOne(broker, "in");
  EndTracker ends(broker);
  const int64_t first = *ends.end({"in", 0}) + *ends.end({"in", 1});
  CHECK(first == 1);
  appendOne(broker, "in");
  CHECK(*ends.end({"in", 0}) + *ends.end({"in", 1}) == first);
}

TEST_CASE("a topic of the run ends when its last writer has finished") {
  SimulatedBroker broker;
  broker.createTopic({"out", 1, -1, {}});
  EndTracker ends(broker);
  ends.addWriter("out");
  ends.addWriter("out");
  CHECK_FALSE(ends.end({"out", 0}));
  ends.writerFinished("out");
  CHECK_FALSE(ends.end({"out", 0}));
  appendOne(broker, "out");
  ends.writerFinished("out");
  CHECK(*ends.end({"out", 0}) == 1);
}

TEST_CASE("an endless run has no ends") {
  SimulatedBroker broker;
  broker.createTopic({"in", 1, -1, {}});
  EndTracker ends(broker);
  ends.setEndless();
  CHECK(ends.isEndless());
  CHECK_FALSE(ends.end({"in", 0}));
}
