// SPDX-License-Identifier: Apache-2.0
#include "operators/ExpireOperator.h"

#include <fmt/format.h>

#include <optional>
#include <unordered_map>
#include <utility>

#include "operators/StampedTable.h"
#include "operators/TimeToLive.h"

namespace auspex::operators {
namespace {

/// A row of the table as it stands at one moment of a draw.
struct LivingRow {
  StampedRow row;
  bool isChanged = false;
};

struct LivingChange {
  StampedRow before;
  StampedRow after;
};

class ExpireOperator final : public Operator {
 public:
  ExpireOperator(const ExpireDescription& description, TaskServices& services)
      : codec_(description.table),
        store_(services.store(description.table.store)),
        life_(services.store(description.timeStore), description.ttl, services.maxTimeStep()) {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    const Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    const auto arena = std::make_shared<Arena>();
    std::vector<std::string_view> keys;
    std::vector<StampedRow> rows;
    codec_.encodeStamped(input, *arena, keys, rows);
    load(keys, life_.begin(input.timestamps, *arena), *arena);
    Batch output;
    std::vector<LivingChange> changes;
    const auto change = [&](std::string_view key, StampedRow after, size_t row, int64_t time) {
      LivingRow& living = rows_[key];
      changes.push_back({living.row, after});
      living = {after, true};
      output.drawIndex.push_back(input.drawIndex[row]);
      output.timestamps.push_back(time);
    };
    const auto timeOfKey = [&](std::string_view key) -> std::optional<int64_t> {
      const StampedRow row = rows_[key].row;
      return row.data() == nullptr ? std::nullopt : std::optional(timeOf(row));
    };
    for (size_t row = 0; row < input.numRows; ++row) {
      life_.advanceTo(row, timeOfKey, [&](std::string_view key, int64_t when) {
        change(key, StampedRow(), row, when);
      });
      const int64_t time = input.timestamps[row];
      const bool isThere = input.isPresent(row) && !life_.isOver(time);
      const std::optional<int64_t> before = timeOfKey(keys[row]);
      if (isThere || before) {
        change(keys[row], isThere ? rows[row] : StampedRow(), row, time);
      }
      if (isThere) {
        life_.update(keys[row], before, time);
      }
    }
    life_.end();
    save();
    addSides(output, changes, arena);
    return output;
  }

 private:
  void load(const std::vector<std::string_view>& keys, const std::vector<std::string_view>& due,
            Arena& arena) {
    rows_.clear();
    std::vector<std::string_view> wanted;
    for (const auto* const some : {&keys, &due}) {
      for (const std::string_view key : *some) {
        if (rows_.try_emplace(key).second) {
          wanted.push_back(key);
        }
      }
    }
    std::vector<std::optional<std::string_view>> found(wanted.size());
    store_.getBatch(wanted, found);
    for (size_t i = 0; i < wanted.size(); ++i) {
      // The store's views hold until the commit, but the new row may replace them sooner: copy.
      rows_[wanted[i]].row = found[i] ? arena.copy(*found[i]) : StampedRow();
    }
  }

  void save() {
    for (const auto& [key, living] : rows_) {
      if (living.isChanged && living.row.data() == nullptr) {
        store_.erase(key);
      } else if (living.isChanged) {
        store_.put(key, living.row);
      }
    }
  }

  void addSides(Batch& output, const std::vector<LivingChange>& changes, const Owner& owner) const {
    std::vector<std::string_view> after;
    std::vector<std::string_view> before;
    for (const LivingChange& change : changes) {
      const bool isThere = change.after.data() != nullptr;
      const bool wasThere = change.before.data() != nullptr;
      // The key is the change's, whichever side there is.
      after.push_back(rowOf(isThere ? change.after : change.before));
      before.push_back(rowOf(wasThere ? change.before : change.after));
      output.present.push_back(isThere ? 1 : 0);
      output.oldPresent.push_back(wasThere ? 1 : 0);
    }
    output.numRows = changes.size();
    output.carriesOld = true;
    codec_.decodeTo(after, owner, output.columns);
    codec_.decodeTo(before, owner, output.oldColumns);
  }

  JoinSideCodec codec_;
  stateStore::KeyValueStore& store_;
  TimeToLive life_;
  std::unordered_map<std::string_view, LivingRow> rows_;  // of one draw
};

}  // namespace

std::unique_ptr<Operator> ExpireDescription::create(TaskServices& services) const {
  return std::make_unique<ExpireOperator>(*this, services);
}

std::string ExpireDescription::toString() const {
  return fmt::format("Expire(ttl={} ms, store={})", ttl, table.store);
}

std::unique_ptr<const StateTable> ExpireDescription::stateTable() const {
  return makeStampedTable(table);
}

}  // namespace auspex::operators
