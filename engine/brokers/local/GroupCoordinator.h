// SPDX-License-Identifier: Apache-2.0
// Consumer groups inside one process: who has which partition, handed over cooperatively as Kafka
// does (revoke, confirm, assign), with generations that fence the offsets of members left behind.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/brokers/Broker.h"

namespace auspex::engine {

/// Life of a partition in a group:
///
///   free --poll of its target--> owned --target moves, poll--> revoking --confirm--> free
///
/// A group's generation grows whenever members come or go or a revoked partition is confirmed; a
/// member learns the newest one in poll(). Any thread.
class GroupCoordinator : public std::enable_shared_from_this<GroupCoordinator> {
 public:
  /// Tells of a topic, so that groups anchored on it get its partitions. 0 partitions: it is gone.
  void setTopic(const std::string& topic, int32_t numPartitions);
  /// A static member (instanceId) that joins again fences its earlier self.
  std::unique_ptr<Membership> join(const MembershipSpec& spec);
  /// Throws BrokerError(Abortable) unless the member is alive and knows the group's generation;
  /// BrokerError(Fatal) when `membership` was not given out by this coordinator.
  void checkGeneration(const Membership& membership) const;
  /// All members lose everything at once, as after missed heartbeats: they learn it as `lost`.
  void evict(const std::string& group);

  // What memberships call for themselves; `memberId` is theirs.
  std::optional<Membership::Change> poll(const std::string& group, uint64_t memberId);
  void confirm(const std::string& group, uint64_t memberId);
  void leave(const std::string& group, uint64_t memberId);

 private:
  struct Member;
  struct Group;

  void rebalance(Group& group, std::vector<std::shared_ptr<Wakeup>>& wakeups) const;
  std::vector<TopicPartition> partitionsOf(const Group& group) const;

  mutable std::mutex mutex_;  // guards everything below
  std::map<std::string, int32_t> topics_;
  std::map<std::string, Group> groups_;
  uint64_t nextMemberId_ = 1;
};

struct GroupCoordinator::Member {
  std::string instanceId;
  std::set<std::string> anchorTopics;
  std::shared_ptr<Wakeup> wakeup;
  std::set<TopicPartition> target;
  std::set<TopicPartition> owned;
  std::set<TopicPartition> revoking;  // part of owned until confirm()
  uint64_t generation = 0;            // the newest it was told
  bool lost = false;
  bool fenced = false;
};

struct GroupCoordinator::Group {
  uint64_t generation = 0;
  std::map<uint64_t, Member> members;  // by member id: the order of joining
  std::map<TopicPartition, uint64_t> owners;
};

}  // namespace auspex::engine
