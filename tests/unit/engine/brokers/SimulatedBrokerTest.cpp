// SPDX-License-Identifier: Apache-2.0
// What is special to the simulated broker: faults at any step, by plan and by seed.
#include "engine/brokers/simulated/SimulatedBroker.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

#include "tests/unit/engine/brokers/BrokerFactories.h"

namespace auspex::engine::test {
namespace {

using Values = std::vector<std::string>;

Values committed(const SimulatedBroker& broker, const std::string& topic) {
  Values values;
  for (const SimulatedRead& read : broker.records(topic, 0)) {
    values.push_back(read.record.value.value_or("null"));
  }
  return values;
}

void fillInput(SimulatedBroker& broker, int numRecords) {
  broker.createTopic({"input", 1, -1, {}});
  broker.createTopic({"output", 1, -1, {}});
  for (int i = 0; i < numRecords; ++i) {
    const std::string value = fmt::format("{}", i);
    operators::OutgoingRecord record;
    record.value = value;
    broker.append("input", {&record, 1});
  }
}

/// A whole engine in small: copies input to output, exactly once, over all errors but crashes.
class Copier {
 public:
  explicit Copier(SimulatedBroker& broker) : broker_(broker) {}

  void run() {
    for (int attempt = 0; attempt < 200; ++attempt) {
      try {
        copyAll();
        return;
      } catch (const BrokerError& error) {
        seen_.insert(error.kind());
      }
    }
    FAIL("did not end");
  }
  const std::set<BrokerErrorKind>& errorsSeen() const { return seen_; }

 private:
  void copyAll() {
    const auto producer = broker_.openProducer("copier");
    const auto membership = broker_.join({"copiers", {"input"}, {}, nullptr});
    const auto change = membership->poll();
    if (!change || change->assigned.empty()) {
      return copyAll();
    }
    const Offsets offsets = broker_.committedOffsets("copiers", {{"input", 0}});
    const auto reader =
        broker_.openReader({"input", 0}, offsets.empty() ? 0 : offsets.begin()->second,
                           Isolation::ReadCommitted, nullptr);
    while (const auto fetched = reader->poll(2)) {
      producer->begin();
      std::vector<operators::OutgoingRecord> records;
      for (const operators::Record& record : fetched->records) {
        records.emplace_back().value = record.value;
      }
      producer->send("output", records);
      membership->poll();
      producer->sendOffsets(*membership, {{{"input", 0}, reader->position()}});
      producer->commit();
    }
  }

  SimulatedBroker& broker_;
  std::set<BrokerErrorKind> seen_;
};

const Values kExpected = {"0", "1", "2", "3", "4", "5", "6"};

}  // namespace

TEST_CASE("a crash at every step loses nothing and doubles nothing") {
  for (const bool afterEffect : {false, true}) {
    uint64_t crashes = 0;
    for (uint64_t step = 1;; ++step) {
      CAPTURE(step);
      CAPTURE(afterEffect);
      SimulatedBroker broker(step);
      fillInput(broker, 7);
      broker.restart();
      Faults faults;
      faults.crashAtStep = step;
      faults.crashAfterEffect = afterEffect;
      faults.markerDelay = static_cast<uint32_t>(step % 3);
      broker.setFaults(faults);
      bool crashed = false;
      try {
        Copier(broker).run();
      } catch (const SimulatedCrash&) {
        crashed = true;
        CHECK(broker.crashed());
        CHECK_THROWS_AS(broker.topics(), SimulatedCrash);
        CHECK(broker.steps() == step);
        broker.restart();
      }
      broker.setFaults({});
      Copier(broker).run();
      broker.openProducer("copier");  // late markers
      CHECK(committed(broker, "output") == kExpected);
      if (!crashed) {
        break;
      }
      ++crashes;
    }
    CHECK(crashes > 20);
  }
}

TEST_CASE("random faults lose nothing and double nothing") {
  std::set<BrokerErrorKind> seen;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    SimulatedBroker broker(seed);
    fillInput(broker, 7);
    Faults faults;
    faults.unavailableChance = 0.03;
    faults.abortableChance = 0.1;
    faults.ambiguousChance = 0.2;
    faults.markerDelay = 4;
    faults.planned = {{FaultKind::Fenced, BrokerCall::Send, static_cast<uint32_t>(seed % 4), 1},
                      {FaultKind::MembershipLost, BrokerCall::PollMembership,
                       static_cast<uint32_t>(seed % 5), 1}};
    broker.setFaults(faults);
    Copier copier(broker);
    copier.run();
    seen.insert(copier.errorsSeen().begin(), copier.errorsSeen().end());
    broker.setFaults({});
    broker.openProducer("copier");
    CHECK(committed(broker, "output") == kExpected);
  }
  for (const BrokerErrorKind kind : {BrokerErrorKind::Unavailable, BrokerErrorKind::Abortable,
                                     BrokerErrorKind::Ambiguous, BrokerErrorKind::Fenced}) {
    CHECK(seen.contains(kind));
  }
}

TEST_CASE("the same seed gives the same run") {
  const auto run = [](uint64_t seed) {
    SimulatedBroker broker(seed);
    fillInput(broker, 7);
    Faults faults;
    faults.ambiguousChance = 0.5;
    faults.markerDelay = 3;
    broker.setFaults(faults);
    Copier(broker).run();
    return broker.steps();
  };
  std::set<uint64_t> different;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CHECK(run(seed) == run(seed));
    different.insert(run(seed));
  }
  CHECK(different.size() > 1);
}

TEST_CASE("planned faults hit the call that they name") {
  struct Case {
    FaultKind fault;
    BrokerCall call;
    BrokerErrorKind expected;
    bool applied;
  };
  const std::vector<Case> cases = {
      {FaultKind::Unavailable, BrokerCall::Commit, BrokerErrorKind::Unavailable, false},
      {FaultKind::Abortable, BrokerCall::Commit, BrokerErrorKind::Abortable, false},
      {FaultKind::AmbiguousApplied, BrokerCall::Commit, BrokerErrorKind::Ambiguous, true},
      {FaultKind::AmbiguousLost, BrokerCall::Commit, BrokerErrorKind::Ambiguous, false},
      {FaultKind::Fenced, BrokerCall::Commit, BrokerErrorKind::Fenced, false},
      {FaultKind::Rejected, BrokerCall::Send, BrokerErrorKind::Rejected, false},
      {FaultKind::Fenced, BrokerCall::Send, BrokerErrorKind::Fenced, false},
      {FaultKind::Abortable, BrokerCall::SendOffsets, BrokerErrorKind::Abortable, false},
  };
  for (const Case& item : cases) {
    CAPTURE(static_cast<int>(item.fault));
    CAPTURE(static_cast<int>(item.call));
    SimulatedBroker broker;
    const std::string topic = createTopic(broker);
    Faults faults;
    faults.planned = {{item.fault, item.call, 1, 1}};  // the second one
    broker.setFaults(faults);
    const auto producer = broker.openProducer("id");
    const auto transact = [&](const std::string& value) {
      producer->begin();
      send(*producer, topic, 0, {{"k", value, 0}});
      producer->sendOffsets("group", {{{"input", 0}, 1}});
      producer->commit();
    };
    transact("first");
    CHECK(errorOf([&] { transact("second"); }) == item.expected);
    const auto next = broker.openProducer("id");
    CHECK(committed(broker, topic) == (item.applied ? Values{"first", "second"} : Values{"first"}));
    CHECK(errorOf([&] { producer->begin(); }) == BrokerErrorKind::Fenced);
  }
}

TEST_CASE("late markers hold readers back, and whoever asks for offsets waits for them") {
  SimulatedBroker broker;
  const std::string topic = createTopic(broker);
  Faults faults;
  faults.markerDelay = 1000;
  broker.setFaults(faults);
  const auto producer = broker.openProducer("id");
  producer->begin();
  send(*producer, topic, 0, {{"k", "v", 0}});
  producer->sendOffsets("group", {{{"input", 0}, 1}});
  producer->commit();
  CHECK(broker.endOffset({topic, 0}, Isolation::ReadUncommitted) == 1);
  CHECK(broker.endOffset({topic, 0}, Isolation::ReadCommitted) == 0);
  CHECK(committed(broker, topic).empty());
  CHECK(broker.committedOffsets("group", {{"input", 0}}).size() == 1);
  CHECK(committed(broker, topic) == Values{"v"});
  CHECK(broker.endOffset({topic, 0}, Isolation::ReadCommitted) == 2);  // the control record
}

TEST_CASE("uncommitted records are shown to who asks for them") {
  SimulatedBroker broker;
  const std::string topic = createTopic(broker);
  const auto producer = broker.openProducer("id");
  producer->begin();
  send(*producer, topic, 0, {{"k", "v", 0}});
  const auto reader = broker.openReader({topic, 0}, 0, Isolation::ReadUncommitted, nullptr);
  const auto fetched = reader->poll(5);
  REQUIRE(fetched != nullptr);
  CHECK(fetched->records.size() == 1);
  CHECK(reader->atEnd());
}

TEST_CASE("pending offsets of an open transaction make others wait, with a time-out") {
  SimulatedBroker broker;
  broker.setPendingOffsetsTimeout(std::chrono::milliseconds(0));
  const auto producer = broker.openProducer("id");
  producer->begin();
  producer->sendOffsets("group", {{{"input", 0}, 1}});
  CHECK(errorOf([&] {
          broker.committedOffsets("group", {{"input", 0}});
        }) == BrokerErrorKind::Unavailable);
  CHECK(broker.committedOffsets("group", {{"input", 1}}).empty());
  producer->commit();
  CHECK(broker.committedOffsets("group", {{"input", 0}}).size() == 1);
}

TEST_CASE("a lost membership is told as lost and comes back") {
  SimulatedBroker broker;
  const std::string topic = createTopic(broker, 2);
  const auto membership = broker.join({"group", {topic}, {}, nullptr});
  REQUIRE(membership->poll()->assigned.size() == 2);
  broker.loseMemberships("group");
  const auto producer = broker.openProducer("id");
  producer->begin();
  CHECK(errorOf([&] {
          producer->sendOffsets(*membership, {{{topic, 0}, 1}});
        }) == BrokerErrorKind::Abortable);
  const auto lost = membership->poll();
  REQUIRE(lost.has_value());
  CHECK(lost->lost);
  CHECK(lost->revoked.size() == 2);
  CHECK(membership->poll()->assigned.size() == 2);
}

}  // namespace auspex::engine::test
