// SPDX-License-Identifier: Apache-2.0
// Runs the contract of all brokers against the Kafka broker that AUSPEX_TEST_KAFKA names.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>
#include <stdexcept>

#include "engine/brokers/kafka/KafkaBroker.h"
#include "tests/broker/PatientBroker.h"
#include "tests/unit/engine/brokers/BrokerFactories.h"

namespace auspex::engine::test {

const std::vector<BrokerFactory>& brokerFactories() {
  static const std::vector<BrokerFactory> factories = {
      {"kafka", [] {
         const char* const servers = std::getenv("AUSPEX_TEST_KAFKA");
         if (servers == nullptr) {
           throw std::runtime_error("AUSPEX_TEST_KAFKA is not set");
         }
         KafkaBrokerOptions options;
         options.bootstrapServers = servers;
         options.properties["topic.metadata.refresh.interval.ms"] = "500";
         options.properties["heartbeat.interval.ms"] = "100";
         options.unreachableTimeout = std::chrono::seconds(30);
         return makePatient(std::make_shared<KafkaBroker>(std::move(options)));
       }}};
  return factories;
}

}  // namespace auspex::engine::test
