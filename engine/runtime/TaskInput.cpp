// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/TaskInput.h"

namespace auspex::engine {

void TaskInput::openAt(Broker& broker, int64_t position, const std::shared_ptr<Wakeup>& wakeup) {
  committedPosition_ = position;
  goBackTo(broker, position, wakeup);
}

void TaskInput::goBackTo(Broker& broker, int64_t position, const std::shared_ptr<Wakeup>& wakeup) {
  buffers_.clear();
  next_ = 0;
  waiting_ = 0;
  reader_.reset();
  reader_ = broker.openReader(partition_, position, Isolation::ReadCommitted, wakeup);
}

void TaskInput::fetch(size_t wanted) {
  while (waiting_ < wanted) {
    std::shared_ptr<const operators::FetchedRecords> fetched = reader_->poll(wanted - waiting_);
    if (!fetched || fetched->records.empty()) {
      return;
    }
    waiting_ += fetched->records.size();
    buffers_.push_back(std::move(fetched));
  }
}

size_t TaskInput::drawInto(operators::Draw& draw, size_t limit, int64_t notAfter) {
  size_t taken = 0;
  while (taken < limit && hasRecord()) {
    const std::shared_ptr<const operators::FetchedRecords>& buffer = buffers_.front();
    if (draw.buffers.empty() || draw.buffers.back() != buffer) {
      draw.buffers.push_back(buffer);
    }
    const operators::FetchedRecords& fetched = *buffer;
    while (taken < limit && next_ < fetched.records.size() &&
           fetched.records[next_].timestamp <= notAfter && fetched.records[next_].offset < hold_) {
      draw.records.push_back({&fetched.records[next_], &fetched, source_});
      ++next_;
      ++taken;
    }
    const bool stopped = next_ < fetched.records.size();
    if (!stopped) {
      buffers_.pop_front();
      next_ = 0;
    }
    if (stopped) {
      break;
    }
  }
  waiting_ -= taken;
  return taken;
}

}  // namespace auspex::engine
