// SPDX-License-Identifier: Apache-2.0
// What a task writes through its thread's transaction: output topics and its changelog. For the
// task's own sources.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/WallClock.h"
#include "engine/brokers/local/TopicRules.h"
#include "engine/runtime/MergedRecords.h"
#include "engine/runtime/Task.h"
#include "stateStore/Changelog.h"

namespace auspex::engine {

/// An output topic of the task, written through the thread's transaction.
class Task::TopicChannel final : public operators::RecordChannel {
 public:
  TopicChannel(Task& task, TopicDescription topic, bool internal, size_t maxMergedBytes)
      : task_(task),
        topic_(std::move(topic)),
        internal_(internal),
        maxMergedBytes_(maxMergedBytes) {}

  int32_t numPartitions() const override { return topic_.numPartitions; }
  void findRefused(std::span<const operators::OutgoingRecord> records,
                   std::span<const uint32_t> drawIndexes,
                   std::vector<operators::RefusedRecord>& refused) const override {
    const int64_t now = wallClock();
    for (size_t i = 0; i < records.size(); ++i) {
      std::optional<std::string> reason = refusalOf(topic_, records[i], now);
      if (!reason && !task_.refused_.empty()) {
        reason = task_.earlierRefusal(drawIndexes[i]);
      }
      if (reason) {
        refused.push_back({i, std::move(*reason)});
      }
    }
  }
  void send(std::span<const operators::OutgoingRecord> records) override {
    if (maxMergedBytes_ == 0) {
      write(records);
      return;
    }
    for (const operators::OutgoingRecord& record : records) {
      if (record.key) {
        merged_.add(record);
      } else {
        write({&record, 1});
      }
    }
    if (merged_.sizeBytes() > maxMergedBytes_) {
      writeMerged();
    }
  }
  /// Before a commit: writes what waits for it.
  void writeMerged() {
    merged_.writeTo([this](std::span<const operators::OutgoingRecord> records) { write(records); });
  }

 private:
  void write(std::span<const operators::OutgoingRecord> records) {
    task_.writer_->send(topic_.name, records);
    if (!internal_) {
      task_.rowsOut_ += records.size();
    }
  }

  Task& task_;
  TopicDescription topic_;
  bool internal_;
  size_t maxMergedBytes_;
  MergedRecords merged_;
};

/// The task's partition of its changelog topic.
class Task::TopicChangelog final : public stateStore::Changelog {
 public:
  explicit TopicChangelog(Task& task) : task_(task) {}

  void append(std::string_view key, std::optional<std::string_view> value) override {
    // Changelog records carry the wall clock, so that retention by time means what it says; event
    // time is in the values.
    operators::OutgoingRecord record;
    record.partition = task_.assignment_.partition;
    record.key = key;
    record.value = value;
    record.timestamp = wallClock();
    task_.writer_->send(task_.assignment_.changelogTopic, {&record, 1});
    ++numRecords_;
  }
  /// Records appended since the last call.
  int64_t takeCount() { return std::exchange(numRecords_, 0); }

 private:
  Task& task_;
  int64_t numRecords_ = 0;
};

}  // namespace auspex::engine
