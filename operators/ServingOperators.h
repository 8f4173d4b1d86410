// SPDX-License-Identifier: Apache-2.0
// The two ends of a served model: requests of a topic to rows, and scored rows to the replies of
// another topic. What scores stands between.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/Topology.h"
#include "operators/models/serving/ServingProtocol.h"

namespace auspex::operators {

/// The columns behind those of the features, the same in all rows of a request: the head, and why
/// the request cannot be answered (NULL: it can).
enum class RequestColumn : uint8_t { Id, Form, Version, Error };
inline constexpr size_t kNumRequestColumns = 4;
/// Their types, in order.
std::vector<SqlType> requestColumnTypes();
/// What people call the column at that place.
const char* nameOfRequestColumn(size_t place);

/// Columns out: one per feature, then the request columns. One row per row asked for; a request
/// that has none, or is in error, has one that is absent. So every record has its rows.
struct RequestSourceDescription final : OperatorDescription {
  uint32_t source = 0;  ///< index in SubTopology::sources
  std::string topic;
  ServingSpec serving;
  std::vector<ServedFeature> features;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

/// Columns in: the request columns first; the scores at their places. Sends one reply for each
/// request, within the partition of that number (modulo those of the topic), with the request's
/// time. A request with rows that have no score, or that were scored by another version than it
/// asks for, is answered with an error, and so is one whose reply the topic does not take; errors
/// count as errors of expressions. Only what cannot be answered even so is a dead letter.
struct ReplySinkDescription final : OperatorDescription {
  std::string topic;
  ServingSpec serving;
  size_t versionColumn = 0;
  /// Of the scores that replies hold: DOUBLE or ARRAY<DOUBLE>.
  std::optional<size_t> predictionColumn;
  std::optional<size_t> probabilityColumn;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

}  // namespace auspex::operators
