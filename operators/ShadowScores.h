// SPDX-License-Identifier: Apache-2.0
// Scores a sample of rows with a version in the shadow, in this process, and writes both scores to
// a topic of their own; nobody downstream sees them.
#pragma once

#include <string>
#include <vector>

#include "operators/ShadowRecords.h"
#include "operators/VersionScorer.h"

namespace auspex::operators {

/// Which rows are sampled is decided by sampleRows; records are those of ShadowRecords. One thread.
class ShadowScores {
 public:
  ShadowScores(RecordChannel& channel, std::string topic, std::string model)
      : records_(channel, std::move(topic)), model_(std::move(model)) {}

  /// arguments: of the batch's new side. scorer: of the version in the shadow. type: of PREDICT.
  /// Records that the topic does not take are left out.
  void process(const Batch& batch, std::span<const ColumnPtr> arguments, uint32_t sampledBuckets,
               VersionScorer& scorer, const SqlType& type, const ServedScores& served,
               DrawContext& context);

 private:
  ShadowRecords records_;
  std::string model_;
};

}  // namespace auspex::operators
