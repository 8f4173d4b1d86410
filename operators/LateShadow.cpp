// SPDX-License-Identifier: Apache-2.0
#include "operators/LateShadow.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "operators/ScoreColumns.h"
#include "operators/data/Assert.h"
#include "operators/models/rpc/RemoteHealth.h"

namespace auspex::operators {
namespace {

std::shared_ptr<const RemoteModel> shadowOf(const ServedModel& served) {
  const auto* const version = dynamic_cast<const RemoteModel*>(served.shadow.get());
  AUSPEX_ASSERT(version != nullptr && served.route.shadow);
  return version->shadow();
}

/// What is asked at a time, and as much behind it: more would only be late.
size_t mostRowsOf(const RemoteModelOptions& options) {
  return std::min(kMaxRowsInFlight, 2 * options.maxInFlight * options.batchMaxRows);
}

}  // namespace

LateShadow::LateShadow(const PredictDescription& description, const ServedModel& served,
                       std::span<const ArgumentKind> kinds, std::function<void()> wake)
    : description_(description),
      version_(shadowOf(served)),
      sampledBuckets_(served.route.shadow->sampledBuckets),
      wake_(std::move(wake)),
      scorer_(version_, description.version->info(), kinds, description.deployment, wake_,
              mostRowsOf(version_->options())) {
}

ShadowSample LateShadow::submit(uint64_t number, const Batch& batch,
                                std::span<const ColumnPtr> arguments, const Draw& draw) {
  ShadowSample sample;
  sample.rows = sampleRows(batch, sampledBuckets_, draw);
  if (sample.rows.empty()) {
    return sample;
  }
  if (scorer_.isFull()) {
    giveUp(sample, "not asked: rows before it still wait for an answer");
    return sample;
  }
  sample.isOpen = true;
  scorer_.submit(number, arguments, sample.rows);
  return sample;
}

void LateShadow::take(ScoredBatch& scored, ShadowSample& sample) {
  if (!sample.isOpen) {
    return;  // given up before
  }
  AUSPEX_ASSERT(scored.request.rowIds.size() == sample.rows.size());
  sample.isOpen = false;
  sample.scores = std::move(scored.scores);
  sample.errors.resize(sample.rows.size());
  for (RowFailure& failure : scored.failures) {
    sample.errors[failure.rowIndex] = std::move(failure.message);
  }
}

void LateShadow::setDeadline(ShadowSample& sample) const {
  sample.deadline = version_->transport().now() + version_->options().timeout;
}

bool LateShadow::holds(ShadowSample& sample) {
  if (!sample.isOpen) {
    return false;
  }
  AUSPEX_ASSERT(sample.deadline);
  HttpTransport& transport = version_->transport();
  if (transport.now() >= *sample.deadline) {
    giveUp(sample, fmt::format("no answer {} milliseconds after the result was there",
                               version_->options().timeout.count()));
    return false;
  }
  if (version_->health().breakerState() != CircuitBreaker::State::Closed) {
    // Whether the server is back the breaker finds out by itself, late answers included.
    giveUp(sample, "its server is left alone: " + version_->health().snapshot().lastFailure);
    return false;
  }
  if (wake_ && timer_ != sample.deadline) {
    timer_ = sample.deadline;
    transport.callAt(*timer_, wake_);
  }
  return true;
}

void LateShadow::giveUp(ShadowSample& sample, const std::string& reason) const {
  const size_t width = version_->outputsPerRow(OutputForm::Prediction);
  sample.isOpen = false;
  sample.scores.assign(sample.rows.size() * width, std::numeric_limits<double>::quiet_NaN());
  sample.errors.assign(sample.rows.size(), reason);
}

std::vector<ShadowRecord> LateShadow::describe(const ShadowSample& sample, const Batch& batch,
                                               const ServedScores& served,
                                               std::span<const uint8_t> isByFallback,
                                               const Draw& draw) const {
  AUSPEX_ASSERT(!sample.isOpen);
  std::vector<ShadowRecord> records;
  if (sample.rows.empty()) {
    return records;
  }
  std::vector<uint8_t> isScored;
  for (const std::string& error : sample.errors) {
    isScored.push_back(error.empty() ? 1 : 0);
  }
  const size_t width = version_->outputsPerRow(OutputForm::Prediction);
  const ColumnPtr scores = numbersToColumn(typeOf(PredictSlot::Prediction, *description_.version),
                                           sample.scores, width, std::move(isScored));
  records.reserve(sample.rows.size());
  for (size_t place = 0; place < sample.rows.size(); ++place) {
    const uint32_t row = sample.rows[place];
    const bool isReplaced = !isByFallback.empty() && isByFallback[row] != 0;
    const ShadowedRow shadowed{
        served,
        row,
        isReplaced ? std::string_view(description_.policies.fallback) : std::string_view(),
        version_->info().version,
        *scores,
        place,
        sample.errors[place]};
    const uint32_t drawIndex = batch.drawIndex[row];
    records.push_back(
        {drawIndex, batch.timestamps[row],
         ShadowRecords::describe(description_.model, shadowed, draw.records[drawIndex])});
  }
  return records;
}

}  // namespace auspex::operators
