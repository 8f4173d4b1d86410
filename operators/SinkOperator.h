// SPDX-License-Identifier: Apache-2.0
// Writes rows to a topic: the sink of a query.
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

/// Columns in: the schema's, keys first; then, for windowed keys, the bounds of the window. A row
/// goes to the partition of its key's hash, as Kafka's own clients do; rows without a key keep
/// their source partition. A row that cannot be encoded, or is larger than the topic takes, is a
/// dead letter. Headers travel on. Source: dialect, operator semantics.
struct SinkDescription final : OperatorDescription {
  std::string topic;
  Schema schema;
  const Format* keyFormat = nullptr;
  const Format* valueFormat = nullptr;
  FormatOptions keyOptions;
  FormatOptions valueOptions;
  /// The column that becomes the record's time, if one does.
  std::optional<TimestampColumn> timestamp;
  std::optional<KeyWindow> window;  ///< of the keys

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

}  // namespace auspex::operators
