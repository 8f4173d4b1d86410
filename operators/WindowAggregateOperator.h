// SPDX-License-Identifier: Apache-2.0
// Groups rows by key columns and by windows of time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/AggregateCalls.h"
#include "operators/Topology.h"
#include "operators/data/KeyWindow.h"
#include "operators/data/Schema.h"

namespace auspex::operators {

/// Windows of an aggregation, in milliseconds.
struct AggregateWindow {
  KeyWindow key;
  int64_t advance = 0;  ///< from one window's start to the next one's; sessions: 0
  int64_t gap = 0;      ///< of sessions: rows so far apart belong to different ones
  int64_t grace = 0;    ///< how late a row may come
  /// How long a window is kept for readers, if longer: from its start on, a session from its end
  /// on.
  int64_t retention = 0;
  bool emitFinal = false;  ///< each window once, when it is over
};

/// Columns in: the grouping columns first. Columns out: the grouping columns, WINDOWSTART and
/// WINDOWEND, then one result per call. Each row changes all windows that cover its time, in the
/// order of their starts; sessions that it connects are deleted first. Timestamp: the largest of
/// the window's rows. A row whose windows all ended more than the grace period before the highest
/// timestamp so far is dropped (reported). With emitFinal a window is given out when that time
/// comes, before the row that moves time is counted, in the order of starts, then of keys; of
/// sessions in the order of ends. Source: dialect, time and windows.
///
/// Store of windows of a size: key = start, the grouping columns (KeyCodec); of sessions: "k",
/// grouping columns, start, end; and "x", end, that key again, by which they are over. Those that
/// are kept then lie under "c" instead, and "d" instead of "x", by which they are dropped. Value =
/// typed row of storedTypesOf(). "t" holds the highest timestamp.
struct WindowAggregateDescription final : OperatorDescription {
  std::string store;
  std::vector<SchemaColumn> groupColumns;
  std::vector<AggregateCall> calls;
  AggregateWindow window;
  bool emitOld = false;  ///< somebody downstream needs the old side

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
  std::unique_ptr<const StateTable> stateTable() const override;
};

/// The operator for sessions; WindowAggregateDescription::create chooses.
std::unique_ptr<Operator> makeSessionAggregate(const WindowAggregateDescription& description,
                                               stateStore::KeyValueStore& store,
                                               int64_t maxTimeStep);

}  // namespace auspex::operators
