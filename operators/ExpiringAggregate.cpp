// SPDX-License-Identifier: Apache-2.0
// Groups rows of a stream by keys, and lets go of groups that no row has come to for some time.
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "operators/AggregateOperator.h"
#include "operators/TimeToLive.h"
#include "operators/expressions/NestedKernels.h"

namespace auspex::operators {
namespace {

/// What a draw knows of a key: its group, which is another one once it was over and began anew.
struct LivingGroup {
  uint32_t group = 0;
  bool isThere = false;
  bool isStored = false;
  bool isUsed = false;  // the group has had rows
};

/// A change that a draw gives out: results are those behind a step, or stored ones (kNoRow).
struct GroupChange {
  std::string_view key;
  uint32_t group = 0;
  uint32_t step = kNoRow;
  uint32_t stepBefore = kNoRow;
  bool wasThere = false;
  bool isThere = false;
};

struct LivingGroups : GroupSteps {
  std::vector<int64_t> times;      // per group
  std::vector<uint32_t> lastStep;  // per group, kNoRow for those without any
  std::vector<GroupChange> changes;
};

class ExpiringAggregate final : public Operator {
 public:
  ExpiringAggregate(const AggregateDescription& description, TaskServices& services)
      : description_(description),
        store_(services.store(description.store)),
        life_(services.store(description.timeStore), description.ttl, services.maxTimeStep()),
        keys_(description.groupColumns),
        calls_(description.calls) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    const auto arena = std::make_shared<Arena>();
    const auto keys = keys_.encode(input, false, *arena, context, description_);
    std::vector<int64_t> times = input.timestamps;
    for (size_t row = 0; row < times.size(); ++row) {
      times[row] = keys[row] ? times[row] : INT64_MIN;
    }
    LivingGroups groups;
    load(keys, life_.begin(times, *arena), groups);
    Batch output;
    walk(input, keys, context, groups, output);
    life_.end();
    addFresh(groups);
    AggregateCalls::Result result = calls_.run(input, groups, context.errors);
    addColumns(output, groups, result, arena);
    save(groups, std::move(result));
    return output;
  }

 private:
  void load(const std::vector<std::optional<std::string_view>>& keys,
            const std::vector<std::string_view>& due, LivingGroups& groups) {
    living_.clear();
    std::vector<std::string_view> wanted;
    const auto want = [&](std::string_view key) {
      const auto [entry, isNew] = living_.try_emplace(key);
      if (isNew) {
        entry->second.group = static_cast<uint32_t>(wanted.size());
        wanted.push_back(key);
      }
    };
    for (const std::optional<std::string_view>& key : keys) {
      if (key) {
        want(*key);
      }
    }
    std::for_each(due.begin(), due.end(), want);
    calls_.load(store_, wanted, groups);
    groups.times = storedTimesOf(groups);
    groups.lastStep.assign(wanted.size(), kNoRow);
    for (auto& [key, living] : living_) {
      living.isStored = groups.fresh[living.group] == 0;
      living.isThere = living.isStored;
      living.isUsed = living.isStored;
    }
  }

  void walk(const Batch& input, const std::vector<std::optional<std::string_view>>& keys,
            DrawContext& context, LivingGroups& groups, Batch& output) {
    const auto timeOfKey = [&](std::string_view key) -> std::optional<int64_t> {
      const LivingGroup& living = living_[key];
      return living.isThere ? std::optional(groups.times[living.group]) : std::nullopt;
    };
    for (uint32_t row = 0; row < input.numRows; ++row) {
      life_.advanceTo(row, timeOfKey, [&](std::string_view key, int64_t when) {
        LivingGroup& living = living_[key];
        living.isThere = false;
        const uint32_t last = groups.lastStep[living.group];
        groups.changes.push_back({key, living.group, last, last, true, false});
        output.timestamps.push_back(when);
        output.drawIndex.push_back(input.drawIndex[row]);
      });
      if (!keys[row]) {
        continue;
      }
      const int64_t time = input.timestamps[row];
      const std::optional<int64_t> before = timeOfKey(*keys[row]);
      if (!before && life_.isOver(time)) {
        context.errors.add(input.drawIndex[row], RowErrorKind::Expression, description_.toString(),
                           "the row is older than the table's time to live: dropped");
        continue;
      }
      const LivingGroup& living = join(*keys[row], groups);
      const auto step = static_cast<uint32_t>(groups.steps.size());
      groups.steps.push_back({AggregateStep::Kind::Add, living.group, row});
      const uint32_t last = std::exchange(groups.lastStep[living.group], step);
      int64_t& groupTime = groups.times[living.group];
      groupTime = std::max(groupTime, time);
      life_.update(*keys[row], before, groupTime);
      groups.changes.push_back({*keys[row], living.group, step, last, before.has_value(), true});
      output.timestamps.push_back(groupTime);
      output.drawIndex.push_back(input.drawIndex[row]);
    }
  }

  /// The group that a row of this key joins: one that is over begins anew.
  LivingGroup& join(std::string_view key, LivingGroups& groups) {
    LivingGroup& living = living_[key];
    if (!living.isThere && living.isUsed) {
      living.group = static_cast<uint32_t>(groups.fresh.size());
      groups.fresh.push_back(1);
      groups.times.push_back(INT64_MIN);
      groups.lastStep.push_back(kNoRow);
    }
    living.isThere = true;
    living.isUsed = true;
    return living;
  }

  /// Nothing is stored of the groups that have begun anew.
  void addFresh(LivingGroups& groups) const {
    const size_t numLoaded = groups.stored.back()->size();
    if (groups.fresh.size() == numLoaded) {
      return;
    }
    const std::vector<std::string_view> nothing(groups.fresh.size() - numLoaded);
    const std::vector<ColumnPtr> nulls = calls_.decode(nothing, nullptr);
    for (size_t i = 0; i < groups.stored.size(); ++i) {
      const ColumnPtr both[] = {groups.stored[i], nulls[i]};
      groups.stored[i] = concatenate(both);
    }
  }

  void addColumns(Batch& output, const LivingGroups& groups, const AggregateCalls::Result& result,
                  const Owner& owner) const {
    output.numRows = groups.changes.size();
    output.carriesOld = true;
    // Results by step stand before the stored ones by group.
    const auto numSteps = static_cast<uint32_t>(groups.steps.size());
    std::vector<std::string_view> keys;
    std::vector<uint32_t> pick;
    std::vector<uint32_t> pickOld;
    for (const GroupChange& change : groups.changes) {
      const uint32_t stored = numSteps + change.group;
      keys.push_back(change.key);
      pick.push_back(change.step == kNoRow ? stored : change.step);
      pickOld.push_back(change.stepBefore == kNoRow ? stored : change.stepBefore);
      output.present.push_back(change.isThere ? 1 : 0);
      output.oldPresent.push_back(change.wasThere ? 1 : 0);
    }
    output.columns = keys_.decode(keys, owner);
    output.oldColumns = output.columns;
    for (size_t call = 0; call < result.results.size(); ++call) {
      const ColumnPtr all = calls_.withStored(result, groups, call);
      output.columns.push_back(gather(all, pick));
      output.oldColumns.push_back(gather(all, pickOld));
    }
  }

  void save(const LivingGroups& groups, AggregateCalls::Result result) {
    Arena arena(groups.times.size() * 32);
    const std::vector<std::string_view> rows =
        calls_.encode(std::move(result), groups.lastStep, groups.times, arena);
    for (const auto& [key, living] : living_) {
      if (living.isThere && groups.lastStep[living.group] != kNoRow) {
        store_.put(key, rows[living.group]);
      } else if (!living.isThere && living.isStored) {
        store_.erase(key);
      }
    }
  }

  const AggregateDescription& description_;
  stateStore::KeyValueStore& store_;
  TimeToLive life_;
  GroupKeys keys_;
  AggregateCalls calls_;
  std::unordered_map<std::string_view, LivingGroup> living_;  // of one draw
};

}  // namespace

std::unique_ptr<Operator> makeExpiringAggregate(const AggregateDescription& description,
                                                TaskServices& services) {
  return std::make_unique<ExpiringAggregate>(description, services);
}

}  // namespace auspex::operators
