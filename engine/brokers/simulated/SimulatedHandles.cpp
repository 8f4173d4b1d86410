// SPDX-License-Identifier: Apache-2.0
// Readers, producers and memberships of the simulated broker.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/WallClock.h"
#include "engine/brokers/simulated/SimulatedCore.h"

namespace auspex::engine {
namespace {

using HeldRecords = std::vector<std::pair<int64_t, std::shared_ptr<const SimulatedRecord>>>;

class SimulatedReader final : public PartitionReader {
 public:
  SimulatedReader(std::shared_ptr<SimulatedCore> core, ProcessNumber process,
                  TopicPartition partition, int64_t position, Isolation isolation)
      : core_(std::move(core)),
        process_(process),
        partition_(std::move(partition)),
        position_(position),
        isolation_(isolation) {}

  std::shared_ptr<const operators::FetchedRecords> poll(size_t maxRecords) override {
    {
      const std::lock_guard lock(core_->mutex);
      core_->checkAlive(process_);
      core_->tick();
      look();
      if (atEnd_) {
        return nullptr;
      }
    }
    auto held = std::make_shared<HeldRecords>(
        core_->step(process_, BrokerCall::Poll, [&](const StepVerdict&) {
          SimulatedPartition& source = look();
          HeldRecords records;
          if (core_->readLimits.contains(partition_.topic)) {
            // One at a time: a read passes markers, but never the record before the limit.
            while (records.size() < maxRecords && position_ < endFor(source)) {
              const HeldRecords one = source.read(position_, 1, isolation_);
              records.insert(records.end(), one.begin(), one.end());
            }
          } else {
            records = source.read(position_, maxRecords, isolation_);
          }
          atEnd_ = position_ >= endFor(source);
          return records;
        }));
    return held->empty() ? nullptr : present(std::move(held));
  }
  int64_t position() const override { return position_; }
  bool atEnd() const override { return atEnd_; }

 private:
  // Checks the position against what is there; mutex held.
  SimulatedPartition& look() {
    SimulatedPartition& source = core_->log.partition(partition_);
    if (position_ < source.beginOffset() || position_ > source.highWatermark()) {
      throw BrokerError(
          BrokerErrorKind::OutOfRange,
          fmt::format("Offset {} of topic '{}', partition {}, is out of range: {} to {} are there.",
                      position_, partition_.topic, partition_.partition, source.beginOffset(),
                      source.highWatermark()));
    }
    atEnd_ = position_ >= endFor(source);
    return source;
  }

  // Where this reader has to stop; mutex held.
  int64_t endFor(const SimulatedPartition& source) const {
    const auto limit = core_->readLimits.find(partition_.topic);
    const int64_t end = source.endOffset(isolation_);
    return limit == core_->readLimits.end() ? end : std::min(end, limit->second);
  }

  std::shared_ptr<const operators::FetchedRecords> present(
      std::shared_ptr<const HeldRecords> held) const {
    auto fetched = std::make_shared<operators::FetchedRecords>();
    fetched->topic = partition_.topic;
    fetched->partition = partition_.partition;
    fetched->records.reserve(held->size());
    for (const auto& [offset, source] : *held) {
      operators::Record& record = fetched->records.emplace_back();
      record.key = source->key;
      record.value = source->value;
      record.timestamp = source->timestamp;
      record.offset = offset;
      for (const auto& [key, value] : source->headers) {
        record.headers.push_back({key, value});
      }
    }
    fetched->owner = std::move(held);
    return fetched;
  }

  std::shared_ptr<SimulatedCore> core_;
  ProcessNumber process_;
  TopicPartition partition_;
  int64_t position_;
  Isolation isolation_;
  bool atEnd_ = false;
};

class SimulatedMembership final : public Membership {
 public:
  SimulatedMembership(std::shared_ptr<SimulatedCore> core, ProcessNumber process,
                      std::unique_ptr<Membership> inner)
      : core_(std::move(core)), process_(process), inner_(std::move(inner)) {}

  const std::string& group() const override { return inner_->group(); }
  std::optional<Change> poll() override {
    const std::lock_guard lock(core_->mutex);
    core_->checkAlive(process_);
    core_->tick();
    if (core_->nextFault(BrokerCall::PollMembership) == FaultKind::MembershipLost) {
      core_->groups->evict(inner_->group());
    }
    std::optional<Change> change = inner_->poll();
    if (change && core_->countStep()) {
      core_->crashed = true;
      throw SimulatedCrash();
    }
    return change;
  }
  void confirm() override {
    core_->step(process_, BrokerCall::Confirm, [&](const StepVerdict&) { inner_->confirm(); });
  }
  void leave() override {
    core_->step(process_, BrokerCall::Leave, [&](const StepVerdict&) { inner_->leave(); });
  }
  const Membership& inner() const { return *inner_; }

 private:
  std::shared_ptr<SimulatedCore> core_;
  ProcessNumber process_;
  std::unique_ptr<Membership> inner_;  // its destructor leaves, also for a dead process
};

class SimulatedProducer final : public TransactionalProducer {
 public:
  SimulatedProducer(std::shared_ptr<SimulatedCore> core, ProcessNumber process, std::string id,
                    uint64_t epoch)
      : core_(std::move(core)), process_(process), id_(std::move(id)), epoch_(epoch) {}

  void begin() override {
    call(BrokerCall::Begin, State::Ready, [&](const StepVerdict&) {
      transaction_ = core_->log.begin(id_);
      state_ = State::Open;
    });
  }

  void send(const std::string& topic, std::span<const operators::OutgoingRecord> records) override {
    call(BrokerCall::Send, State::Open, [&](const StepVerdict& verdict) {
      const BrokerError rejection(
          BrokerErrorKind::Rejected,
          fmt::format("Records for topic '{}' refused: simulated fault.", topic));
      const Faults& faults = core_->faults;
      if (verdict.fault == FaultKind::Rejected || (faults.rejects && faults.rejects(topic))) {
        throw rejection;
      }
      if (faults.rejectsAtCommit && faults.rejectsAtCommit(topic)) {
        failed_ = rejection;
        return;
      }
      const TopicDescription& description = core_->log.topic(topic).description;
      const int64_t now = wallClock();
      for (const operators::OutgoingRecord& record : records) {
        checkRecord(description, record, now);
        if (faults.refuses && faults.refuses(topic, record)) {
          failed_.emplace(BrokerErrorKind::Refused,
                          fmt::format("A record for topic '{}' refused: simulated fault.", topic));
          continue;
        }
        core_->log.append(transaction_, topic, record);
      }
      core_->wakeReaders();  // for those that read uncommitted records
    });
  }

  void sendOffsets(Membership& membership, const Offsets& offsets) override {
    call(BrokerCall::SendOffsets, State::Open, [&](const StepVerdict&) {
      const auto* const member = dynamic_cast<const SimulatedMembership*>(&membership);
      core_->groups->checkGeneration(member == nullptr ? membership : member->inner());
      core_->log.addOffsets(transaction_, membership.group(), offsets);
    });
  }

  void sendOffsets(const std::string& group, const Offsets& offsets) override {
    call(BrokerCall::SendOffsets, State::Open,
         [&](const StepVerdict&) { core_->log.addOffsets(transaction_, group, offsets); });
  }

  void commit() override {
    call(BrokerCall::Commit, State::Open, [&](const StepVerdict& verdict) {
      if (failed_) {
        throw *failed_;
      }
      const std::optional<FaultKind> fault = verdict.fault;
      const bool ambiguous = fault == FaultKind::Ambiguous ||
                             fault == FaultKind::AmbiguousApplied ||
                             fault == FaultKind::AmbiguousLost;
      const bool lost = fault == FaultKind::AmbiguousLost ||
                        (fault == FaultKind::Ambiguous && core_->chance(0.5));
      if (!lost) {
        end(true);
      }
      if (ambiguous) {
        state_ = State::Unknown;
        throw BrokerError(BrokerErrorKind::Ambiguous,
                          fmt::format("The commit of '{}' timed out: simulated fault.", id_));
      }
      state_ = State::Ready;
    });
  }

  void abort() override {
    call(BrokerCall::Abort, State::MustAbort, [&](const StepVerdict&) {
      end(false);
      failed_.reset();
      state_ = State::Ready;
    });
  }

 private:
  // Ready --begin--> Open --commit or abort--> Ready; an error in Open needs abort(); after an
  // ambiguous commit only another producer of the same id can go on.
  enum class State : uint8_t { Ready, Open, MustAbort, Unknown };

  template <typename Effect>
  void call(BrokerCall call, State needed, Effect effect) {
    try {
      core_->step(process_, call, [&](const StepVerdict& verdict) {
        if (verdict.fault == FaultKind::Fenced) {
          core_->log.openProducer(id_);
          core_->wakeReaders();
        }
        checkState(call, needed);
        effect(verdict);
      });
    } catch (const BrokerError& error) {
      const bool failed = error.kind() == BrokerErrorKind::Abortable ||
                          error.kind() == BrokerErrorKind::Rejected ||
                          error.kind() == BrokerErrorKind::Refused;
      if (state_ == State::Open && failed) {
        state_ = State::MustAbort;
      }
      throw;
    }
  }

  void checkState(BrokerCall call, State needed) const {
    if (core_->log.epoch(id_) != epoch_) {
      throw BrokerError(BrokerErrorKind::Fenced,
                        fmt::format("Another producer has the transactional id '{}'.", id_));
    }
    const bool abortable = state_ == State::Open || state_ == State::MustAbort;
    if (call == BrokerCall::Abort ? abortable : state_ == needed) {
      return;
    }
    if (state_ == State::MustAbort) {
      throw BrokerError(BrokerErrorKind::Abortable,
                        fmt::format("The transaction of '{}' failed: abort it.", id_));
    }
    throw BrokerError(BrokerErrorKind::Fatal,
                      fmt::format("The producer '{}' is in no state for this call.", id_));
  }

  void end(bool commit) {
    const SimulatedTransaction& transaction = core_->log.transaction(transaction_);
    core_->log.end(transaction_, commit,
                   commit ? core_->markerPlan(transaction) : std::map<TopicPartition, uint64_t>{});
    core_->settled.notify_all();
    core_->wakeReaders();
  }

  std::shared_ptr<SimulatedCore> core_;
  ProcessNumber process_;
  std::string id_;
  uint64_t epoch_;
  State state_ = State::Ready;
  TransactionNumber transaction_ = 0;
  std::optional<BrokerError> failed_;  // why the open transaction cannot be committed
};

class SimulatedRecordProducer final : public RecordProducer {
 public:
  SimulatedRecordProducer(std::shared_ptr<SimulatedCore> core, ProcessNumber process)
      : core_(std::move(core)), process_(process) {}

  void send(const std::string& topic, std::span<const operators::OutgoingRecord> records) override {
    core_->step(process_, BrokerCall::Send, [&](const StepVerdict&) {
      if (core_->faults.rejects && core_->faults.rejects(topic)) {
        throw BrokerError(BrokerErrorKind::Rejected,
                          fmt::format("Records for topic '{}' refused: simulated fault.", topic));
      }
      const TopicDescription& description = core_->log.topic(topic).description;
      const int64_t now = wallClock();
      for (const operators::OutgoingRecord& record : records) {
        checkRecord(description, record, now);
        core_->log.append(0, topic, record);
      }
      core_->wakeReaders();
    });
  }

 private:
  std::shared_ptr<SimulatedCore> core_;
  ProcessNumber process_;
};

}  // namespace

std::unique_ptr<PartitionReader> makeSimulatedReader(std::shared_ptr<SimulatedCore> core,
                                                     ProcessNumber process,
                                                     TopicPartition partition, int64_t position,
                                                     Isolation isolation) {
  return std::make_unique<SimulatedReader>(std::move(core), process, std::move(partition), position,
                                           isolation);
}

std::unique_ptr<TransactionalProducer> makeSimulatedProducer(std::shared_ptr<SimulatedCore> core,
                                                             ProcessNumber process,
                                                             std::string transactionalId,
                                                             uint64_t epoch) {
  return std::make_unique<SimulatedProducer>(std::move(core), process, std::move(transactionalId),
                                             epoch);
}

std::unique_ptr<RecordProducer> makeSimulatedRecordProducer(std::shared_ptr<SimulatedCore> core,
                                                            ProcessNumber process) {
  return std::make_unique<SimulatedRecordProducer>(std::move(core), process);
}

std::unique_ptr<Membership> makeSimulatedMembership(std::shared_ptr<SimulatedCore> core,
                                                    ProcessNumber process,
                                                    std::unique_ptr<Membership> membership) {
  return std::make_unique<SimulatedMembership>(std::move(core), process, std::move(membership));
}

}  // namespace auspex::engine
