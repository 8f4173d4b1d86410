// SPDX-License-Identifier: Apache-2.0
// Joins two streams within a span of time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "operators/JoinSide.h"

namespace auspex::operators {

/// How far apart in time two rows may be, in milliseconds.
struct JoinWindow {
  int64_t before = 0;  ///< the right row may come that much before the left one
  int64_t after = 0;   ///< and that much after it
  /// How late a row may come. Absent: a day, and rows without a partner are given out at once, and
  /// again with each partner that comes later.
  std::optional<int64_t> grace;
};

/// Joins rows of equal keys whose times lie within the window of each other. Columns out: all left
/// ones, then all right ones. For one row its partners come in the order of their times; the
/// timestamp is the larger one. Rows without value or with a NULL key are dropped.
///
/// With a grace period a row without a partner (of a side whose rows all count) is given out when
/// time, the highest timestamp of both sides, is past the row's window and the grace period, in the
/// order in which these end and before what the row that moves time gives itself. A row that comes
/// later than that is given out at once, or dropped. Source: dialect, joins.
///
/// Stores: per side the rows by [bucket of time, key, timestamp, number], so that what has expired
/// is dropped bucket by bucket; `pending` (where rows may wait for a partner): by the end of their
/// wait. The left store keeps time and the next number under keys of their own.
struct StreamJoinDescription final : OperatorDescription {
  JoinKind kind = JoinKind::Inner;
  JoinWindow window;
  std::array<JoinSide, 2> sides;
  std::string pending;  ///< empty: nothing waits

  /// Rows of an outer join wait for a partner only when a grace period is given.
  static bool hasPending(JoinKind kind, const JoinWindow& window) {
    return kind != JoinKind::Inner && window.grace.has_value();
  }

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

}  // namespace auspex::operators
