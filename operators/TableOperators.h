// SPDX-License-Identifier: Apache-2.0
// Tables kept in a store: materialising a table source, and looking it up for the rows of a stream.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/JoinSide.h"
#include "operators/data/Schema.h"

namespace auspex::operators {

/// Keeps the newest row per key of a table source and, when it is wanted, adds the old side to its
/// changes. Columns out: as in. Store: key = the key columns (KeyCodec); value = typed row of all
/// columns that are kept, in order. Source: dialect, operator semantics.
struct MaterializeDescription final : OperatorDescription {
  std::string store;
  std::vector<size_t> keyColumns;   ///< positions in the input
  std::vector<size_t> keptColumns;  ///< positions in the input; includes the key columns
  std::vector<SqlType> types;       ///< of all columns in; unused ones are never touched
  bool emitOld = true;              ///< somebody downstream needs the old side
  /// The column of the rows' times, among those kept: the table can be read back then.
  std::optional<size_t> timeColumn;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
  std::unique_ptr<const StateTable> stateTable() const override;
};

/// Joins stream rows (input 0) with a table (input 1, changes) as it is at each row, by equality of
/// a stream column with the table's single key column. Columns out: all stream columns, then all
/// table columns. Only stream rows give output; rows with a NULL key or value are dropped; LEFT
/// gives NULLs where the table has no row. Timestamp: the stream row's. Source: dialect, joins.
///
/// Store: as MaterializeDescription's; this operator keeps it.
struct StreamTableJoinDescription final : OperatorDescription {
  std::string store;
  JoinKind kind = JoinKind::Inner;  ///< or Left
  size_t streamKey = 0;             ///< column of the stream
  size_t tableKey = 0;              ///< column of the table
  std::vector<SqlType> streamTypes;
  std::vector<size_t> keptColumns;  ///< table columns that are used; others stay null pointers
  std::vector<SqlType> tableTypes;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

/// Types of the rows that such a store holds, for its fingerprint.
std::vector<SqlType> keptTypes(const std::vector<size_t>& keptColumns,
                               const std::vector<SqlType>& types);

}  // namespace auspex::operators
