// SPDX-License-Identifier: Apache-2.0
// SELECT DISTINCT: rows that are equal in all columns count as one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/Topology.h"
#include "operators/data/SqlType.h"

namespace auspex::operators {

/// What is distinct.
enum class DistinctKind : uint8_t {
  /// Each row of a stream, of those with the same values, is given out when it comes first; with
  /// windows once in each. Rows without a value are dropped.
  Rows,
  /// Changes of a table whose rows are distinct by their keys: one that alters no column is
  /// dropped.
  Changes,
  /// Rows of a table whose keys are not among the columns: a row is there as long as one of the
  /// table's has these values. Columns out are the key. Timestamp: of the change with which it came
  /// or went.
  Values
};

/// Windows that follow each other, in milliseconds.
struct DistinctWindow {
  int64_t size = 0;
  int64_t grace = 0;  ///< how late a row may come after the end of its window
};

/// Columns out: as in, all of which are compared; NULLs are equal to each other. Changes and Values
/// need the old side of changes, unless the table gives each row once.
///
/// Store of Rows: key = the columns (KeyCodec), with windows behind the window's start, and "t"
/// for the highest timestamp; no value. Of Values: key = the columns; value = typed row of
/// storedTypes(). Without a store Rows remembers what it has given out for its own life: for
/// pull queries.
struct DistinctDescription final : OperatorDescription {
  DistinctKind kind = DistinctKind::Rows;
  std::string store;  ///< empty for Changes
  std::vector<SqlType> types;
  std::optional<DistinctWindow> window = {};  ///< of Rows

  /// Of Values: how many rows of the table have these values, and since when some have.
  static std::vector<SqlType> storedTypes();

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
  std::unique_ptr<const StateTable> stateTable() const override;
};

}  // namespace auspex::operators
