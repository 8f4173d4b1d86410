// SPDX-License-Identifier: Apache-2.0
// Reads a partition of the embedded broker: runs are read whole, checked, and handed out as views.
#pragma once

#include <deque>
#include <memory>
#include <string_view>
#include <utility>

#include "engine/brokers/Broker.h"
#include "engine/brokers/local/LocalLog.h"
#include "engine/brokers/local/RecordRun.h"

namespace auspex::engine {

/// See PartitionReader. Keeps one run in memory; what it handed out keeps its runs alive by itself.
class LocalReader final : public PartitionReader {
 public:
  LocalReader(std::shared_ptr<LocalLog> log, std::shared_ptr<LocalPartition> partition,
              int64_t position)
      : log_(std::move(log)), partition_(std::move(partition)), position_(position) {}

  std::shared_ptr<const operators::FetchedRecords> poll(size_t maxRecords) override;
  int64_t position() const override { return position_; }
  bool atEnd() const override { return atEnd_; }

 private:
  using RunBytes = std::shared_ptr<const char[]>;

  void loadRun(int64_t end);
  [[noreturn]] void failDamagedRun() const;

  const std::shared_ptr<LocalLog> log_;
  const std::shared_ptr<LocalPartition> partition_;
  int64_t position_;
  bool atEnd_ = false;
  std::deque<RunSource> ahead_;  // runs known to come next
  RunSource current_;
  RunBytes bytes_;  // of the run being handed out
  RecordRunReader records_;
};

}  // namespace auspex::engine
