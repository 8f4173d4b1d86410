// SPDX-License-Identifier: Apache-2.0
#include "operators/Outbox.h"

#include <utility>

#include "operators/data/Assert.h"

namespace auspex::operators {

void Outbox::clear() {
  records_.clear();
  drawIndexes_.clear();
}

void Outbox::add(OutgoingRecord record, uint32_t drawIndex) {
  records_.push_back(std::move(record));
  drawIndexes_.push_back(drawIndex);
}

void Outbox::sendTo(RecordChannel& channel, const std::string& topic, DrawContext& context) {
  if (records_.empty()) {
    return;
  }
  refused_.clear();
  channel.findRefused(records_, drawIndexes_, refused_);
  if (!refused_.empty()) {
    dropRefused(topic, context);
  }
  if (!records_.empty()) {
    channel.send(records_);
  }
}

void Outbox::dropRefused(const std::string& topic, DrawContext& context) {
  size_t numKept = 0;
  size_t next = 0;
  for (size_t i = 0; i < records_.size(); ++i) {
    if (next < refused_.size() && refused_[next].index == i) {
      context.errors.add(drawIndexes_[i], RowErrorKind::Unwritable, "write to " + topic,
                         refused_[next].reason);
      ++next;
    } else {
      records_[numKept++] = std::move(records_[i]);
    }
  }
  AUSPEX_ASSERT(next == refused_.size());
  records_.resize(numKept);
}

}  // namespace auspex::operators
