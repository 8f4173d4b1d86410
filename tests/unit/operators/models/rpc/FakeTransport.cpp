// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/operators/models/rpc/FakeTransport.h"

#include <algorithm>
#include <cstdlib>

#include "operators/models/rpc/RemoteSignature.h"
#include "operators/models/rpc/RpcPredictor.h"
#include "tests/unit/operators/models/rpc/RemoteRows.h"

namespace auspex::operators {

void FakeTransport::send(HttpRequest request, std::function<void(HttpResponse)> done) {
  ++numSent_;
  ++numOpen_;
  mostAtATime_ = std::max(mostAtATime_, numOpen_);
  Reply reply = server_(request);
  if (reply.after >= request.timeout) {
    reply = {failure(HttpResponse::Failure::Timeout), request.timeout};
  }
  const auto after = reply.after;
  events_.emplace(now_ + after, [this, reply = std::move(reply), done = std::move(done)] {
    --numOpen_;
    done(reply.response);
  });
}

void FakeTransport::callAt(Time time, std::function<void()> action) {
  events_.emplace(std::max(time, now_), std::move(action));
}

bool FakeTransport::step(Time end) {
  if (events_.empty() || events_.begin()->first > end) {
    now_ = std::max(now_, end);
    return false;
  }
  now_ = std::max(now_, events_.begin()->first);
  const auto action = std::move(events_.begin()->second);
  events_.erase(events_.begin());
  action();
  return true;
}

std::vector<double> rowsOf(const HttpRequest& request) {
  std::vector<double> rows;
  for (size_t at = request.body.find("[["); at < request.body.size();
       at = request.body.find('[', at + 1)) {
    at = request.body[at + 1] == '[' ? at + 1 : at;
    rows.push_back(std::strtod(request.body.c_str() + at + 1, nullptr));
  }
  return rows;
}

HttpResponse predictions(const std::vector<double>& scores) {
  std::string body = "{\"predictions\":[";
  for (size_t i = 0; i < scores.size(); ++i) {
    body += (i == 0 ? "" : ",") + std::to_string(scores[i]);
  }
  return answer(200, body + "]}");
}

FakeTransport::Reply doubling(const HttpRequest& request) {
  std::vector<double> scores = rowsOf(request);
  for (double& score : scores) {
    score *= 2;
  }
  return {predictions(scores), milliseconds(1)};
}

HttpResponse failure(HttpResponse::Failure kind) {
  HttpResponse response;
  response.failure = kind;
  response.message = "it failed";
  return response;
}

PredictorBench::PredictorBench(FakeTransport::Server server,
                               const std::function<void(RemoteModelOptions&)>& change,
                               size_t maxRowsInFlight, bool isLookedUp)
    : transport(std::make_shared<FakeTransport>(std::move(server))) {
  RemoteModelOptions options = optionsOf(RemoteProtocol::TfsRest);
  options.batchMaxRows = 8;
  options.maxInFlight = 4;
  options.timeout = milliseconds(100);
  if (change) {
    change(options);
  }
  InputDeclaration input;
  input.name = "a";
  const auto declared = declareRemoteModel("m", 1, {input}, 1, options, transport);
  if (isLookedUp) {
    RemoteSignature signature = tensorSignature(false);
    signature.numFeatures = 1;
    model = std::make_shared<const RemoteModel>(
        declared->info(), options, transport,
        std::make_shared<const RemoteSignature>(std::move(signature)));
  } else {
    model = declared;
  }
  PredictorSettings settings;
  settings.maxRowsInFlight = maxRowsInFlight;
  settings.wake = [this] { isWoken_ = true; };
  predictor = makePredictor("RPC", settings);
}

bool PredictorBench::submit(const std::vector<double>& numbers, uint64_t id) {
  FeatureBatch batch;
  batch.id = id;
  batch.version = model;
  for (size_t row = 0; row < numbers.size(); ++row) {
    batch.rowIds.push_back(1000 * id + row);
  }
  batch.columns.push_back({"a", numbers, {}});
  return predictor->submit(batch);
}

void PredictorBench::run(size_t numBatches, milliseconds atMost) {
  const auto end = transport->now() + atMost;
  predictor->poll(done);
  while (done.size() < numBatches && transport->step(end)) {
    if (isWoken_) {
      isWoken_ = false;
      predictor->poll(done);
    }
  }
}

void PredictorBench::sortDone() {
  std::sort(done.begin(), done.end(), [](const ScoredBatch& left, const ScoredBatch& right) {
    return left.request.id < right.request.id;
  });
}

RemoteCounters PredictorBench::counters() const {
  return model->health().snapshot();
}

}  // namespace auspex::operators
