// SPDX-License-Identifier: Apache-2.0
// PREDICT of models that servers hold: draws wait for their scores, and rows that get none go by
// the statement's policies.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "operators/KeptScores.h"
#include "operators/LateShadow.h"
#include "operators/PredictOperator.h"
#include "operators/RemoteScorer.h"
#include "operators/ShadowRecords.h"
#include "operators/ShareRows.h"
#include "operators/VersionScorer.h"
#include "operators/expressions/Evaluator.h"

namespace auspex::operators {

/// Columns out: as PredictDescription says. Rows that are absent are not asked for. What a version
/// in the shadow gave is written when the draw is done. One thread.
class LatePredict final : public LateOperator {
 public:
  LatePredict(const PredictDescription& description, TaskServices& services);

  bool isFull() const override;
  void submit(std::span<Batch> inputs, DrawContext& context) override;
  std::optional<Batch> poll(DrawContext& context) override;
  void conclude(DrawContext& context) override;
  void forget() override;

 private:
  /// A row that got no score.
  struct Unscored {
    uint32_t row = 0;  // of the batch
    RowFailure::Reason reason = RowFailure::Reason::Refused;
    std::string message;
  };
  /// A draw's rows, and what is known of their scores.
  struct Waiting {
    Batch batch;
    std::vector<ColumnPtr> arguments;
    std::shared_ptr<const ServedModel> served;
    std::vector<uint32_t> shareOf;  // per row; empty: all are of share 0
    size_t numOpen = 0;             // requests
    std::vector<double> scores;     // per row as many as the model has outputs
    std::vector<uint8_t> isScored;  // per row
    std::vector<Unscored> unscored;
    ShadowSample sample;
  };
  /// Who scored the rows.
  struct Scorers {
    std::vector<int32_t> versions;
    std::vector<std::string_view> variants;
    std::vector<uint8_t> isByFallback;  // empty: none
  };

  void serveNewest();
  void requestShares(Waiting& waiting, std::span<const uint32_t> present);
  void request(Waiting& waiting, size_t share, std::span<const uint32_t> rows);
  void takeScores(ScoredBatch& scored);
  void pollShadow();
  Batch finish(Waiting& waiting, DrawContext& context);
  Scorers scorersOf(const Waiting& waiting) const;
  /// Returns the rows to drop.
  std::vector<uint8_t> settle(Waiting& waiting, Scorers& scorers, DrawContext& context);
  void scoreByFallback(Waiting& waiting, const std::vector<uint32_t>& rows, Scorers& scorers);
  std::vector<ColumnPtr> makeColumns(Waiting& waiting, Scorers scorers) const;

  const PredictDescription& description_;
  TaskServices& services_;
  const std::shared_ptr<const ServedModel>& served_;  // changes between draws
  const std::shared_ptr<const ServedModel>* servedFallback_ = nullptr;
  std::function<void()> wake_;
  std::shared_ptr<const ServedModel> current_;  // what the scorers were made for
  std::vector<ArgumentKind> kinds_;
  Evaluator arguments_;
  ShareRows shares_;
  size_t width_;                                                  // numbers per row
  std::vector<std::unique_ptr<RemoteScorer>> scorers_;            // one per share
  std::map<uint32_t, std::unique_ptr<VersionScorer>> fallbacks_;  // by version
  std::optional<KeptScores> kept_;
  std::optional<LateShadow> shadow_;
  std::optional<ShadowRecords> shadowRecords_;
  std::deque<Waiting> waiting_;                     // oldest first
  uint64_t firstNumber_ = 0;                        // of the oldest
  std::deque<std::vector<ShadowRecord>> givenOut_;  // of draws that are not done, oldest first
  std::vector<ScoredBatch> done_;
};

}  // namespace auspex::operators
