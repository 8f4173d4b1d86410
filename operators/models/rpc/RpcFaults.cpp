// SPDX-License-Identifier: Apache-2.0
// What becomes of requests that brought no scores: asked for again, in halves, or given up.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "operators/data/Assert.h"
#include "operators/models/rpc/RpcPredictor.h"

namespace auspex::operators {

namespace {

/// The longest that a server may bid us wait.
constexpr std::chrono::seconds kMaxRetryAfter{60};
/// Time-outs, one upon the other, of a row by itself before a server that is asked directly counts
/// as silent over it: one that is merely slow, or at times busy, does not get this far.
constexpr uint32_t kLeastSilences = 5;

/// Retry-After in seconds, the only form that says how long; zero when it is not there.
std::chrono::milliseconds retryAfter(const HttpResponse& response) {
  const std::string_view text = findHeader(response.headers, "retry-after");
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || seconds < 0) {
    return std::chrono::milliseconds(0);
  }
  return std::chrono::seconds(std::min<int64_t>(seconds, kMaxRetryAfter.count()));
}

std::string awayMessage(const RemoteModel& model, const std::string& reason) {
  return "model '" + model.options().model + "' at " + placeOf(model.options()) +
         " is not to be had: " + reason;
}

FeatureBatch oneRow(const FeatureBatch& batch, size_t row) {
  FeatureBatch one;
  one.rowIds = {batch.rowIds[row]};
  one.version = batch.version;
  one.form = batch.form;
  for (const FeatureColumn& column : batch.columns) {
    FeatureColumn& kept = one.columns.emplace_back();
    kept.name = column.name;
    std::visit(
        [&](const auto& values) { kept.values = std::decay_t<decltype(values)>{values[row]}; },
        column.values);
    if (!column.validity.empty()) {
      kept.validity = {column.validity[row]};
    }
  }
  return one;
}

/// A row that has a score; the number of rows when there is none.
size_t firstScored(const ScoredBatch& scored) {
  const size_t numRows = scored.request.rowIds.size();
  for (size_t row = 0; row < numRows; ++row) {
    if (!std::isnan(scored.scores[row * scored.outputsPerRow])) {
      return row;
    }
  }
  return numRows;
}

}  // namespace

void RpcPredictor::settleFault(Piece piece, const AnswerError& error,
                               const HttpResponse& response) {
  const RemoteModel& model = *piece.model;
  RemoteHealth& health = model.health();
  const Time now = model.transport().now();
  const bool isOfRows =
      error.fault() == AnswerFault::Refused || error.fault() == AnswerFault::Faulty;
  if (response.failure == HttpResponse::Failure::NotTaken) {
    health.giveBack(piece.permit);  // the server never saw it
  } else if (error.fault() == AnswerFault::Refused) {
    health.succeeded(piece.permit);
    health.noteAnswered(piece.sentAt);
  } else if (error.fault() == AnswerFault::Faulty && piece.isHalf && piece.numRows > 1) {
    // That a half fails as the whole did says nothing new of the server.
    health.giveBack(piece.permit);
  } else {
    health.failed(piece.permit, now, error.what());
  }
  if (model.options().asksOnce && error.fault() != AnswerFault::Refused) {
    failPiece(piece, RowFailure::Reason::Unavailable, awayMessage(model, error.what()));
    return;
  }
  if (isOfRows && piece.numRows > 1) {
    halve(std::move(piece));
    return;
  }
  if (isSilence(piece, response)) {
    settleSilence(std::move(piece), error);
    return;
  }
  if (error.fault() == AnswerFault::Refused) {
    failPiece(piece, RowFailure::Reason::Refused, error.what());
    return;
  }
  ++piece.attempts;
  piece.silences = 0;
  const bool isSpent =
      error.fault() == AnswerFault::Away || piece.attempts > model.options().retries;
  if (isOfRows && isSpent) {
    failPiece(piece, RowFailure::Reason::Refused, error.what());
  } else if (isSpent && !model.options().waitsWhenUnavailable) {
    failPiece(piece, RowFailure::Reason::Unavailable, awayMessage(model, error.what()));
  } else {
    const auto pause = error.fault() == AnswerFault::Away ? model.options().breakerPause
                                                          : std::chrono::milliseconds(0);
    postpone(std::move(piece), std::max(pause, retryAfter(response)));
  }
}

/// A server behind a topic that fails over a request may send no reply at all. One that is asked
/// directly may hang over a row, which could then wait for ever; where rows do not wait for a
/// server, its silence is what ON_UNAVAILABLE is for.
bool RpcPredictor::isSilence(const Piece& piece, const HttpResponse& response) {
  const RemoteModelOptions& options = piece.model->options();
  return response.failure == HttpResponse::Failure::Timeout &&
         (isThroughTopics(options.protocol) || options.waitsWhenUnavailable);
}

/// Where others that were sent no earlier are answered, it is the rows that the server is silent
/// over. Where nobody else asks, a row by itself finds out whether the server is there, or one that
/// it has answered before.
void RpcPredictor::settleSilence(Piece piece, const AnswerError& error) {
  const RemoteModelOptions& options = piece.model->options();
  const bool isOfRows = piece.model->health().hasAnsweredSince(*piece.firstSentAt);
  const bool isSpent = ++piece.attempts > options.retries;
  piece.silences += piece.numRows == 1 ? 1 : 0;
  const bool isToBlame = isOfRows && isSpent &&
                         (isThroughTopics(options.protocol) ||
                          (piece.silences > options.retries && piece.silences >= kLeastSilences));
  if (isOfRows && piece.numRows > 1 && (isSpent || piece.isHalf)) {
    halve(std::move(piece));
  } else if (isToBlame) {
    failPiece(piece, RowFailure::Reason::Refused,
              std::string(error.what()) + ", though later requests were answered");
  } else if (isSpent && !options.waitsWhenUnavailable) {
    failPiece(piece, RowFailure::Reason::Unavailable, awayMessage(*piece.model, error.what()));
  } else if (isSpent && piece.numRows == 1) {
    if (!isOfRows) {
      askWitness(piece);
    }
    postpone(std::move(piece), std::chrono::milliseconds(0));
  } else if (isSpent) {
    auto [first, rest] = cut(piece, 1);
    rest.firstSentAt = piece.firstSentAt;
    first.attempts = 1;
    rest.attempts = options.retries;
    postpone(std::move(first), std::chrono::milliseconds(0));
    postpone(std::move(rest), std::chrono::milliseconds(0));
  } else {
    postpone(std::move(piece), std::chrono::milliseconds(0));
  }
}

/// Asks once more for a row that has its score, of the same batch or of one before: all that
/// matters is whether the answer comes. Goes before the suspect is asked for again, and so while
/// the slot of both is there.
void RpcPredictor::askWitness(const Piece& suspect) {
  Slot* slot = suspect.runs.front().slot;
  size_t row = firstScored(slot->scored);
  Piece piece;
  if (row == slot->scored.request.rowIds.size()) {
    if (answered_ == nullptr || answered_->model != slot->model) {
      return;
    }
    piece.witnessSlot = answered_;
    slot = answered_.get();
    row = 0;
  }
  piece.witness = slot->model;
  piece.model = slot->model.get();
  piece.runs.push_back({slot, row, row + 1});
  piece.numRows = 1;
  piece.arrived = slot->model->transport().now();
  ready_.push_front(std::move(piece));
}

/// Of a batch that is done, one row for batches in which no row has been answered yet. The first
/// one is as good as any.
void RpcPredictor::keepWitness(const Slot& slot) {
  const size_t row = firstScored(slot.scored);
  if ((answered_ != nullptr && answered_->model == slot.model) ||
      row == slot.scored.request.rowIds.size()) {
    return;
  }
  answered_ = std::make_shared<Slot>();
  answered_->model = slot.model;
  answered_->scored.request = oneRow(slot.scored.request, row);
  answered_->scored.outputsPerRow = slot.scored.outputsPerRow;
}

/// The slot may be gone by now.
void RpcPredictor::settleWitness(const Piece& piece, const AnswerError& error) {
  RemoteHealth& health = piece.model->health();
  if (error.fault() == AnswerFault::Refused) {
    health.succeeded(piece.permit);
    health.noteAnswered(piece.sentAt);
  } else {
    health.failed(piece.permit, piece.model->transport().now(), error.what());
  }
}

/// Its first rows, and the others.
std::pair<RpcPredictor::Piece, RpcPredictor::Piece> RpcPredictor::cut(const Piece& piece,
                                                                      size_t numFirst) const {
  Piece first;
  Piece rest;
  first.model = rest.model = piece.model;
  first.arrived = rest.arrived = piece.arrived;
  first.numRows = numFirst;
  rest.numRows = piece.numRows - numFirst;
  size_t left = numFirst;
  for (const RowRun& run : piece.runs) {
    const size_t middle = run.begin + std::min(left, run.end - run.begin);
    left -= middle - run.begin;
    if (middle > run.begin) {
      first.runs.push_back({run.slot, run.begin, middle});
    }
    if (run.end > middle) {
      rest.runs.push_back({run.slot, middle, run.end});
    }
  }
  return {std::move(first), std::move(rest)};
}

/// Cuts a request in two, to be sent next, until the row at fault stands alone.
void RpcPredictor::halve(Piece piece) {
  piece.model->health().count([](RemoteCounters& counters) { ++counters.halvings; });
  auto [first, second] = cut(piece, piece.numRows / 2);
  first.isHalf = second.isHalf = true;
  ready_.push_front(std::move(second));
  ready_.push_front(std::move(first));
}

/// Doubles with each attempt up to the breaker's pause; the jitter keeps tasks from asking all at
/// the same time.
std::chrono::milliseconds RpcPredictor::backoff(const RemoteModel& model, uint32_t attempts) {
  const RemoteModelOptions& options = model.options();
  const auto most = static_cast<double>(std::max(options.backoff, options.breakerPause).count());
  const double pause =
      std::min(most, static_cast<double>(options.backoff.count()) * std::exp2(attempts - 1));
  const double jitter = std::uniform_real_distribution<double>(0.5, 1.0)(random_);
  return std::chrono::milliseconds(std::llround(pause * jitter));
}

void RpcPredictor::postpone(Piece piece, std::chrono::milliseconds atLeast) {
  const auto pause = std::max(atLeast, backoff(*piece.model, piece.attempts));
  const Time due = piece.model->transport().now() + pause;
  later_.emplace(due, std::move(piece));
}

void RpcPredictor::failPiece(const Piece& piece, RowFailure::Reason reason,
                             const std::string& message) {
  for (const RowRun& run : piece.runs) {
    for (size_t row = run.begin; row < run.end; ++row) {
      failRow(*run.slot, row, reason, message);
    }
  }
}

void RpcPredictor::failRow(Slot& slot, size_t row, RowFailure::Reason reason,
                           const std::string& message) {
  AUSPEX_ASSERT(slot.rowsLeft > 0);
  slot.scored.failures.push_back({row, reason, message});
  --slot.rowsLeft;
  slot.model->health().count([&](RemoteCounters& counters) {
    --counters.rowsWaiting;
    ++(reason == RowFailure::Reason::Refused ? counters.rowsRefused : counters.rowsUnavailable);
  });
}

/// Fails all rows of a model that are not in flight: its breaker is open and they may not wait.
void RpcPredictor::failAllWaiting(const RemoteModel& model) {
  const std::string message = awayMessage(model, model.health().snapshot().lastFailure);
  const auto fail = [&](const Piece& piece) {
    failPiece(piece, RowFailure::Reason::Unavailable, message);
  };
  const auto isOfModel = [&](const Piece& piece) { return piece.model == &model; };
  for (const Piece& piece : ready_) {
    if (isOfModel(piece)) {
      fail(piece);
    }
  }
  std::erase_if(ready_, isOfModel);
  for (auto place = later_.begin(); place != later_.end();) {
    if (isOfModel(place->second)) {
      fail(place->second);
      place = later_.erase(place);
    } else {
      ++place;
    }
  }
  while (!fresh_.empty() && fresh_.front().slot->model.get() == &model) {
    fail(formPiece());
  }
  for (Slot& slot : slots_) {
    if (!slot.isQueued && slot.model.get() == &model) {
      slot.isQueued = true;
      for (size_t row = 0; row < slot.scored.request.rowIds.size(); ++row) {
        failRow(slot, row, RowFailure::Reason::Unavailable, message);
      }
    }
  }
}

}  // namespace auspex::operators
