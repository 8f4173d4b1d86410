// SPDX-License-Identifier: Apache-2.0
// Gathers a transaction of the embedded broker and commits it as one frame of the journal.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/brokers/local/LocalLog.h"

namespace auspex::engine {

/// See TransactionalProducer. Nothing leaves this object before commit(), so abort() and the
/// destructor only forget. Large transactions wait in a file without a name.
class LocalProducer final : public TransactionalProducer {
 public:
  LocalProducer(std::shared_ptr<LocalLog> log, std::string transactionalId);
  /// Without an id: never fenced, and the journal knows nothing of it.
  explicit LocalProducer(std::shared_ptr<LocalLog> log);

  void begin() override;
  void send(const std::string& topic, std::span<const operators::OutgoingRecord> records) override;
  void sendOffsets(Membership& membership, const Offsets& offsets) override;
  void sendOffsets(const std::string& group, const Offsets& offsets) override;
  void commit() override;
  void abort() override;

 private:
  // Ready --begin--> Open --commit or abort--> Ready; an error in Open needs abort().
  enum class State : uint8_t { Ready, Open, MustAbort };

  void checkOpen() const;
  void checkEpoch() const;
  void add(const LocalTopic& topic, const operators::OutgoingRecord& record);
  void closeRun(PendingRun& run);
  void keepBuffer(std::string buffer);
  void spill();
  void forget();

  const std::shared_ptr<LocalLog> log_;
  const std::string id_;
  const LocalLog::OpenedProducer producer_;
  State state_ = State::Ready;
  PendingTransaction transaction_;                                   // runs that are closed
  std::map<PartitionId, PendingRun> open_;                           // runs that grow
  std::map<std::string, std::shared_ptr<const LocalTopic>> topics_;  // of this transaction
  size_t heldBytes_ = 0;                                             // of runs in memory
  std::vector<std::string> buffers_;  // of earlier runs, to be used again
};

/// See RecordProducer: each call is a transaction of its own, and goes whole or not at all.
class LocalRecordProducer final : public RecordProducer {
 public:
  explicit LocalRecordProducer(std::shared_ptr<LocalLog> log) : producer_(std::move(log)) {}

  void send(const std::string& topic, std::span<const operators::OutgoingRecord> records) override;

 private:
  LocalProducer producer_;
};

}  // namespace auspex::engine
