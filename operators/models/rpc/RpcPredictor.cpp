// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/RpcPredictor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "operators/data/Assert.h"
#include "operators/models/rpc/RemoteCodec.h"

namespace auspex::operators {

RpcPredictor::Lookup::Lookup() = default;

std::unique_ptr<Predictor> RpcPredictor::make(const PredictorSettings& settings) {
  return std::make_unique<RpcPredictor>(settings);
}

RpcPredictor::RpcPredictor(const PredictorSettings& settings)
    : maxRowsInFlight_(settings.maxRowsInFlight),
      inbox_(std::make_shared<ReplyInbox>(settings.wake)),
      wake_(std::make_shared<const std::function<void()>>([inbox = inbox_] { inbox->wake(); })),
      random_(std::random_device{}()) {
}

RpcPredictor::~RpcPredictor() {
  inbox_->close();
  wake_.reset();
  if (lookup_ && lookup_->id) {
    lookup_->model->health().giveBack(lookup_->permit);
  }
  for (const auto& sent : inFlight_) {
    RemoteHealth& health = sent.second.model->health();
    health.giveBack(sent.second.permit);
    health.count([](RemoteCounters& counters) { --counters.requestsInFlight; });
  }
  for (const Slot& slot : slots_) {
    const auto numRows = static_cast<int64_t>(slot.rowsLeft);
    slot.model->health().count([&](RemoteCounters& counters) { counters.rowsWaiting -= numRows; });
  }
}

bool RpcPredictor::submit(FeatureBatch& batch) {
  auto model = std::dynamic_pointer_cast<const RemoteModel>(batch.version);
  AUSPEX_ASSERT(model != nullptr);
  const size_t numRows = batch.rowIds.size();
  if (rowsInFlight_ > 0 && rowsInFlight_ + numRows > maxRowsInFlight_) {
    return false;
  }
  Slot& slot = slots_.emplace_back();
  slot.model = std::move(model);
  slot.arrived = slot.model->transport().now();
  slot.rowsLeft = numRows;
  slot.scored.outputsPerRow = slot.model->outputsPerRow(batch.form);
  AUSPEX_ASSERT(slot.scored.outputsPerRow > 0);
  slot.scored.scores.assign(numRows * slot.scored.outputsPerRow,
                            std::numeric_limits<double>::quiet_NaN());
  slot.scored.request = std::move(batch);
  rowsInFlight_ += numRows;
  slot.model->health().count(
      [&](RemoteCounters& counters) { counters.rowsWaiting += static_cast<int64_t>(numRows); });
  if (notified_.lock() != slot.model) {
    notified_ = slot.model;
    slot.model->health().notify(wake_);
  }
  if (const auto signature = slot.model->signature()) {
    queueRows(slot, *signature);
  }
  pump();
  return true;
}

size_t RpcPredictor::poll(std::vector<ScoredBatch>& done) {
  for (const ReplyInbox::Reply& reply : inbox_->take()) {
    handle(reply.first, reply.second);
  }
  pump();
  return deliver(done);
}

/// Queues what can be sent and fails the rest.
void RpcPredictor::queueRows(Slot& slot, const RemoteSignature& signature) {
  slot.isQueued = true;
  const FeatureBatch& batch = slot.scored.request;
  const NonFinite nonFinite = slot.model->codec().nonFinite(signature);
  size_t begin = 0;
  for (const RowFailure& failure : findUnsendable(batch, signature, nonFinite)) {
    if (failure.rowIndex > begin) {
      fresh_.push_back({&slot, begin, failure.rowIndex});
    }
    begin = failure.rowIndex + 1;
    failRow(slot, failure.rowIndex, failure.reason, failure.message);
  }
  if (batch.rowIds.size() > begin) {
    fresh_.push_back({&slot, begin, batch.rowIds.size()});
  }
}

/// Whose rows come next: a model that still has to be looked up, or that of the first rows.
std::shared_ptr<const RemoteModel> RpcPredictor::nextModel() const {
  if (!ready_.empty()) {
    return ready_.front().runs.front().slot->model;
  }
  if (!fresh_.empty()) {
    return fresh_.front().slot->model;
  }
  for (const Slot& slot : slots_) {
    if (!slot.isQueued) {
      return slot.model;
    }
  }
  return nullptr;
}

/// Fresh rows that the next request could hold, up to a limit.
size_t RpcPredictor::freshRows(size_t limit) const {
  size_t numRows = 0;
  for (const RowRun& run : fresh_) {
    if (numRows >= limit || run.slot->model != fresh_.front().slot->model) {
      break;
    }
    numRows += run.end - run.begin;
  }
  return std::min(numRows, limit);
}

/// Whether there is something to ask for now; fresh rows wait for others as long as they may.
bool RpcPredictor::hasDueWork(Time now) const {
  if (!ready_.empty()) {
    return true;
  }
  if (!fresh_.empty()) {
    const Slot& first = *fresh_.front().slot;
    const RemoteModelOptions& options = first.model->options();
    return options.batchLinger.count() == 0 || now >= first.arrived + options.batchLinger ||
           freshRows(options.batchMaxRows) == options.batchMaxRows;
  }
  return nextModel() != nullptr && (!lookup_ || (!lookup_->id && now >= lookup_->notBefore));
}

RpcPredictor::Piece RpcPredictor::formPiece() {
  Piece piece;
  piece.model = fresh_.front().slot->model.get();
  piece.arrived = fresh_.front().slot->arrived;
  const size_t limit = piece.model->options().batchMaxRows;
  while (piece.numRows < limit && !fresh_.empty() &&
         fresh_.front().slot->model.get() == piece.model) {
    RowRun& run = fresh_.front();
    const size_t numRows = std::min(run.end - run.begin, limit - piece.numRows);
    piece.runs.push_back({run.slot, run.begin, run.begin + numRows});
    piece.numRows += numRows;
    run.begin += numRows;
    if (run.begin == run.end) {
      fresh_.pop_front();
    }
  }
  return piece;
}

RpcPredictor::Piece RpcPredictor::takePiece() {
  if (ready_.empty()) {
    return formPiece();
  }
  Piece piece = std::move(ready_.front());
  ready_.pop_front();
  return piece;
}

/// Sends what may be sent now.
void RpcPredictor::pump() {
  if (slots_.empty()) {
    return;
  }
  const Time now = slots_.front().model->transport().now();
  while (!later_.empty() && later_.begin()->first <= now) {
    ready_.push_back(std::move(later_.begin()->second));
    later_.erase(later_.begin());
  }
  while (hasDueWork(now)) {
    const std::shared_ptr<const RemoteModel> model = nextModel();
    if (inFlight_.size() >= model->options().maxInFlight) {
      break;
    }
    const std::optional<RemoteHealth::Permit> permit = model->health().ask(now);
    if (!permit) {
      if (!model->options().waitsWhenUnavailable && model->health().retryAt()) {
        failAllWaiting(*model);
        continue;
      }
      break;
    }
    if (model->signature() == nullptr) {
      lookUp(model, *permit);
      break;
    }
    if (ready_.empty() && fresh_.empty()) {
      // Another task has looked it up meanwhile.
      model->health().giveBack(*permit);
      adoptMetadata(*model);
      continue;
    }
    send(takePiece(), *permit, now);
  }
  setTimer(now);
}

void RpcPredictor::send(Piece piece, RemoteHealth::Permit permit, Time now) {
  std::vector<FeatureRows> rows;
  for (const RowRun& run : piece.runs) {
    rows.push_back({&run.slot->scored.request, run.begin, run.end});
  }
  const uint64_t id = nextId_++;
  piece.sentAt = now;
  piece.permit = permit;
  piece.signature = piece.model->signature();
  const RemoteModel& model = *piece.model;
  piece.firstSentAt = piece.firstSentAt.value_or(now);
  HttpRequest request = model.codec().inferRequest(rows, *piece.signature, id);
  model.health().count([&](RemoteCounters& counters) {
    ++counters.requests;
    counters.retries += piece.attempts > 0 ? 1 : 0;
    counters.bytesSent += request.body.size();
    ++counters.requestsInFlight;
  });
  inFlight_.emplace(id, std::move(piece));
  model.transport().send(std::move(request), [inbox = inbox_, id](HttpResponse response) {
    inbox->put(id, std::move(response));
  });
}

/// Has the transport wake us when something is due that no answer will bring about.
void RpcPredictor::setTimer(Time now) {
  std::optional<Time> next;
  const auto consider = [&](Time time) { next = next ? std::min(*next, time) : time; };
  if (!later_.empty()) {
    consider(later_.begin()->first);
  }
  const std::shared_ptr<const RemoteModel> model = nextModel();
  if (model != nullptr && inFlight_.size() < model->options().maxInFlight) {
    if (const std::optional<Time> retryAt = model->health().retryAt()) {
      consider(*retryAt);
    } else if (ready_.empty() && !fresh_.empty()) {
      consider(fresh_.front().slot->arrived + model->options().batchLinger);
    } else if (lookup_ && !lookup_->id) {
      consider(lookup_->notBefore);
    }
  }
  // What is due already and was not sent waits for the breaker, which wakes us.
  if (!next || *next <= now || (timer_ && *timer_ > now && *timer_ <= *next)) {
    return;
  }
  timer_ = next;
  slots_.front().model->transport().callAt(*next, [inbox = std::weak_ptr<ReplyInbox>(inbox_)] {
    if (const auto open = inbox.lock()) {
      open->wake();
    }
  });
}

void RpcPredictor::lookUp(std::shared_ptr<const RemoteModel> model, RemoteHealth::Permit permit) {
  if (!lookup_ || lookup_->model != model) {
    lookup_.emplace();
    lookup_->model = std::move(model);
  }
  lookup_->id = nextId_++;
  lookup_->permit = permit;
  const RemoteModel& asked = *lookup_->model;
  asked.transport().send(asked.codec().metadataRequest(lookup_->step),
                         [inbox = inbox_, id = *lookup_->id](HttpResponse response) {
                           inbox->put(id, std::move(response));
                         });
}

void RpcPredictor::handleLookup(const HttpResponse& response) {
  const std::shared_ptr<const RemoteModel> kept = lookup_->model;
  const RemoteModel& model = *kept;
  lookup_->id.reset();
  try {
    model.codec().readMetadata(lookup_->step, response, lookup_->metadata);
    if (++lookup_->step < model.codec().numMetadataRequests()) {
      model.health().succeeded(lookup_->permit);
      return;
    }
    model.adopt(lookup_->metadata);
  } catch (const AnswerError& error) {
    failLookup(error.what());
    return;
  } catch (const ModelError& error) {
    failLookup(error.what());
    return;
  }
  model.health().succeeded(lookup_->permit);
  lookup_.reset();
  adoptMetadata(model);
}

/// Queues the rows that waited for the server's types.
void RpcPredictor::adoptMetadata(const RemoteModel& model) {
  const std::shared_ptr<const RemoteSignature> signature = model.signature();
  for (Slot& slot : slots_) {
    if (!slot.isQueued && slot.model.get() == &model) {
      queueRows(slot, *signature);
    }
  }
}

void RpcPredictor::failLookup(const std::string& reason) {
  const std::shared_ptr<const RemoteModel> kept = lookup_->model;
  const RemoteModel& model = *kept;
  const Time now = model.transport().now();
  model.health().failed(lookup_->permit, now, reason);
  lookup_->metadata = {};
  lookup_->step = 0;
  ++lookup_->attempts;
  if (!model.options().waitsWhenUnavailable && lookup_->attempts > model.options().retries) {
    lookup_.reset();
    failAllWaiting(model);
    return;
  }
  lookup_->notBefore = now + backoff(model, lookup_->attempts);
}

void RpcPredictor::handle(uint64_t id, const HttpResponse& response) {
  if (lookup_ && lookup_->id == id) {
    handleLookup(response);
    return;
  }
  auto found = inFlight_.extract(id);
  AUSPEX_ASSERT(!found.empty());
  Piece piece = std::move(found.mapped());
  RemoteHealth& health = piece.model->health();
  health.count([&](RemoteCounters& counters) {
    --counters.requestsInFlight;
    counters.bytesReceived += response.body.size();
    counters.timeouts += response.failure == HttpResponse::Failure::Timeout ? 1 : 0;
  });
  try {
    piece.model->codec().readScores(response, *piece.signature, piece.numRows, id, scores_);
  } catch (const AnswerError& error) {
    if (piece.witness != nullptr) {
      settleWitness(piece, error);
    } else {
      settleFault(std::move(piece), error, response);
    }
    return;
  }
  health.succeeded(piece.permit);
  health.noteAnswered(piece.sentAt);
  health.addLatencies(
      std::chrono::duration_cast<std::chrono::microseconds>(piece.sentAt - piece.arrived) +
          response.waited,
      response.exchanged);
  if (piece.witness == nullptr) {
    settleScores(piece, scores_);
  }
}

void RpcPredictor::settleScores(const Piece& piece, const std::vector<double>& scores) {
  const size_t width = piece.signature->numOutputs;
  AUSPEX_ASSERT(scores.size() == piece.numRows * width);
  const double* source = scores.data();
  uint64_t numScored = 0;
  for (const RowRun& run : piece.runs) {
    AUSPEX_ASSERT(run.slot->scored.outputsPerRow == width);
    for (size_t row = run.begin; row < run.end; ++row, source += width) {
      if (std::any_of(source, source + width, [](double score) { return std::isnan(score); })) {
        failRow(*run.slot, row, RowFailure::Reason::Refused, "the model's score is no number");
        continue;
      }
      std::copy(source, source + width, run.slot->scored.scores.data() + row * width);
      --run.slot->rowsLeft;
      ++numScored;
    }
  }
  piece.model->health().count([&](RemoteCounters& counters) {
    counters.rowsScored += numScored;
    counters.rowsWaiting -= static_cast<int64_t>(numScored);
  });
}

size_t RpcPredictor::deliver(std::vector<ScoredBatch>& done) {
  size_t numDelivered = 0;
  for (auto slot = slots_.begin(); slot != slots_.end();) {
    if (slot->rowsLeft > 0) {
      ++slot;
      continue;
    }
    std::sort(slot->scored.failures.begin(), slot->scored.failures.end(),
              [](const RowFailure& left, const RowFailure& right) {
                return left.rowIndex < right.rowIndex;
              });
    rowsInFlight_ -= slot->scored.request.rowIds.size();
    keepWitness(*slot);
    done.push_back(std::move(slot->scored));
    slot = slots_.erase(slot);
    ++numDelivered;
  }
  return numDelivered;
}

}  // namespace auspex::operators
