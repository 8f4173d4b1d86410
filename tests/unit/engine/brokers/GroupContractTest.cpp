// SPDX-License-Identifier: Apache-2.0
// What every broker promises about consumer groups: assignment, hand-over, generations.
#include <doctest/doctest.h>

#include <set>

#include "tests/unit/engine/brokers/BrokerFactories.h"

namespace auspex::engine::test {
namespace {

constexpr int kRounds = 200;  // of polling, before a test gives up

/// A member as a query keeps it: what it owns, and a count of its changes.
struct Member {
  std::unique_ptr<Membership> membership;
  std::shared_ptr<Wakeup> wakeup = std::make_shared<Wakeup>();
  std::set<TopicPartition> owned = {};
  bool confirmAtOnce = true;
  bool toConfirm = false;

  Member(Broker& broker, const std::string& group, std::vector<std::string> anchors,
         std::string instanceId = {}) {
    membership = broker.join({group, std::move(anchors), std::move(instanceId), wakeup});
  }
  void poll() {
    const std::optional<Membership::Change> change = membership->poll();
    if (!change) {
      return;
    }
    for (const TopicPartition& partition : change->revoked) {
      CHECK(owned.erase(partition) == 1);
    }
    for (const TopicPartition& partition : change->assigned) {
      CHECK(owned.insert(partition).second);
    }
    toConfirm = !change->revoked.empty() && !change->lost;
    if (toConfirm && confirmAtOnce) {
      membership->confirm();
      toConfirm = false;
    }
  }
};

/// Polls all members until `done`; false when it never was.
template <typename Done>
bool settle(const std::vector<Member*>& members, Done done) {
  for (int round = 0; round < kRounds && !done(); ++round) {
    for (Member* const member : members) {
      member->poll();
    }
    if (!done()) {
      members.front()->wakeup->wait(std::chrono::milliseconds(1));
    }
  }
  return done();
}

}  // namespace

TEST_CASE("the only member gets all partitions of its anchors") {
  forEachBroker([](Broker& broker) {
    const std::string a = createTopic(broker, 3);
    const std::string b = createTopic(broker, 1);
    Member member(broker, uniqueName("group"), {a, b});
    CHECK(settle({&member}, [&] { return member.owned.size() == 4; }));
    CHECK(member.owned == std::set<TopicPartition>{{a, 0}, {a, 1}, {a, 2}, {b, 0}});
    CHECK_FALSE(member.membership->poll().has_value());
  });
}

TEST_CASE("members share, hand over after confirm, and inherit") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker, 4);
    const std::string group = uniqueName("group");
    Member first(broker, group, {topic});
    REQUIRE(settle({&first}, [&] { return first.owned.size() == 4; }));

    first.confirmAtOnce = false;
    {
      Member second(broker, group, {topic});
      REQUIRE(settle({&first, &second}, [&] { return first.toConfirm; }));
      CHECK(first.owned.size() == 2);
      for (int i = 0; i < 5; ++i) {
        second.poll();
      }
      CHECK(second.owned.empty());  // not before the first has confirmed
      first.membership->confirm();
      REQUIRE(settle({&first, &second}, [&] { return second.owned.size() == 2; }));
      for (const TopicPartition& partition : second.owned) {
        CHECK_FALSE(first.owned.contains(partition));
      }
    }  // the second leaves
    CHECK(settle({&first}, [&] { return first.owned.size() == 4; }));
  });
}

TEST_CASE("an old generation cannot commit offsets") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker, 2);
    const std::string group = uniqueName("group");
    Member first(broker, group, {topic});
    REQUIRE(settle({&first}, [&] { return first.owned.size() == 2; }));
    const auto producer = broker.openProducer(uniqueName("id"));
    producer->begin();
    producer->sendOffsets(*first.membership, {{{topic, 0}, 3}});
    producer->commit();

    Member second(broker, group, {topic});
    REQUIRE(settle({&second, &first}, [&] { return second.owned.size() == 1; }));
    Member third(broker, group, {topic});
    third.poll();
    producer->begin();
    CHECK(errorOf([&] {
            producer->sendOffsets(*first.membership, {{{topic, 0}, 4}});
          }) == BrokerErrorKind::Abortable);
    producer->abort();
    CHECK(broker.committedOffsets(group, {{topic, 0}}) == Offsets{{{topic, 0}, 3}});

    REQUIRE(settle({&first, &second, &third}, [&] {
      return first.owned.size() + second.owned.size() + third.owned.size() == 2;
    }));
    first.poll();
    producer->begin();
    producer->sendOffsets(*first.membership, {{{topic, 0}, 5}});
    producer->commit();
    CHECK(broker.committedOffsets(group, {{topic, 0}}) == Offsets{{{topic, 0}, 5}});
  });
}

TEST_CASE("who has left cannot commit offsets") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker);
    Member member(broker, uniqueName("group"), {topic});
    REQUIRE(settle({&member}, [&] { return member.owned.size() == 1; }));
    member.membership->leave();
    const auto producer = broker.openProducer(uniqueName("id"));
    producer->begin();
    CHECK(errorOf([&] {
            producer->sendOffsets(*member.membership, {{{topic, 0}, 1}});
          }) == BrokerErrorKind::Abortable);
  });
}

TEST_CASE("a static member that joins again fences its earlier self") {
  forEachBroker([](Broker& broker) {
    const std::string topic = createTopic(broker, 2);
    const std::string group = uniqueName("group");
    Member earlier(broker, group, {topic}, "instance-1");
    REQUIRE(settle({&earlier}, [&] { return earlier.owned.size() == 2; }));
    Member later(broker, group, {topic}, "instance-1");
    CHECK(settle({&later}, [&] { return later.owned.size() == 2; }));
    CHECK(errorOf([&] { earlier.poll(); }) == BrokerErrorKind::Fenced);
  });
}

TEST_CASE("partitions of a topic that comes or goes come and go") {
  forEachBroker([](Broker& broker) {
    const std::string present = createTopic(broker);
    const std::string future = uniqueName("topic");
    Member member(broker, uniqueName("group"), {present, future});
    REQUIRE(settle({&member}, [&] { return member.owned.size() == 1; }));
    broker.createTopic({future, 2, -1, {}});
    CHECK(settle({&member}, [&] { return member.owned.size() == 3; }));
    broker.deleteTopic(present);
    CHECK(settle({&member}, [&] { return member.owned.size() == 2; }));
  });
}

}  // namespace auspex::engine::test
