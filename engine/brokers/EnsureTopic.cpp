// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/EnsureTopic.h"

#include <fmt/format.h>

namespace auspex::engine {

TopicDescription ensureTopic(Broker& broker, const TopicSpec& spec) {
  if (const auto known = broker.topic(spec.name)) {
    return *known;
  }
  try {
    broker.createTopic(spec);
  } catch (const BrokerError&) {
    if (const auto known = broker.topic(spec.name)) {
      return *known;  // somebody else was quicker
    }
    throw;
  }
  const auto made = broker.topic(spec.name);
  if (!made) {
    throw BrokerError(BrokerErrorKind::Rejected,
                      fmt::format("Topic {} was deleted when it had just been made.", spec.name));
  }
  return *made;
}

}  // namespace auspex::engine
