// SPDX-License-Identifier: Apache-2.0
// Has rows scored by one version of a model that a server holds.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "operators/data/Column.h"
#include "operators/models/FeatureBinding.h"
#include "operators/models/Predictors.h"

namespace auspex::operators {

/// More than the requests in flight of a model that is asked for many rows at a time, so that the
/// next ones are ready.
inline constexpr size_t kMaxRowsInFlight = 16'384;

/// Turns columns into typed features and hands them to a predictor, which may take them later. One
/// thread.
class RemoteScorer {
 public:
  /// planned, kinds: as VersionScorer's. wake, maxRowsInFlight: as PredictorSettings'. Throws
  /// ModelError.
  RemoteScorer(std::shared_ptr<const ModelVersion> version, const ModelInfo& planned,
               std::span<const ArgumentKind> kinds, const std::string& deployment,
               std::function<void()> wake, size_t maxRowsInFlight = kMaxRowsInFlight);

  const std::shared_ptr<const ModelVersion>& version() const { return version_; }

  /// Submits these rows (in order; at least one) of the arguments, under a number of the caller's.
  void submit(uint64_t id, std::span<const ColumnPtr> arguments, std::span<const uint32_t> rows);
  /// Appends what is done, in the order of submission or another.
  void poll(std::vector<ScoredBatch>& done);
  /// Rows wait that the predictor has no room for.
  bool isFull() const { return !waiting_.empty(); }

 private:
  void submitWaiting();

  std::shared_ptr<const ModelVersion> version_;
  FeatureBinding binding_;
  std::unique_ptr<Predictor> predictor_;
  std::deque<FeatureBatch> waiting_;
};

}  // namespace auspex::operators
