// SPDX-License-Identifier: Apache-2.0
// Where a key goes: the partitioner that Kafka's Java clients use, so that topics written by
// others and by us are co-partitioned.
#pragma once

#include <cstdint>
#include <string_view>

namespace auspex::operators {

/// Murmur2 with Kafka's seed. Source: Kafka's default partitioner.
uint32_t murmur2(std::string_view bytes);

/// Partition of a key: `(murmur2 & 0x7fffffff) % numPartitions`. numPartitions > 0 (asserted).
int32_t partitionOf(std::string_view key, int32_t numPartitions);

}  // namespace auspex::operators
