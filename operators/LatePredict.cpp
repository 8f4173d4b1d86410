// SPDX-License-Identifier: Apache-2.0
#include "operators/LatePredict.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "operators/ScoreColumns.h"
#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"

namespace auspex::operators {
namespace {

/// Requests of a draw are numbered by draw and share.
constexpr uint64_t kMaxShares = 1024;

std::vector<uint32_t> presentRows(const Batch& batch) {
  std::vector<uint32_t> rows;
  rows.reserve(batch.numRows);
  for (uint32_t row = 0; row < batch.numRows; ++row) {
    if (batch.isPresent(row)) {
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace

LatePredict::LatePredict(const PredictDescription& description, TaskServices& services)
    : description_(description),
      services_(services),
      served_(services.servedModel(description.model)),
      wake_(services.waker()),
      arguments_(description.arguments),
      shares_(description.splitKey),
      width_(description.version->outputsPerRow(OutputForm::Prediction)) {
  for (const ExpressionPtr& argument : description.arguments) {
    kinds_.push_back(argumentKindOf(argument->type()));
  }
  if (!description.policies.fallback.empty()) {
    servedFallback_ = &services.servedModel(description.policies.fallback);
  }
  if (!description.store.empty()) {
    kept_.emplace(services.store(description.store), description.keyColumns, description.keyTypes,
                  description.keptTypes());
  }
}

bool LatePredict::isFull() const {
  return std::any_of(scorers_.begin(), scorers_.end(),
                     [](const auto& scorer) { return scorer->isFull(); });
}

void LatePredict::serveNewest() {
  if (served_ == current_) {
    return;
  }
  AUSPEX_ASSERT(waiting_.empty());  // models change while no draw waits
  std::vector<std::unique_ptr<RemoteScorer>> scorers;
  for (const std::shared_ptr<const ModelVersion>& version : served_->versions) {
    scorers.push_back(std::make_unique<RemoteScorer>(version, description_.version->info(), kinds_,
                                                     description_.deployment, wake_));
  }
  AUSPEX_ASSERT(scorers.size() <= kMaxShares);
  scorers_ = std::move(scorers);
  shadow_.reset();
  if (served_->shadow && !description_.shadowTopic.empty()) {
    shadow_.emplace(description_, *served_, kinds_, wake_);
  }
  current_ = served_;
}

void LatePredict::submit(std::span<Batch> inputs, DrawContext& context) {
  Waiting waiting;
  waiting.batch = std::move(inputs[0]);
  const Batch& batch = waiting.batch;
  const std::vector<uint32_t> present = presentRows(batch);
  if (!present.empty()) {
    serveNewest();
    const EvaluationInput side = EvaluationInput::newSide(batch);
    waiting.served = current_;
    waiting.arguments = arguments_.evaluate(side, context.errors);
    waiting.scores.assign(batch.numRows * width_, std::numeric_limits<double>::quiet_NaN());
    shares_.assign(side, current_->route, context.errors);
  }
  waiting.isScored.assign(batch.numRows, 0);
  waiting_.push_back(std::move(waiting));
  if (present.empty()) {
    return;
  }
  Waiting& added = waiting_.back();
  requestShares(added, present);
  if (shadow_) {
    added.sample = shadow_->submit(firstNumber_ + waiting_.size() - 1, added.batch, added.arguments,
                                   context.draw);
  }
}

void LatePredict::requestShares(Waiting& waiting, std::span<const uint32_t> present) {
  if (!shares_.isSplit()) {
    request(waiting, 0, present);
    return;
  }
  std::vector<std::vector<uint32_t>> rowsOf(scorers_.size());
  waiting.shareOf.resize(waiting.batch.numRows);
  for (const uint32_t row : present) {
    waiting.shareOf[row] = shares_.shareOf(row);
    rowsOf[shares_.shareOf(row)].push_back(row);
  }
  for (size_t share = 0; share < rowsOf.size(); ++share) {
    request(waiting, share, rowsOf[share]);
  }
}

void LatePredict::request(Waiting& waiting, size_t share, std::span<const uint32_t> rows) {
  if (!rows.empty()) {
    ++waiting.numOpen;
    const uint64_t number = firstNumber_ + waiting_.size() - 1;
    scorers_[share]->submit(number * kMaxShares + share, waiting.arguments, rows);
  }
}

std::optional<Batch> LatePredict::poll(DrawContext& context) {
  AUSPEX_ASSERT(!waiting_.empty());
  for (const std::unique_ptr<RemoteScorer>& scorer : scorers_) {
    done_.clear();
    scorer->poll(done_);
    for (ScoredBatch& scored : done_) {
      takeScores(scored);
    }
  }
  if (shadow_) {
    pollShadow();
  }
  if (waiting_.front().numOpen > 0 || (shadow_ && shadow_->holds(waiting_.front().sample))) {
    return std::nullopt;
  }
  Waiting oldest = std::move(waiting_.front());
  waiting_.pop_front();
  ++firstNumber_;
  if (!description_.shadowTopic.empty()) {
    givenOut_.emplace_back();
  }
  return oldest.batch.numRows == 0 ? Batch{} : finish(oldest, context);
}

void LatePredict::pollShadow() {
  done_.clear();
  shadow_->poll(done_);
  for (ScoredBatch& scored : done_) {
    // Draws that were given up are gone by now.
    if (scored.request.id >= firstNumber_) {
      LateShadow::take(scored, waiting_[scored.request.id - firstNumber_].sample);
    }
  }
}

void LatePredict::conclude(DrawContext& context) {
  if (description_.shadowTopic.empty()) {
    return;
  }
  AUSPEX_ASSERT(!givenOut_.empty());
  const std::vector<ShadowRecord> records = std::move(givenOut_.front());
  givenOut_.pop_front();
  if (records.empty()) {
    return;
  }
  if (!shadowRecords_) {
    shadowRecords_.emplace(services_.channel(description_.shadowTopic), description_.shadowTopic);
  }
  shadowRecords_->send(records, context.draw);
}

void LatePredict::takeScores(ScoredBatch& scored) {
  Waiting& waiting = waiting_[scored.request.id / kMaxShares - firstNumber_];
  const std::vector<uint64_t>& rows = scored.request.rowIds;
  AUSPEX_ASSERT(scored.outputsPerRow == width_ && scored.scores.size() == rows.size() * width_);
  if (--waiting.numOpen == 0 && shadow_) {
    shadow_->setDeadline(waiting.sample);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto first = scored.scores.begin() + static_cast<ptrdiff_t>(i * width_);
    std::copy_n(first, width_, waiting.scores.begin() + static_cast<ptrdiff_t>(rows[i] * width_));
    waiting.isScored[rows[i]] = 1;
  }
  for (RowFailure& failure : scored.failures) {
    const auto row = static_cast<uint32_t>(rows[failure.rowIndex]);
    waiting.isScored[row] = 0;
    waiting.unscored.push_back({row, failure.reason, std::move(failure.message)});
  }
}

Batch LatePredict::finish(Waiting& waiting, DrawContext& context) {
  Scorers scorers = scorersOf(waiting);
  const std::vector<uint8_t> isDropped = settle(waiting, scorers, context);
  const std::vector<uint8_t> isByFallback = std::move(scorers.isByFallback);
  std::vector<ColumnPtr> scores = makeColumns(waiting, std::move(scorers));
  if (!waiting.sample.rows.empty()) {
    const ServedScores served{*scores[static_cast<size_t>(PredictSlot::Prediction)],
                              *scores[static_cast<size_t>(PredictSlot::Version)]};
    givenOut_.back() =
        shadow_->describe(waiting.sample, waiting.batch, served, isByFallback, context.draw);
  }
  Batch batch = std::move(waiting.batch);
  const auto append = [&](std::vector<ColumnPtr> added, std::vector<ColumnPtr>& columns) {
    for (size_t slot = 0; slot < kNumPredictSlots; ++slot) {
      columns.push_back(description_.wanted[slot] ? std::move(added[slot]) : nullptr);
    }
  };
  if (kept_ && batch.carriesOld) {
    append(kept_->exchangeSlots(batch, scores, description_.keptSlots()), batch.oldColumns);
  } else {
    batch.carriesOld = false;  // nobody has asked for it
    batch.oldColumns.clear();
    batch.oldPresent.clear();
  }
  append(std::move(scores), batch.columns);
  if (isDropped.empty()) {
    return batch;
  }
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < batch.numRows; ++row) {
    if (isDropped[row] == 0) {
      rows.push_back(row);
    }
  }
  return gatherRows(batch, rows);
}

LatePredict::Scorers LatePredict::scorersOf(const Waiting& waiting) const {
  const size_t numRows = waiting.batch.numRows;
  Scorers scorers{std::vector<int32_t>(numRows, 0), std::vector<std::string_view>(numRows), {}};
  for (size_t row = 0; waiting.served && row < numRows; ++row) {
    const auto& share =
        waiting.served->route.shares[waiting.shareOf.empty() ? 0 : waiting.shareOf[row]];
    scorers.versions[row] = static_cast<int32_t>(share.version);
    scorers.variants[row] = share.variant;
  }
  return scorers;
}

std::vector<uint8_t> LatePredict::settle(Waiting& waiting, Scorers& scorers, DrawContext& context) {
  std::vector<uint8_t> isDropped;
  std::vector<uint32_t> forFallback;
  std::sort(waiting.unscored.begin(), waiting.unscored.end(),
            [](const Unscored& left, const Unscored& right) { return left.row < right.row; });
  for (const Unscored& failed : waiting.unscored) {
    const bool isRefused = failed.reason == RowFailure::Reason::Refused;
    const FailurePolicies& policies = description_.policies;
    const std::string place =
        fmt::format("model {} version {}", description_.model, scorers.versions[failed.row]);
    const uint32_t drawIndex = waiting.batch.drawIndex[failed.row];
    switch (isRefused ? policies.onError : policies.onUnavailable) {
      case FailurePolicy::Wait:
      case FailurePolicy::Fail:
        throw ModelError(fmt::format("{}: {}", place, failed.message));
      case FailurePolicy::Null:
        context.errors.add(drawIndex, RowErrorKind::Expression, place, failed.message);
        break;
      case FailurePolicy::DeadLetter:
        context.errors.add(drawIndex, RowErrorKind::Unwritable, place, failed.message);
        if (!description_.isTable) {
          isDropped.resize(waiting.batch.numRows, 0);
          isDropped[failed.row] = 1;
        }
        break;
      case FailurePolicy::Fallback:
        forFallback.push_back(failed.row);
        break;
    }
  }
  if (!forFallback.empty()) {
    scoreByFallback(waiting, forFallback, scorers);
  }
  return isDropped;
}

void LatePredict::scoreByFallback(Waiting& waiting, const std::vector<uint32_t>& rows,
                                  Scorers& scorers) {
  AUSPEX_ASSERT(servedFallback_ != nullptr);
  const std::shared_ptr<const ModelVersion>& version = (*servedFallback_)->versions[0];
  std::unique_ptr<VersionScorer>& scorer = fallbacks_[version->info().version];
  if (!scorer) {
    scorer = std::make_unique<VersionScorer>(
        version, renamedAs(description_.version->info(), version->info()), kinds_, "EMBEDDED");
  }
  std::vector<ColumnPtr> picked;
  for (const ColumnPtr& argument : waiting.arguments) {
    picked.push_back(gather(argument, rows));
  }
  scorer->take(picked, rows.size());
  const RowScores scores = scorer->score(OutputForm::Prediction);
  AUSPEX_ASSERT(scores.width == width_);
  scorers.isByFallback.resize(waiting.batch.numRows, 0);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(scores.values.begin() + static_cast<ptrdiff_t>(i * width_), width_,
                waiting.scores.begin() + static_cast<ptrdiff_t>(rows[i] * width_));
    waiting.isScored[rows[i]] = 1;
    scorers.isByFallback[rows[i]] = 1;
    scorers.versions[rows[i]] = static_cast<int32_t>(version->info().version);
    scorers.variants[rows[i]] = description_.policies.fallback;
  }
}

std::vector<ColumnPtr> LatePredict::makeColumns(Waiting& waiting, Scorers scorers) const {
  const bool areAllScored = std::all_of(waiting.isScored.begin(), waiting.isScored.end(),
                                        [](uint8_t isScored) { return isScored != 0; });
  const std::vector<uint8_t> validity =
      areAllScored ? std::vector<uint8_t>() : std::move(waiting.isScored);
  waiting.scores.resize(waiting.batch.numRows * width_);
  PredictSlots needed = kept_ ? description_.keptSlots() : description_.wanted;
  for (const PredictSlot compared : {PredictSlot::Prediction, PredictSlot::Version}) {
    needed[static_cast<size_t>(compared)] |= !waiting.sample.rows.empty();
  }
  std::vector<ColumnPtr> columns(kNumPredictSlots);
  for (size_t i = 0; i < kNumPredictSlots; ++i) {
    const auto slot = static_cast<PredictSlot>(i);
    if (!needed[i]) {
      continue;
    }
    if (slot == PredictSlot::Version) {
      columns[i] = Column::make(SqlType::integer(), std::move(scorers.versions), validity);
    } else if (slot == PredictSlot::Variant) {
      columns[i] =
          Column::make(SqlType::string(), std::move(scorers.variants), validity, {waiting.served});
    } else {
      columns[i] =
          numbersToColumn(typeOf(slot, *description_.version), waiting.scores, width_, validity);
    }
  }
  return columns;
}

void LatePredict::forget() {
  // The predictors go with what they have in flight; new ones are made for the next draw.
  waiting_.clear();
  givenOut_.clear();
  scorers_.clear();
  shadow_.reset();
  current_.reset();
}

}  // namespace auspex::operators
