// SPDX-License-Identifier: Apache-2.0
#include "engine/ModelTopic.h"

#include <fmt/format.h>

#include <map>

#include "engine/WallClock.h"
#include "engine/brokers/CommittedRecords.h"
#include "engine/brokers/EnsureTopic.h"
#include "operators/data/Checksum.h"
#include "operators/models/ModelLoader.h"

namespace auspex::engine {
namespace {

/// Half of what brokers take in a record unless they are told otherwise.
constexpr size_t kModelChunkBytes = size_t{512} << 10;

}  // namespace

ModelTopic::ModelTopic(Broker& broker, const std::string& serviceId, const std::string& instanceId)
    : broker_(broker),
      topic_{topicOf(serviceId), 0},
      transactionalId_(fmt::format("{}-{}-models", serviceId, instanceId)) {
}

std::string ModelTopic::topicOf(const std::string& serviceId) {
  return fmt::format("_auspex-{}-models", serviceId);
}

void ModelTopic::publish(const std::string& checksum, std::string_view bytes) {
  if (known_.contains(checksum)) {
    return;
  }
  ensureTopic(broker_,
              {topic_.topic, 1, -1, {{"cleanup.policy", "compact"}, {"retention.ms", "-1"}}});
  if (fetch(checksum)) {
    return;
  }
  if (!producer_) {
    producer_ = broker_.openProducer(transactionalId_);
  }
  try {
    producer_->begin();
    for (size_t first = 0, chunk = 0; first < bytes.size(); first += kModelChunkBytes, ++chunk) {
      const std::string key = fmt::format("{}/{:06}", checksum, chunk);
      operators::OutgoingRecord record;
      record.key = key;
      record.value = bytes.substr(first, kModelChunkBytes);
      record.timestamp = wallClock();
      producer_->send(topic_.topic, {&record, 1});
    }
    producer_->commit();
  } catch (const BrokerError&) {
    producer_.reset();  // whatever it left open is settled when the next one is opened
    throw;
  }
  known_.insert(checksum);
}

std::optional<std::string> ModelTopic::fetch(const std::string& checksum) {
  if (!broker_.topic(topic_.topic)) {
    return std::nullopt;
  }
  std::map<std::string, std::string> chunks;  // by key, so in order
  size_t numBytes = 0;
  readCommitted(broker_, topic_, 0, [&](const operators::Record& record) {
    const bool isMeant = record.key && record.value && record.key->starts_with(checksum + "/");
    // Written twice by two instances, a chunk is the same.
    if (isMeant && numBytes <= operators::kMaxModelBytes &&
        chunks.emplace(*record.key, *record.value).second) {
      numBytes += record.value->size();
    }
  });
  if (numBytes > operators::kMaxModelBytes) {
    return std::nullopt;
  }
  std::string bytes;
  bytes.reserve(numBytes);
  for (const auto& [key, chunk] : chunks) {
    bytes += chunk;
  }
  if (operators::sha256Hex(bytes) != checksum) {
    return std::nullopt;
  }
  known_.insert(checksum);
  return bytes;
}

}  // namespace auspex::engine
