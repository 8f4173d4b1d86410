// SPDX-License-Identifier: Apache-2.0
// What a draw writes to one topic.
#pragma once

#include <string>
#include <vector>

#include "operators/Operator.h"
#include "operators/ports/RecordChannel.h"

namespace auspex::operators {

/// Records of one draw on their way into a topic, each with the drawn record it comes from. Kept
/// from draw to draw for its memory.
class Outbox {
 public:
  void clear();
  void add(OutgoingRecord record, uint32_t drawIndex);
  /// Sends what the topic takes; the rest is reported as errors of its drawn records.
  void sendTo(RecordChannel& channel, const std::string& topic, DrawContext& context);

 private:
  void dropRefused(const std::string& topic, DrawContext& context);

  std::vector<OutgoingRecord> records_;
  std::vector<uint32_t> drawIndexes_;
  std::vector<RefusedRecord> refused_;
};

}  // namespace auspex::operators
