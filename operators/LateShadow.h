// SPDX-License-Identifier: Apache-2.0
// The shadow of a model of servers: its requests go beside those for the result, which waits for
// them no longer than a request may take.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "operators/PredictOperator.h"
#include "operators/RemoteScorer.h"
#include "operators/ShadowRecords.h"
#include "operators/models/ModelRoute.h"
#include "operators/models/rpc/RemoteModel.h"

namespace auspex::operators {

/// The sampled rows of a draw, and what the shadow gave for them.
struct ShadowSample {
  std::vector<uint32_t> rows;       ///< of the batch, ascending
  std::vector<double> scores;       ///< per row as many as the model has outputs; NaN without one
  std::vector<std::string> errors;  ///< per row why it has no score; empty: it has one
  bool isOpen = false;              ///< its scores are neither there nor given up
  /// Until when they are waited for; unset while the draw waits for the result itself.
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

/// Asks once for each row. Rows that come while there are enough under way, and those whose answers
/// are not there the version's TIMEOUT after the result itself, go without a score. Never throws
/// for what a server does. One thread.
class LateShadow {
 public:
  /// served: has a shadow of a server (asserted). kinds: of the arguments. wake: as RemoteScorer's.
  LateShadow(const PredictDescription& description, const ServedModel& served,
             std::span<const ArgumentKind> kinds, std::function<void()> wake);

  /// Chooses rows of a draw and asks for their scores, under a number of the caller's.
  ShadowSample submit(uint64_t number, const Batch& batch, std::span<const ColumnPtr> arguments,
                      const Draw& draw);
  /// Appends what has come, perhaps for draws that are gone.
  void poll(std::vector<ScoredBatch>& done) { scorer_.poll(done); }
  static void take(ScoredBatch& scored, ShadowSample& sample);
  /// The draw waits for nothing but its sample from now on.
  void setDeadline(ShadowSample& sample) const;
  /// Whether the sample, whose deadline is set, is to be waited for; if so, `wake` is called in
  /// time. What is late is given up.
  bool holds(ShadowSample& sample);

  /// The records of a sample that nothing is waited for any more. fallback: the model that scored
  /// the rows of the batch that are marked; no marks, no rows.
  std::vector<ShadowRecord> describe(const ShadowSample& sample, const Batch& batch,
                                     const ServedScores& served,
                                     std::span<const uint8_t> isByFallback, const Draw& draw) const;

 private:
  void giveUp(ShadowSample& sample, const std::string& reason) const;

  const PredictDescription& description_;
  std::shared_ptr<const RemoteModel> version_;
  uint32_t sampledBuckets_;
  std::function<void()> wake_;
  RemoteScorer scorer_;
  std::optional<std::chrono::steady_clock::time_point> timer_;  // the last one set
};

}  // namespace auspex::operators
