// SPDX-License-Identifier: Apache-2.0
// What all grouping operators share: the keys of groups, the aggregates, and the rows that are
// stored of a group.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "operators/Topology.h"
#include "operators/data/KeyCodec.h"
#include "operators/data/RowCodec.h"
#include "operators/data/Schema.h"
#include "operators/expressions/Evaluator.h"
#include "operators/functions/AggregateFunction.h"

namespace auspex::operators {

struct AggregateCall {
  AggregateFunctionPtr function;
  std::vector<ExpressionPtr> arguments;  ///< over the columns in
  std::string text;                      ///< for people: SUM(AMOUNT)
};

/// Types of a stored row, in order: the functions' states, their results, the group's timestamp.
std::vector<SqlType> storedTypesOf(const std::vector<AggregateCall>& calls);

/// The groups of a draw and what happens to them, as AggregateInput has it.
struct GroupSteps {
  std::vector<ColumnPtr> stored;  ///< storedTypesOf(), a row per group
  std::vector<uint8_t> fresh;     ///< per group: nothing stored
  std::vector<AggregateStep> steps;
};

/// The keys of groups: those of the grouping columns, which stand first in the rows. Any thread.
class GroupKeys {
 public:
  explicit GroupKeys(const std::vector<SchemaColumn>& columns)
      : numColumns_(columns.size()), codec_(typesOf(columns)) {}

  size_t numColumns() const { return numColumns_; }
  /// Per row of a side its key; nothing where that side has no row, or a grouping column is NULL,
  /// which is reported of the new side (the old one has been reported when it was new). `place`
  /// names the operator.
  std::vector<std::optional<std::string_view>> encode(const Batch& input, bool oldSide,
                                                      Arena& arena, DrawContext& context,
                                                      const OperatorDescription& place) const;
  /// The grouping columns of keys.
  std::vector<ColumnPtr> decode(std::span<const std::string_view> keys, const Owner& owner) const {
    return codec_.decode(keys, owner);
  }

 private:
  size_t numColumns_;
  KeyCodec codec_;
};

/// Reads stored rows, runs all calls over the steps of a draw, and makes the rows to store. One
/// thread.
class AggregateCalls {
 public:
  explicit AggregateCalls(const std::vector<AggregateCall>& calls);

  struct Result {
    std::vector<ColumnPtr> state;    ///< after all steps, a row per group
    std::vector<ColumnPtr> results;  ///< per call, a row per step
  };
  /// Columns of stored rows, as storedTypesOf(); rows without data give NULLs.
  std::vector<ColumnPtr> decode(std::span<const std::string_view> rows, Owner owner) const {
    return codec_.decode(rows, std::move(owner));
  }
  /// Fills in `stored` and `fresh` of the groups with these keys.
  void load(stateStore::KeyValueStore& store, std::span<const std::string_view> keys,
            GroupSteps& groups) const;
  Result run(const Batch& input, const GroupSteps& groups, RowErrors& errors);
  /// The results of a call by step, and behind those by group the stored ones.
  ColumnPtr withStored(const Result& result, const GroupSteps& groups, size_t call) const;
  /// The stored results of a call among decoded rows.
  const ColumnPtr& resultOf(const std::vector<ColumnPtr>& stored, size_t call) const {
    return stored[numStates_ + call];
  }
  /// Rows to store of all groups, given of each its last step (kNoRow: none, then the row means
  /// nothing) and timestamp.
  std::vector<std::string_view> encode(Result result, const std::vector<uint32_t>& lastStep,
                                       std::vector<int64_t> times, Arena& arena) const;

 private:
  const std::vector<AggregateCall>& calls_;
  RowCodec codec_;
  Evaluator arguments_;
  size_t numStates_ = 0;
};

/// Stored groups as rows: their grouping columns and results. Any thread.
class StoredGroups {
 public:
  /// Both outlive this.
  StoredGroups(const std::vector<SchemaColumn>& columns, const std::vector<AggregateCall>& calls)
      : keys_(columns), calls_(calls), numCalls_(calls.size()) {}

  /// Columns: the grouping ones, with windows their bounds, and the results. The keys of the rows
  /// are those of the groups.
  Batch decode(std::span<const StateRow> rows, bool windowed, const Owner& owner) const;
  /// Where the grouping columns stand.
  std::vector<size_t> keyColumns() const;

 private:
  GroupKeys keys_;
  AggregateCalls calls_;
  size_t numCalls_;
};

/// The timestamp that is stored of each group, the lowest there is of fresh ones: what the rows of
/// a draw raise.
std::vector<int64_t> storedTimesOf(const GroupSteps& groups);

}  // namespace auspex::operators
