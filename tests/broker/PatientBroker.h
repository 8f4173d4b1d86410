// SPDX-License-Identifier: Apache-2.0
// Waits where a remote broker needs time, so that tests written against brokers that answer at once
// hold for Kafka too. Changes nothing else.
#pragma once

#include <memory>

#include "engine/brokers/Broker.h"

namespace auspex::engine::test {

/// Readers and memberships whose poll() waits a while before it says that there is nothing; topics
/// "input" with two partitions for offsets, since Kafka takes those of existing topics only.
std::unique_ptr<Broker> makePatient(std::shared_ptr<Broker> broker);

}  // namespace auspex::engine::test
