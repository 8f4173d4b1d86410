// SPDX-License-Identifier: Apache-2.0
#include "operators/models/embedded/EmbeddedPredictor.h"

#include <iterator>
#include <utility>

#include "operators/data/Assert.h"

namespace auspex::operators {

std::unique_ptr<Predictor> EmbeddedPredictor::make(const PredictorSettings& settings) {
  return std::make_unique<EmbeddedPredictor>(settings.maxRowsInFlight);
}

bool EmbeddedPredictor::submit(FeatureBatch& batch) {
  AUSPEX_ASSERT(batch.version != nullptr);
  const ModelVersion& version = *batch.version;
  const size_t rows = batch.rowIds.size();
  const size_t features = version.info().features.size();
  const size_t outputs = version.outputsPerRow(batch.form);
  AUSPEX_ASSERT(outputs > 0);
  const bool isWide = version.info().isWide;
  AUSPEX_ASSERT((isWide ? batch.wideMatrix.size() : batch.matrix.size()) == rows * features);
  if (rowsInFlight_ > 0 && rowsInFlight_ + rows > maxRowsInFlight_) {
    return false;
  }
  ScoredBatch scored;
  scored.outputsPerRow = outputs;
  if (isWide) {
    scored.scores.resize(rows * outputs);
    version.scoreWide({batch.wideMatrix.data(), rows, features}, batch.form, scored.scores);
  } else {
    scores_.resize(rows * outputs);
    version.score({batch.matrix.data(), rows, features}, batch.form, scores_);
    scored.scores.assign(scores_.begin(), scores_.end());
  }
  scored.request = std::move(batch);
  rowsInFlight_ += rows;
  done_.push_back(std::move(scored));
  return true;
}

size_t EmbeddedPredictor::poll(std::vector<ScoredBatch>& done) {
  const size_t numDone = done_.size();
  done.insert(done.end(), std::make_move_iterator(done_.begin()),
              std::make_move_iterator(done_.end()));
  done_.clear();
  rowsInFlight_ = 0;
  return numDone;
}

}  // namespace auspex::operators
