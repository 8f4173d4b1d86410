// SPDX-License-Identifier: Apache-2.0
// A transport without sockets, on a clock that the test moves: a function stands for the server.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operators/models/Predictor.h"
#include "operators/models/rpc/RemoteHealth.h"
#include "operators/models/rpc/RemoteModel.h"
#include "operators/ports/HttpTransport.h"

namespace auspex::operators {

using std::chrono::milliseconds;

class FakeTransport final : public HttpTransport {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Reply {
    HttpResponse response;
    milliseconds after{1};
  };
  using Server = std::function<Reply(const HttpRequest&)>;

  explicit FakeTransport(Server server) : server_(std::move(server)) {}

  void send(HttpRequest request, std::function<void(HttpResponse)> done) override;
  Time now() const override { return now_; }
  void callAt(Time time, std::function<void()> action) override;

  /// Moves the clock to the next event and lets it happen; false when there is none until `end`,
  /// where the clock then stands.
  bool step(Time end);
  void replace(Server server) { server_ = std::move(server); }

  size_t numSent() const { return numSent_; }
  size_t mostAtATime() const { return mostAtATime_; }
  void forgetMost() { mostAtATime_ = numOpen_; }

 private:
  Server server_;
  Time now_{std::chrono::hours(1)};
  std::multimap<Time, std::function<void()>> events_;
  size_t numSent_ = 0;
  size_t numOpen_ = 0;
  size_t mostAtATime_ = 0;
};

/// The numbers of {"instances":[[1],[2]]}: the one feature of each row.
std::vector<double> rowsOf(const HttpRequest& request);
/// {"predictions": [...]}
HttpResponse predictions(const std::vector<double>& scores);
/// Gives each row twice its number.
FakeTransport::Reply doubling(const HttpRequest& request);
HttpResponse failure(HttpResponse::Failure failure);

/// A predictor under test with its model, polled only when it has called wake.
class PredictorBench {
 public:
  /// change: what differs from TFS_REST with batches of 8 rows, 4 requests at a time.
  PredictorBench(FakeTransport::Server server,
                 const std::function<void(RemoteModelOptions&)>& change = {},
                 size_t maxRowsInFlight = 1024, bool isLookedUp = true);

  /// Rows with these numbers; false when the predictor does not take them now.
  bool submit(const std::vector<double>& numbers, uint64_t id = 0);
  /// Lets time pass until so many batches have come back or the time is over.
  void run(size_t numBatches, milliseconds atMost = std::chrono::hours(1));
  /// Sorts what has come back by id.
  void sortDone();
  RemoteCounters counters() const;

  std::shared_ptr<FakeTransport> transport;
  std::shared_ptr<const RemoteModel> model;
  std::unique_ptr<Predictor> predictor;
  std::vector<ScoredBatch> done;

 private:
  bool isWoken_ = false;
};

}  // namespace auspex::operators
