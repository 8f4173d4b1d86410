// SPDX-License-Identifier: Apache-2.0
// Tables as they lie in the stores of tasks, read by keys and windows: what pull queries are
// answered from.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/data/Batch.h"
#include "operators/data/KeyWindow.h"
#include "operators/data/SqlType.h"
#include "stateStore/TaskState.h"

namespace auspex::operators {

/// Keys of a table (bytes, as KeyCodec makes them) with begin <= key < end; no end means all from
/// `begin` on.
struct KeyRange {
  std::string begin;
  std::optional<std::string> end;
  bool isPoint = false;  ///< the one key `begin`
};

/// Which rows of a table are read. Ranges of keys are ascending and have nothing in common; none
/// means no row. Bounds of windows are inclusive, and say nothing of tables without windows.
struct StateRange {
  std::vector<KeyRange> keys;
  int64_t minStart = std::numeric_limits<int64_t>::min();
  int64_t maxStart = std::numeric_limits<int64_t>::max();
  int64_t minEnd = std::numeric_limits<int64_t>::min();
  int64_t maxEnd = std::numeric_limits<int64_t>::max();

  static StateRange whole() { return {{KeyRange{}}}; }
  bool isWhole() const { return keys.size() == 1 && keys[0].begin.empty() && !keys[0].end; }
  bool hasWindowBounds() const;
  bool contains(const WindowBounds& window) const {
    return window.start >= minStart && window.start <= maxStart && window.end >= minEnd &&
           window.end <= maxEnd;
  }
};

/// Committed rows of one task that are counted as they are read. One thread.
class StateView {
 public:
  /// `snapshot` outlives this.
  explicit StateView(const stateStore::StateSnapshot& snapshot) : snapshot_(snapshot) {}

  std::optional<std::string> get(std::string_view store, std::string_view key);
  void scan(std::string_view store, std::string_view begin, std::optional<std::string_view> end,
            const stateStore::RowVisitor& visitor);
  /// Calls visitor for the rows with keys in the range.
  void scan(std::string_view store, const KeyRange& range, const stateStore::RowVisitor& visitor);
  /// Rows that the stores have handed out so far.
  uint64_t rowsRead() const { return rowsRead_; }

 private:
  const stateStore::StateSnapshot& snapshot_;
  uint64_t rowsRead_ = 0;
};

/// A row of a table as it is stored: of a join one value per side, else the first alone.
struct StateRow {
  std::string_view key;
  std::array<std::string_view, 2> values;
  WindowBounds window;  ///< of tables with windows
};

/// Takes a row of a scan; returns false to end it. Views live for the call.
using StateRowVisitor = std::function<bool(const StateRow& row)>;

/// How a table is read back from the stores that an operator keeps of it. Immutable; any thread.
class StateTable {
 public:
  virtual ~StateTable() = default;

  /// Visits the rows of the range, each key and window once; reads no more than it must to find
  /// them. Throws StoreError.
  virtual void scan(StateView& state, const StateRange& range,
                    const StateRowVisitor& visit) const = 0;
  /// The rows with the columns and timestamps that the operator last gave out for them. Strings are
  /// views into the rows' bytes, which `owner` keeps alive.
  virtual Batch decode(std::span<const StateRow> rows, const Owner& owner) const = 0;
  /// The columns of `decode` that make up the key, in the order of the key's bytes.
  virtual std::vector<size_t> keyColumns() const = 0;
  /// The key's types, in that order.
  virtual std::vector<SqlType> keyTypes() const = 0;
  /// The stores' names, for people.
  virtual std::string stores() const = 0;
};

/// A table whose rows lie in one store by their keys.
class KeyedStateTable : public StateTable {
 public:
  explicit KeyedStateTable(std::string store) : store_(std::move(store)) {}
  void scan(StateView& state, const StateRange& range, const StateRowVisitor& visit) const final;
  std::string stores() const final { return store_; }

 private:
  std::string store_;
};

/// Reads the rows of a range as batches of at most `chunkRows`, until `take` returns false.
void readState(const StateTable& table, StateView& state, const StateRange& range, size_t chunkRows,
               const std::function<bool(Batch)>& take);

/// `KeyLookup(store=Aggregate, keys=2)`, `KeyRange(...)`, `WindowScan(...)`, `TableScan(...)`: how
/// a range of the table is found.
std::string describeAccess(const StateTable& table, const StateRange& range);

}  // namespace auspex::operators
