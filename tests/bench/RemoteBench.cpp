// SPDX-License-Identifier: Apache-2.0
// Rows a second that one core brings to a model server and back, over the Open Inference Protocol's
// gRPC with raw tensors: 10 features, 256 rows a request. The server is a thread of this process
// that answers canned bytes; its time and ours are told apart by the threads' CPU clocks.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>

#include "engine/http/CurlTransport.h"
#include "operators/models/Predictors.h"
#include "operators/models/rpc/RemoteHealth.h"
#include "operators/models/rpc/RemoteModel.h"
#include "operators/models/rpc/RemoteSignature.h"
#include "tests/bench/QuickTurn.h"
#include "tests/fixtures/CannedServer.h"

using namespace auspex::operators;
using namespace auspex::fixtures;

namespace {

constexpr size_t kFeatures = 10;
constexpr size_t kBatchRows = 256;
constexpr size_t kDrawRows = 1024;

double cpuSeconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// ModelInferResponse with one output of FP32 [rows, 1], raw.
std::string cannedMessage() {
  std::string tensor =
      "\x0a\x05score\x12\x04"
      "FP32\x1a\x03\x80\x02\x01";
  std::string message = std::string("\x2a") + static_cast<char>(tensor.size()) + tensor;
  message += std::string("\x32\x80\x08", 3) + std::string(kBatchRows * sizeof(float), '\0');
  return message;
}

FeatureBatch makeBatch(const std::shared_ptr<const RemoteModel>& model) {
  FeatureBatch batch;
  batch.version = model;
  batch.rowIds.resize(kDrawRows);
  for (size_t feature = 0; feature < kFeatures; ++feature) {
    std::vector<double> values(kDrawRows);
    for (size_t row = 0; row < kDrawRows; ++row) {
      values[row] = static_cast<double>(row * feature) * 0.1;
    }
    batch.columns.push_back({"f" + std::to_string(feature), std::move(values), {}});
  }
  return batch;
}

/// Rings when the predictor wakes its task.
struct Bell {
  std::mutex mutex;
  std::condition_variable rung;
  bool isRung = false;
};

/// Has so many rows scored; returns the seconds it took.
double scoreRows(const std::shared_ptr<const RemoteModel>& model, size_t numRows) {
  Bell bell;
  PredictorSettings settings;
  settings.maxRowsInFlight = 16 * kDrawRows;
  settings.wake = [&bell] {
    const std::lock_guard lock(bell.mutex);
    bell.isRung = true;
    bell.rung.notify_one();
  };
  const auto predictor = makePredictor("RPC", settings);
  std::vector<FeatureBatch> spare(16, makeBatch(model));
  std::vector<ScoredBatch> done;
  size_t numSubmitted = 0;
  size_t numScored = 0;
  const auto start = std::chrono::steady_clock::now();
  while (numScored < numRows) {
    while (numSubmitted < numRows && !spare.empty() && predictor->submit(spare.back())) {
      spare.pop_back();
      numSubmitted += kDrawRows;
    }
    {
      std::unique_lock lock(bell.mutex);
      bell.rung.wait_for(lock, std::chrono::seconds(10), [&] { return bell.isRung; });
      bell.isRung = false;
    }
    predictor->poll(done);
    for (ScoredBatch& batch : done) {
      numScored += batch.failures.empty() ? kDrawRows : 0;
      spare.push_back(std::move(batch.request));
    }
    done.clear();
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main() {
  const size_t numRows =
      auspex::bench::fullOrQuick<size_t>(20'000'000, 100'000) / kDrawRows * kDrawRows;
  const CannedAnswer canned = grpcAnswer(cannedMessage());
  std::atomic<double> serverSeconds = 0;
  CannedServer server([&](const CannedRequest&) {
    // One connection, one thread: its clock is the server's time.
    serverSeconds = cpuSeconds(CLOCK_THREAD_CPUTIME_ID);
    return canned;
  });
  RemoteModelOptions options;
  options.protocol = RemoteProtocol::V2Grpc;
  options.endpoint = server.endpoint();
  options.model = "m";
  options.batchMaxRows = kBatchRows;
  options.maxInFlight = 16;
  std::vector<InputDeclaration> inputs(kFeatures);
  RemoteSignature signature;
  for (size_t feature = 0; feature < kFeatures; ++feature) {
    inputs[feature].name = "f" + std::to_string(feature);
  }
  signature.inputs = {{"x", Datatype::Fp32, false}};
  signature.numFeatures = kFeatures;
  signature.isBinary = true;
  const auto transport =
      std::make_shared<auspex::engine::CurlTransport>(auspex::engine::AddressRules::standard());
  const auto declared = declareRemoteModel("m", 1, inputs, 1, options, transport);
  const auto model = std::make_shared<const RemoteModel>(
      declared->info(), options, transport, std::make_shared<const RemoteSignature>(signature));
  scoreRows(model, kDrawRows);
  const double cpuBefore = cpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
  const double serverBefore = serverSeconds;
  const double seconds = scoreRows(model, numRows);
  const double ours =
      cpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - cpuBefore - (serverSeconds - serverBefore);
  const RemoteCounters counters = model->health().snapshot();
  const auto rows = static_cast<double>(numRows);
  fmt::print("{} rows of {} features, {} a request, {} at a time\n", numRows, kFeatures, kBatchRows,
             options.maxInFlight);
  fmt::print("  {:>10.0f} rows/s by the clock; wire {} us median, {} us p99\n", rows / seconds,
             counters.wire.median.count(), counters.wire.p99.count());
  fmt::print("  {:>10.0f} rows/s per core of ours: {:.2f} us a row\n", rows / ours,
             1e6 * ours / rows);
  fmt::print("rows/s per core to 100,000: ratio {:.2f}\n", rows / ours / 100'000);
  return 0;
}
