// SPDX-License-Identifier: Apache-2.0
// One input partition of a task: its reader, what has been fetched and not yet processed, and how
// far the task has come.
#pragma once

#include <deque>
#include <limits>
#include <memory>
#include <optional>

#include "engine/brokers/Broker.h"
#include "operators/data/Draw.h"

namespace auspex::engine {

/// One thread.
class TaskInput {
 public:
  TaskInput(uint32_t source, TopicPartition partition)
      : source_(source), partition_(std::move(partition)) {}

  uint32_t source() const { return source_; }
  const TopicPartition& partition() const { return partition_; }

  /// Begins, or begins again, at `position`; drops what was fetched.
  void openAt(Broker& broker, int64_t position, const std::shared_ptr<Wakeup>& wakeup);

  /// Goes back to `position`, behind what is committed, to give out again what follows.
  void goBackTo(Broker& broker, int64_t position, const std::shared_ptr<Wakeup>& wakeup);

  /// Fetches when fewer than `wanted` records wait.
  void fetch(size_t wanted);

  /// No record from `offset` on is given out, until the next call; nothing: all are.
  void holdAt(std::optional<int64_t> offset) {
    hold_ = offset.value_or(std::numeric_limits<int64_t>::max());
  }
  /// All before the offset to hold at is given out.
  bool isHeld() const { return position() >= hold_; }

  bool hasRecord() const { return hasBuffered() && front().offset < hold_; }
  /// The next record to process. hasRecord() must hold.
  const operators::Record& front() const { return buffers_.front()->records[next_]; }
  /// Appends up to `limit` waiting records to the draw and passes them; the draw keeps the buffers.
  /// Stops before a record later than `notAfter`. Returns how many.
  size_t drawInto(operators::Draw& draw, size_t limit, int64_t notAfter);

  /// Nothing waits, and the reader saw the end of the partition at its last look.
  bool atEnd() const { return !hasBuffered() && reader_->atEnd(); }
  /// The next offset to process, control records passed.
  int64_t position() const { return hasBuffered() ? front().offset : reader_->position(); }
  /// The offset of the last call of markCommitted(): the next to process after an abort.
  int64_t committedPosition() const { return committedPosition_; }
  void markCommitted() { markCommitted(position()); }
  void markCommitted(int64_t position) { committedPosition_ = position; }

 private:
  bool hasBuffered() const { return next_ < numBuffered(); }
  size_t numBuffered() const { return buffers_.empty() ? 0 : buffers_.front()->records.size(); }

  uint32_t source_;
  TopicPartition partition_;
  std::unique_ptr<PartitionReader> reader_;
  std::deque<std::shared_ptr<const operators::FetchedRecords>> buffers_;
  size_t next_ = 0;     // index into the front buffer
  size_t waiting_ = 0;  // records not yet drawn, over all buffers
  int64_t committedPosition_ = 0;
  int64_t hold_ = std::numeric_limits<int64_t>::max();
};

}  // namespace auspex::engine
