// SPDX-License-Identifier: Apache-2.0
// What librdkafka's error codes mean to the engine.
#pragma once

#include <string>

#include "engine/brokers/kafka/KafkaHandle.h"

namespace auspex::engine {

/// Codes are librdkafka's rd_kafka_resp_err_t.

/// Nothing is wrong with the request: no broker, leader or coordinator could answer it just now.
bool isTransient(int code);
/// Another producer has the transactional id, or the coordinator has timed the transaction out:
/// Kafka says the same for both.
bool isFencing(int code);
/// The broker refuses the operation for good.
bool isRefusal(int code);
/// The broker does not take one of the records sent, for what is in it.
bool isRecordRefusal(int code);

/// "Local: Broker transport failure".
std::string textOf(int code);

/// Unavailable, Fenced, Rejected, Refused or Fatal, by the four questions above.
BrokerErrorKind kindOf(int code);

/// Throws BrokerError of kindOf(code): "Kafka: WHAT: reason".
[[noreturn]] void failKafka(int code, const std::string& what, const std::string& reason = {});

}  // namespace auspex::engine
