// SPDX-License-Identifier: Apache-2.0
#include "tests/broker/PatientBroker.h"

#include <thread>
#include <utility>

namespace auspex::engine::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStep{2};
constexpr milliseconds kAtEnd{40};       // nothing more seems to come
constexpr milliseconds kOnTheWay{5000};  // what is there was not all read yet
constexpr milliseconds kMember{50};

/// Calls `poll` until it returns something or `patience()` is over.
template <typename Poll, typename Patience>
auto pollFor(Poll poll, Patience patience) {
  const auto start = std::chrono::steady_clock::now();
  auto result = poll();
  while (!result && std::chrono::steady_clock::now() - start < patience()) {
    std::this_thread::sleep_for(kStep);
    result = poll();
  }
  return result;
}

class PatientReader final : public PartitionReader {
 public:
  explicit PatientReader(std::unique_ptr<PartitionReader> reader) : reader_(std::move(reader)) {}
  std::shared_ptr<const operators::FetchedRecords> poll(size_t maxRecords) override {
    return pollFor([&] { return reader_->poll(maxRecords); },
                   [&] { return reader_->atEnd() ? kAtEnd : kOnTheWay; });
  }
  int64_t position() const override { return reader_->position(); }
  bool atEnd() const override { return reader_->atEnd(); }

 private:
  const std::unique_ptr<PartitionReader> reader_;
};

class PatientMembership final : public Membership {
 public:
  explicit PatientMembership(std::unique_ptr<Membership> membership)
      : membership_(std::move(membership)) {}
  const std::string& group() const override { return membership_->group(); }
  std::optional<Change> poll() override {
    return pollFor([&] { return membership_->poll(); }, [] { return kMember; });
  }
  void confirm() override { membership_->confirm(); }
  void leave() override { membership_->leave(); }
  Membership& inner() { return *membership_; }

 private:
  const std::unique_ptr<Membership> membership_;
};

class PatientProducer final : public TransactionalProducer {
 public:
  explicit PatientProducer(std::unique_ptr<TransactionalProducer> producer)
      : producer_(std::move(producer)) {}
  void begin() override { producer_->begin(); }
  void send(const std::string& topic, std::span<const operators::OutgoingRecord> records) override {
    producer_->send(topic, records);
  }
  void sendOffsets(Membership& membership, const Offsets& offsets) override {
    producer_->sendOffsets(dynamic_cast<PatientMembership&>(membership).inner(), offsets);
  }
  void sendOffsets(const std::string& group, const Offsets& offsets) override {
    producer_->sendOffsets(group, offsets);
  }
  void commit() override { producer_->commit(); }
  void abort() override { producer_->abort(); }

 private:
  const std::unique_ptr<TransactionalProducer> producer_;
};

class PatientBroker final : public Broker {
 public:
  explicit PatientBroker(std::shared_ptr<Broker> broker) : broker_(std::move(broker)) {
    if (!broker_->topic("input")) {
      broker_->createTopic({"input", 2, -1, {}});
    }
  }
  std::string describe() const override { return broker_->describe(); }
  std::optional<TopicDescription> topic(const std::string& name) override {
    return broker_->topic(name);
  }
  std::vector<std::string> topics() override { return broker_->topics(); }
  void createTopic(const TopicSpec& spec) override { broker_->createTopic(spec); }
  void deleteTopic(const std::string& name) override { broker_->deleteTopic(name); }
  int64_t beginOffset(const TopicPartition& partition) override {
    return broker_->beginOffset(partition);
  }
  int64_t endOffset(const TopicPartition& partition, Isolation isolation) override {
    return broker_->endOffset(partition, isolation);
  }
  Offsets committedOffsets(const std::string& group,
                           const std::vector<TopicPartition>& partitions) override {
    return broker_->committedOffsets(group, partitions);
  }
  void deleteRecords(const TopicPartition& partition, int64_t offset) override {
    broker_->deleteRecords(partition, offset);
  }
  std::unique_ptr<PartitionReader> openReader(const TopicPartition& partition, int64_t position,
                                              Isolation isolation,
                                              std::shared_ptr<Wakeup> wakeup) override {
    return std::make_unique<PatientReader>(
        broker_->openReader(partition, position, isolation, std::move(wakeup)));
  }
  std::unique_ptr<TransactionalProducer> openProducer(const std::string& id) override {
    return std::make_unique<PatientProducer>(broker_->openProducer(id));
  }
  std::unique_ptr<RecordProducer> openRecordProducer() override {
    return broker_->openRecordProducer();
  }
  std::unique_ptr<Membership> join(const MembershipSpec& spec) override {
    return std::make_unique<PatientMembership>(broker_->join(spec));
  }

 private:
  const std::shared_ptr<Broker> broker_;
};

}  // namespace

std::unique_ptr<Broker> makePatient(std::shared_ptr<Broker> broker) {
  return std::make_unique<PatientBroker>(std::move(broker));
}

}  // namespace auspex::engine::test
