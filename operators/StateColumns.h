// SPDX-License-Identifier: Apache-2.0
// Rows of a table that were read back from state, as a source would give them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "operators/TimestampColumn.h"
#include "operators/Topology.h"

namespace auspex::operators {

/// Columns in: those of the table's schema and, of windowed keys, their bounds. Columns out: as
/// SourceDescription's; ROWPARTITION and ROWOFFSET, which state does not know, are null pointers.
struct StateColumnsDescription final : OperatorDescription {
  std::string name;  ///< of the table, for people
  size_t numColumns = 0;
  bool isWindowed = false;
  /// The column that is the row's time, if one is.
  std::optional<TimestampColumn> timestamp;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override { return "Table(" + name + ")"; }
};

}  // namespace auspex::operators
