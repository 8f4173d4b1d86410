// SPDX-License-Identifier: Apache-2.0
// Reads the records of one source topic of a draw into a batch: key and value decoded by their
// formats, pseudo columns added, unreadable records set aside as dead letters.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/TimestampColumn.h"
#include "operators/Topology.h"
#include "operators/data/KeyWindow.h"
#include "operators/data/Schema.h"
#include "operators/formats/Format.h"

namespace auspex::operators {

/// Columns out: key columns, value columns, ROWTIME, ROWPARTITION, ROWOFFSET and, of windowed keys,
/// WINDOWSTART and WINDOWEND; those that are not used are null pointers. Streams keep null keys and
/// null values (present = 0); tables skip records without a key, and a null value is a delete.
/// Source: dialect, operator semantics.
struct SourceDescription final : OperatorDescription {
  uint32_t source = 0;  ///< index in SubTopology::sources
  std::string name;     ///< of the stream or table, for people
  bool isTable = false;
  Schema schema;
  const Format* keyFormat = nullptr;
  const Format* valueFormat = nullptr;
  FormatOptions keyOptions;
  FormatOptions valueOptions;
  std::vector<bool> used;           ///< per output column (schema, then the pseudo columns)
  std::optional<KeyWindow> window;  ///< of the keys
  /// The column that is the row's time, if one is; it must be used. Rows without a time in it are
  /// dead letters.
  std::optional<TimestampColumn> timestamp;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

/// Pseudo columns behind the schema's; the last two are those of windowed keys only.
inline constexpr size_t kNumPseudoColumns = 3;
inline constexpr size_t kNumWindowColumns = 2;
inline constexpr const char* kPseudoColumnNames[kNumPseudoColumns + kNumWindowColumns] = {
    "ROWTIME", "ROWPARTITION", "ROWOFFSET", "WINDOWSTART", "WINDOWEND"};

/// Number of pseudo columns of a source.
inline size_t numPseudoColumns(const std::optional<KeyWindow>& window) {
  return kNumPseudoColumns + (window ? kNumWindowColumns : 0);
}

}  // namespace auspex::operators
