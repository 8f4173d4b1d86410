// SPDX-License-Identifier: Apache-2.0
// Records of query-validation cases: from the JSON of a file to bytes and back, as the formats of
// the stream or table over the topic ask for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/brokers/simulated/SimulatedBroker.h"
#include "engine/testing/qtt/QttCase.h"
#include "operators/data/SqlType.h"
#include "queries/catalog/Catalog.h"

namespace auspex::engine {

/// A record that was found, with the types that say how its numbers are to be compared.
struct QttFound {
  QttRecord record;
  /// Of key and value; nothing where numbers stand as the format wrote them (JSON, DELIMITED).
  std::optional<operators::SqlType> keyType;
  std::optional<operators::SqlType> valueType;
};

/// Creates the topic, with one partition, unless it exists.
void ensureQttTopic(SimulatedBroker& broker, const std::string& topic, int32_t numPartitions);

/// Appends the record to partition 0 of its topic. Throws std::runtime_error when it does not fit
/// the format of the topic.
void writeQttRecord(SimulatedBroker& broker, const QttRecord& record,
                    const queries::Catalog& catalog);

/// Everything that was committed to a topic, in the order in which it was written.
std::vector<QttFound> readQttRecords(const SimulatedBroker& broker,
                                     const std::optional<TopicDescription>& topic,
                                     const queries::Catalog& catalog);

}  // namespace auspex::engine
