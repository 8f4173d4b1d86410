// SPDX-License-Identifier: Apache-2.0
// Scores a sample of rows with a version in the shadow and writes both scores to a topic of their
// own; nobody downstream sees them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/Operator.h"
#include "operators/Outbox.h"
#include "operators/VersionScorer.h"
#include "operators/ports/RecordChannel.h"

namespace auspex::operators {

/// What the rows of a batch got from the versions that serve.
struct ServedScores {
  const Column& predictions;
  const Column& versions;
};

/// One record per sampled row: the key of the record it comes from; as value a JSON object with
/// `model`, `version`, `score`, `shadowVersion`, `shadowScore`, `topic`, `partition`, `offset`.
/// Which rows are sampled is decided by the hash of the coordinates of their records. One thread.
class ShadowScores {
 public:
  ShadowScores(RecordChannel& channel, std::string topic, std::string model)
      : channel_(channel), topic_(std::move(topic)), model_(std::move(model)) {}

  /// arguments: of the batch's new side. scorer: of the version in the shadow. type: of PREDICT.
  /// Records that the topic does not take are left out.
  void process(const Batch& batch, std::span<const ColumnPtr> arguments, uint32_t sampledBuckets,
               VersionScorer& scorer, const SqlType& type, const ServedScores& served,
               DrawContext& context);

 private:
  void chooseRows(const Batch& batch, uint32_t sampledBuckets, const Draw& draw);
  std::string describeRow(const DrawnRecord& drawn, size_t row, const ServedScores& served,
                          const VersionScorer& scorer, const Column& scores, size_t place) const;

  RecordChannel& channel_;
  std::string topic_;
  std::string model_;
  std::vector<uint32_t> rows_;
  Outbox outbox_;
};

}  // namespace auspex::operators
