// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/GroupCoordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace auspex::engine {

/// A member's handle: its place in the coordinator is an id, so that it may outlive an eviction.
class GroupMembership final : public Membership {
 public:
  GroupMembership(std::shared_ptr<GroupCoordinator> coordinator, std::string group, uint64_t id)
      : coordinator_(std::move(coordinator)), group_(std::move(group)), id_(id) {}
  ~GroupMembership() override { coordinator_->leave(group_, id_); }

  const std::string& group() const override { return group_; }
  std::optional<Change> poll() override { return coordinator_->poll(group_, id_); }
  void confirm() override { coordinator_->confirm(group_, id_); }
  void leave() override { coordinator_->leave(group_, id_); }
  uint64_t id() const { return id_; }
  const GroupCoordinator* coordinator() const { return coordinator_.get(); }

 private:
  std::shared_ptr<GroupCoordinator> coordinator_;
  std::string group_;
  uint64_t id_;
};

namespace {

void notifyAll(const std::vector<std::shared_ptr<Wakeup>>& wakeups) {
  for (const std::shared_ptr<Wakeup>& wakeup : wakeups) {
    if (wakeup) {
      wakeup->notify();
    }
  }
}

}  // namespace

void GroupCoordinator::setTopic(const std::string& topic, int32_t numPartitions) {
  std::vector<std::shared_ptr<Wakeup>> wakeups;
  {
    const std::lock_guard lock(mutex_);
    if (numPartitions > 0) {
      topics_[topic] = numPartitions;
    } else {
      topics_.erase(topic);
    }
    for (auto& [name, group] : groups_) {
      const bool anchored =
          std::any_of(group.members.begin(), group.members.end(),
                      [&](const auto& entry) { return entry.second.anchorTopics.contains(topic); });
      if (anchored) {
        rebalance(group, wakeups);
      }
    }
  }
  notifyAll(wakeups);
}

std::unique_ptr<Membership> GroupCoordinator::join(const MembershipSpec& spec) {
  std::vector<std::shared_ptr<Wakeup>> wakeups;
  uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    Group& group = groups_[spec.group];
    for (auto& member : group.members) {
      const uint64_t otherId = member.first;
      Member& other = member.second;
      if (!spec.instanceId.empty() && other.instanceId == spec.instanceId && !other.fenced) {
        other.fenced = true;
        std::erase_if(group.owners, [&](const auto& owner) { return owner.second == otherId; });
        wakeups.push_back(other.wakeup);
      }
    }
    id = nextMemberId_++;
    Member& member = group.members[id];
    member.instanceId = spec.instanceId;
    member.anchorTopics.insert(spec.anchorTopics.begin(), spec.anchorTopics.end());
    member.wakeup = spec.wakeup;
    rebalance(group, wakeups);
  }
  notifyAll(wakeups);
  return std::make_unique<GroupMembership>(shared_from_this(), spec.group, id);
}

void GroupCoordinator::checkGeneration(const Membership& membership) const {
  const auto* const handle = dynamic_cast<const GroupMembership*>(&membership);
  if (handle == nullptr || handle->coordinator() != this) {
    throw BrokerError(
        BrokerErrorKind::Fatal,
        fmt::format("The membership of group '{}' belongs to another broker.", membership.group()));
  }
  const std::lock_guard lock(mutex_);
  const auto group = groups_.find(handle->group());
  if (group != groups_.end()) {
    const auto member = group->second.members.find(handle->id());
    if (member != group->second.members.end() && !member->second.fenced && !member->second.lost &&
        member->second.generation == group->second.generation) {
      return;
    }
  }
  throw BrokerError(
      BrokerErrorKind::Abortable,
      fmt::format("The membership of group '{}' is of an old generation.", handle->group()));
}

void GroupCoordinator::evict(const std::string& name) {
  std::vector<std::shared_ptr<Wakeup>> wakeups;
  {
    const std::lock_guard lock(mutex_);
    const auto found = groups_.find(name);
    if (found == groups_.end()) {
      return;
    }
    for (auto& [id, member] : found->second.members) {
      member.lost = true;
    }
    found->second.owners.clear();
    rebalance(found->second, wakeups);
  }
  notifyAll(wakeups);
}

std::optional<Membership::Change> GroupCoordinator::poll(const std::string& name, uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = groups_.find(name);
  if (found == groups_.end() || !found->second.members.contains(id)) {
    throw BrokerError(BrokerErrorKind::Fatal, fmt::format("The group '{}' was left.", name));
  }
  Group& group = found->second;
  Member& member = group.members[id];
  if (member.fenced) {
    throw BrokerError(BrokerErrorKind::Fenced,
                      fmt::format("Another member of group '{}' has the instance id '{}'.", name,
                                  member.instanceId));
  }
  member.generation = group.generation;
  Membership::Change change;
  if (member.lost) {
    change.lost = true;
    change.revoked.assign(member.owned.begin(), member.owned.end());
    member.owned.clear();
    member.revoking.clear();
    member.lost = false;
    return change;
  }
  if (!member.revoking.empty()) {
    return std::nullopt;  // the last change is not confirmed yet
  }
  for (const TopicPartition& partition : member.owned) {
    if (!member.target.contains(partition)) {
      member.revoking.insert(partition);
      change.revoked.push_back(partition);
    }
  }
  for (const TopicPartition& partition : member.target) {
    if (group.owners.try_emplace(partition, id).second) {
      member.owned.insert(partition);
      change.assigned.push_back(partition);
    }
  }
  if (change.assigned.empty() && change.revoked.empty()) {
    return std::nullopt;
  }
  return change;
}

void GroupCoordinator::confirm(const std::string& name, uint64_t id) {
  std::vector<std::shared_ptr<Wakeup>> wakeups;
  {
    const std::lock_guard lock(mutex_);
    const auto found = groups_.find(name);
    if (found == groups_.end() || !found->second.members.contains(id)) {
      return;
    }
    Member& member = found->second.members[id];
    if (member.revoking.empty()) {
      return;
    }
    for (const TopicPartition& partition : member.revoking) {
      member.owned.erase(partition);
      const auto owner = found->second.owners.find(partition);
      if (owner != found->second.owners.end() && owner->second == id) {
        found->second.owners.erase(owner);
      }
    }
    member.revoking.clear();
    rebalance(found->second, wakeups);
  }
  notifyAll(wakeups);
}

void GroupCoordinator::leave(const std::string& name, uint64_t id) {
  std::vector<std::shared_ptr<Wakeup>> wakeups;
  {
    const std::lock_guard lock(mutex_);
    const auto found = groups_.find(name);
    if (found == groups_.end() || found->second.members.erase(id) == 0) {
      return;
    }
    std::erase_if(found->second.owners, [&](const auto& owner) { return owner.second == id; });
    // The group itself stays: its generation must not start again at an old number.
    rebalance(found->second, wakeups);
  }
  notifyAll(wakeups);
}

std::vector<TopicPartition> GroupCoordinator::partitionsOf(const Group& group) const {
  std::set<std::string> topics;
  for (const auto& [id, member] : group.members) {
    if (!member.fenced) {
      topics.insert(member.anchorTopics.begin(), member.anchorTopics.end());
    }
  }
  std::vector<TopicPartition> partitions;
  for (const std::string& topic : topics) {
    const auto found = topics_.find(topic);
    for (int32_t i = 0; found != topics_.end() && i < found->second; ++i) {
      partitions.push_back({topic, i});
    }
  }
  return partitions;
}

// Owners keep what fits into an even share; the rest goes to whoever has least, in order of
// joining.
void GroupCoordinator::rebalance(Group& group,
                                 std::vector<std::shared_ptr<Wakeup>>& wakeups) const {
  ++group.generation;
  std::vector<Member*> members;
  std::map<uint64_t, Member*> byId;
  for (auto& [id, member] : group.members) {
    member.target.clear();
    if (!member.fenced) {
      members.push_back(&member);
      byId[id] = &member;
      wakeups.push_back(member.wakeup);
    }
  }
  if (members.empty()) {
    return;
  }
  const std::vector<TopicPartition> partitions = partitionsOf(group);
  std::vector<Member*> largestFirst = members;
  std::stable_sort(largestFirst.begin(), largestFirst.end(), [](const Member* a, const Member* b) {
    return a->owned.size() > b->owned.size();
  });
  std::map<const Member*, size_t> share;
  for (size_t i = 0; i < largestFirst.size(); ++i) {
    share[largestFirst[i]] =
        partitions.size() / members.size() + (i < partitions.size() % members.size() ? 1 : 0);
  }
  std::vector<TopicPartition> rest;
  for (const TopicPartition& partition : partitions) {
    const auto owner = group.owners.find(partition);
    const auto kept = owner == group.owners.end() ? byId.end() : byId.find(owner->second);
    if (kept != byId.end() && kept->second->target.size() < share[kept->second] &&
        kept->second->anchorTopics.contains(partition.topic)) {
      kept->second->target.insert(partition);
    } else {
      rest.push_back(partition);
    }
  }
  for (const TopicPartition& partition : rest) {
    Member* least = nullptr;
    for (Member* const member : members) {
      if (member->anchorTopics.contains(partition.topic) &&
          (least == nullptr || member->target.size() < least->target.size())) {
        least = member;
      }
    }
    least->target.insert(partition);
  }
}

}  // namespace auspex::engine
