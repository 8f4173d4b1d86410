// SPDX-License-Identifier: Apache-2.0
// Reading a topic of the engine's own from one place to its end.
#pragma once

#include <functional>

#include "engine/brokers/Broker.h"

namespace auspex::engine {

/// Calls visit for the committed records of the partition from `start` on, or from its beginning
/// when that is later, to the end that it has now; returns where the next record will be. Waits for
/// transactions that are open before that end. Views live for the call. Throws BrokerError.
int64_t readCommitted(Broker& broker, const TopicPartition& partition, int64_t start,
                      const std::function<void(const operators::Record& record)>& visit);

}  // namespace auspex::engine
