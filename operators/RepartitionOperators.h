// SPDX-License-Identifier: Apache-2.0
// Between two parts of a query: rows go to a topic under a new key, and come back from it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/Topology.h"
#include "operators/data/Schema.h"
#include "operators/formats/Format.h"

namespace auspex::operators {

/// Writes the kept columns of its rows under a new key. The key is written in the format that the
/// co-partitioned inputs use, the value as a compact typed row. Rows without a value, and rows with
/// a NULL among the key columns, are dropped (the latter reported). With spreadNullsBy rows whose
/// key is NULL go on without one, to a partition that the columns named there choose.
/// Source: dialect, GROUP BY, joins.
///
/// A table's change (which carries its old side) travels whole when both sides have the same key;
/// else the old side goes under its key, then the new one under its own. A typed row stands behind
/// a byte that says which sides follow (1 new, 2 old; of both, the new one comes with its length).
struct RepartitionSinkDescription final : OperatorDescription {
  std::string topic;
  std::vector<size_t> keyPositions;      ///< of the new key's columns in the rows
  std::vector<SchemaColumn> keyColumns;  ///< parallel
  const Format* keyFormat = nullptr;
  FormatOptions keyOptions;
  std::vector<size_t> kept;        ///< positions of the columns that travel
  std::vector<SqlType> keptTypes;  ///< parallel
  bool isTable = false;
  std::vector<size_t> spreadNullsBy;  ///< positions in the rows; not for tables

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

/// Reads what a RepartitionSink wrote, each column at its old position. Damage throws: the topic is
/// the engine's own.
struct RepartitionSourceDescription final : OperatorDescription {
  uint32_t source = 0;
  std::string topic;
  size_t numColumns = 0;
  std::vector<size_t> kept;
  std::vector<SqlType> keptTypes;
  bool isTable = false;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

}  // namespace auspex::operators
