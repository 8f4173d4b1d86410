// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/LocalProducer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/brokers/local/Crc32c.h"
#include "engine/brokers/local/RecordRun.h"

namespace auspex::engine {

LocalProducer::LocalProducer(std::shared_ptr<LocalLog> log, std::string transactionalId)
    : log_(std::move(log)), id_(std::move(transactionalId)), producer_(log_->openProducer(id_)) {
}

LocalProducer::LocalProducer(std::shared_ptr<LocalLog> log)
    : log_(std::move(log)), producer_{std::make_shared<const ProducerEpoch>(0), 0} {
}

void LocalProducer::begin() {
  checkEpoch();
  if (state_ != State::Ready) {
    throw BrokerError(BrokerErrorKind::Fatal,
                      fmt::format("A transaction of '{}' is open already.", id_));
  }
  state_ = State::Open;
}

void LocalProducer::send(const std::string& topicName,
                         std::span<const operators::OutgoingRecord> records) {
  checkOpen();
  try {
    std::shared_ptr<const LocalTopic>& topic = topics_[topicName];
    if (topic == nullptr) {
      topic = log_->findTopic(topicName);
    }
    if (topic == nullptr) {
      rejectUnknownTopic(topicName);
    }
    const int64_t now = log_->now();
    for (const operators::OutgoingRecord& record : records) {
      checkRecord(topic->settings.description, record, now);
      add(*topic, record);
    }
    if (heldBytes_ > log_->options().spillBytes) {
      spill();
    }
  } catch (const BrokerError&) {
    state_ = State::MustAbort;
    throw;
  }
}

void LocalProducer::add(const LocalTopic& topic, const operators::OutgoingRecord& record) {
  PendingRun& run = open_[{topic.id, record.partition}];
  if (run.partition == nullptr) {
    run.partition = topic.partitions[static_cast<size_t>(record.partition)];
    run.maxTimestamp = std::numeric_limits<int64_t>::min();
    if (!buffers_.empty()) {
      run.bytes = std::move(buffers_.back());
      buffers_.pop_back();
    }
  }
  const size_t before = run.bytes.size();
  if (topic.settings.description.logAppendTime) {
    operators::OutgoingRecord stamped = record;
    stamped.timestamp = log_->now();
    appendRecord(run.bytes, run.numRecords, stamped);
    run.maxTimestamp = std::max(run.maxTimestamp, stamped.timestamp);
  } else {
    appendRecord(run.bytes, run.numRecords, record);
    run.maxTimestamp = std::max(run.maxTimestamp, record.timestamp);
  }
  ++run.numRecords;
  heldBytes_ += run.bytes.size() - before;
  if (run.bytes.size() >= kRunBytes) {
    closeRun(run);
  }
}

// Moves the run to the closed ones and leaves an empty one in its place.
void LocalProducer::closeRun(PendingRun& run) {
  if (run.numRecords == 0) {
    return;
  }
  run.sizeBytes = static_cast<uint32_t>(run.bytes.size());
  run.checksum = crc32c(run.bytes);
  transaction_.runs.push_back(std::exchange(run, PendingRun()));
}

void LocalProducer::spill() {
  for (auto& [partition, run] : open_) {
    closeRun(run);
  }
  if (transaction_.spill == nullptr) {
    transaction_.spill =
        std::make_unique<JournalFile>(JournalFile::temporary(log_->options().journal.directory));
  }
  std::vector<iovec> parts;
  uint64_t bytes = 0;
  for (size_t i = transaction_.numSpilled; i < transaction_.runs.size(); ++i) {
    std::string& run = transaction_.runs[i].bytes;
    parts.push_back({run.data(), run.size()});
    bytes += run.size();
  }
  transaction_.spill->write(transaction_.spillBytes, std::span<iovec>(parts));
  transaction_.spillBytes += bytes;
  for (; transaction_.numSpilled < transaction_.runs.size(); ++transaction_.numSpilled) {
    keepBuffer(std::exchange(transaction_.runs[transaction_.numSpilled].bytes, std::string()));
  }
  heldBytes_ = 0;
}

void LocalProducer::sendOffsets(Membership& membership, const Offsets& offsets) {
  checkOpen();
  try {
    log_->groups().checkGeneration(membership);
  } catch (const BrokerError&) {
    state_ = State::MustAbort;
    throw;
  }
  sendOffsets(membership.group(), offsets);
}

void LocalProducer::sendOffsets(const std::string& group, const Offsets& offsets) {
  checkOpen();
  for (const auto& [partition, offset] : offsets) {
    transaction_.offsets.push_back({group, partition, offset});
  }
}

void LocalProducer::commit() {
  checkOpen();
  for (auto& [partition, run] : open_) {
    closeRun(run);
  }
  try {
    log_->commit(id_, producer_, transaction_);
  } catch (const BrokerError& error) {
    // What could not be written is still here whole: the caller may try again or abort.
    state_ = error.kind() == BrokerErrorKind::Unavailable ? State::Open : State::MustAbort;
    throw;
  }
  forget();
}

void LocalProducer::abort() {
  checkEpoch();
  if (state_ == State::Ready) {
    throw BrokerError(BrokerErrorKind::Fatal, fmt::format("No transaction of '{}' is open.", id_));
  }
  forget();
}

// Fresh memory costs more than the copy into it; large buffers of single records are not kept.
void LocalProducer::keepBuffer(std::string buffer) {
  const size_t most = log_->options().spillBytes / kRunBytes;
  if (buffers_.size() < most && buffer.capacity() <= 2 * kRunBytes) {
    buffer.clear();
    buffers_.push_back(std::move(buffer));
  }
}

void LocalProducer::forget() {
  state_ = State::Ready;
  for (PendingRun& run : transaction_.runs) {
    keepBuffer(std::move(run.bytes));
  }
  transaction_ = PendingTransaction();
  open_.clear();
  topics_.clear();
  heldBytes_ = 0;
}

void LocalProducer::checkOpen() const {
  checkEpoch();
  if (state_ == State::MustAbort) {
    throw BrokerError(BrokerErrorKind::Abortable,
                      fmt::format("The transaction of '{}' failed: abort it.", id_));
  }
  if (state_ == State::Ready) {
    throw BrokerError(BrokerErrorKind::Fatal, fmt::format("No transaction of '{}' is open.", id_));
  }
}

void LocalProducer::checkEpoch() const {
  if (producer_.current->load() != producer_.epoch) {
    throw BrokerError(BrokerErrorKind::Fenced,
                      fmt::format("Another producer has the transactional id '{}'.", id_));
  }
}

void LocalRecordProducer::send(const std::string& topic,
                               std::span<const operators::OutgoingRecord> records) {
  producer_.begin();
  try {
    producer_.send(topic, records);
    producer_.commit();
  } catch (const BrokerError&) {
    producer_.abort();
    throw;
  }
}

}  // namespace auspex::engine
