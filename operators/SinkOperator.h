// SPDX-License-Identifier: Apache-2.0
// Writes rows to a topic: the sink of a query, or a repartition topic between two of its parts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/TimestampColumn.h"
#include "operators/Topology.h"
#include "operators/data/Schema.h"
#include "operators/formats/Format.h"

namespace auspex::operators {

/// Columns in: the schema's, keys first. A row goes to the partition of its key's hash, as Kafka's
/// own clients do; rows without a key keep their source partition. A row that cannot be encoded, or
/// is larger than the topic takes, is a dead letter. Headers travel on. Source: dialect, operator
/// semantics.
struct SinkDescription final : OperatorDescription {
  std::string topic;
  Schema schema;
  const Format* keyFormat = nullptr;
  const Format* valueFormat = nullptr;
  FormatOptions keyOptions;
  FormatOptions valueOptions;
  /// The column that becomes the record's time, if one does.
  std::optional<TimestampColumn> timestamp;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

/// Writes the kept columns of its rows under a new key. The key is written in the format that the
/// co-partitioned inputs use, the value as a compact typed row. Rows without a value, and rows with
/// a NULL among the key columns, are dropped (the latter reported). Source: dialect, GROUP BY,
/// joins.
struct RepartitionSinkDescription final : OperatorDescription {
  std::string topic;
  std::vector<size_t> keyPositions;      ///< of the new key's columns in the rows
  std::vector<SchemaColumn> keyColumns;  ///< parallel
  const Format* keyFormat = nullptr;
  FormatOptions keyOptions;
  std::vector<size_t> kept;        ///< positions of the columns that travel
  std::vector<SqlType> keptTypes;  ///< parallel

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

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

}  // namespace auspex::operators
