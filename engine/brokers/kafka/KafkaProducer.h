// SPDX-License-Identifier: Apache-2.0
// Transactions of one transactional id on Kafka.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/brokers/kafka/KafkaAdmin.h"

struct rd_kafka_consumer_group_metadata_s;

namespace auspex::engine {

/// See TransactionalProducer. What it adds to the contract:
/// - A timestamp of 0 is written as 1: librdkafka takes 0 for "now".
/// - A transaction that the coordinator timed out is not Fenced, though Kafka says the same then: a
///   commit is Ambiguous, anything else Abortable.
/// - When librdkafka's instance is beyond use, abort() and begin() make a new one of the same id,
///   which settles what the old one left open; they wait for a broker then.
///
///   Ready --begin--> Open --commit--> Ready
///                      |--error--> MustAbort --abort--> Ready
///   any --fatal error--> Broken --begin or abort--> Ready
///   any --another owner of the id--> Fenced
class KafkaProducer final : public TransactionalProducer {
 public:
  /// Waits for a broker. Throws BrokerError.
  KafkaProducer(std::shared_ptr<const KafkaBrokerOptions> options,
                std::shared_ptr<KafkaAdmin> admin, std::string transactionalId);
  ~KafkaProducer() override;
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  void begin() override;
  void send(const std::string& topic, std::span<const operators::OutgoingRecord> records) override;
  void sendOffsets(Membership& membership, const Offsets& offsets) override;
  void sendOffsets(const std::string& group, const Offsets& offsets) override;
  void commit() override;
  void abort() override;

 private:
  using Clock = std::chrono::steady_clock;
  enum class State : uint8_t { Ready, Open, MustAbort, Broken, Fenced };
  enum class Step : uint8_t { Begin, Send, SendOffsets, Commit };

  struct Topic {
    TopicDescription description;
    KafkaTopicHandle handle;
    bool narrow = false;                 ///< takes less than a batch of the usual size
    std::vector<size_t> unflushedBytes;  ///< per partition, of narrow topics
  };

  void open();
  void close();
  void checkOpen(const char* call) const;
  Topic& topicFor(const std::string& name);
  void enqueue(Topic& topic, const operators::OutgoingRecord& record);
  void makeRoomInBatch(Topic& topic, const operators::OutgoingRecord& record);
  void waitForRoom();
  void flush();
  void sendOffsetsAs(const std::string& name, const rd_kafka_consumer_group_metadata_s* group,
                     const Offsets& offsets);
  void drainReports();
  void noteDelivery(const rd_kafka_message_s& message);
  void throwDeliveryError();
  [[noreturn]] void fail(Step step, int code, const std::string& reason);
  [[noreturn]] void failCall(Step step, const KafkaErrorHandle& error);
  bool timedOutAtCoordinator() const;

  const std::shared_ptr<const KafkaBrokerOptions> options_;
  const std::shared_ptr<KafkaAdmin> admin_;
  const std::string id_;
  KafkaHandle handle_;
  KafkaQueueHandle reports_;
  std::map<std::string, Topic> topics_;  // handles end before handle_
  std::set<std::string> groups_;         // whose coordinators have answered
  State state_ = State::Broken;
  Clock::time_point begun_;
  std::optional<BrokerError> deliveryError_;  // the first of this transaction
};

}  // namespace auspex::engine
