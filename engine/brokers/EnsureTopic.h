// SPDX-License-Identifier: Apache-2.0
// Topics that several instances, or several tasks, may want at the same moment.
#pragma once

#include "engine/brokers/Broker.h"

namespace auspex::engine {

/// Creates the topic unless it is there, made by whomever, and returns it as it is: another may
/// have given it other partitions. Throws BrokerError when it can neither be found nor made.
TopicDescription ensureTopic(Broker& broker, const TopicSpec& spec);

}  // namespace auspex::engine
