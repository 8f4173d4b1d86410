// SPDX-License-Identifier: Apache-2.0
// Scores rows by a model server through the engine's own transport and predictor, holds each score
// against the rule of ScoringRule.py, or against a model that is scored here (embedded=FILE), and
// prints what came of them as JSON.
//   askServer PROTOCOL ENDPOINT [name=value...]
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>

#include "engine/http/CurlTransport.h"
#include "operators/models/ModelLoader.h"
#include "operators/models/Predictors.h"
#include "operators/models/rpc/RemoteHealth.h"
#include "operators/models/rpc/RemoteModel.h"

using namespace auspex::operators;

namespace {

using Arguments = std::map<std::string, std::string>;

long numberOf(const Arguments& arguments, const std::string& name, long otherwise) {
  const auto found = arguments.find(name);
  return found == arguments.end() ? otherwise : std::stol(found->second);
}

std::string textOf(const Arguments& arguments, const std::string& name,
                   const std::string& otherwise) {
  const auto found = arguments.find(name);
  return found == arguments.end() ? otherwise : found->second;
}

RemoteModelOptions readOptions(const std::string& protocol, const std::string& endpoint,
                               const Arguments& arguments) {
  RemoteModelOptions options;
  for (const RemoteProtocol known : {RemoteProtocol::V2Http, RemoteProtocol::V2Grpc,
                                     RemoteProtocol::TfsRest, RemoteProtocol::TfsGrpc}) {
    options.protocol = nameOf(known) == protocol ? known : options.protocol;
  }
  options.endpoint = endpoint;
  options.model = textOf(arguments, "model", "fraud");
  options.version = textOf(arguments, "version", "");
  options.layout = textOf(arguments, "layout", "tensor") == "tensor" ? RemoteLayout::Tensor
                                                                     : RemoteLayout::Columns;
  options.binary = numberOf(arguments, "binary", 1) != 0;
  options.batchMaxRows = static_cast<size_t>(numberOf(arguments, "batch", 256));
  options.maxInFlight = static_cast<size_t>(numberOf(arguments, "inFlight", 16));
  options.timeout = std::chrono::milliseconds(numberOf(arguments, "timeout", 5000));
  options.retries = static_cast<uint32_t>(numberOf(arguments, "retries", 2));
  options.waitsWhenUnavailable = numberOf(arguments, "wait", 0) != 0;
  options.breakerPause = std::chrono::milliseconds(numberOf(arguments, "breakerPause", 200));
  return options;
}

/// Expects what a model of this process makes of the batch's numbers.
void expectEmbedded(const ModelVersion& model, const FeatureBatch& batch,
                    std::vector<double>& expected) {
  const size_t width = batch.columns.size();
  std::vector<float> matrix(expected.size() * width);
  for (size_t feature = 0; feature < width; ++feature) {
    const FeatureColumn& column = batch.columns[feature];
    const auto& values = std::get<std::vector<double>>(column.values);
    for (size_t row = 0; row < expected.size(); ++row) {
      matrix[row * width + feature] =
          column.validity[row] == 0 ? NAN : static_cast<float>(values[row]);
    }
  }
  std::vector<float> scores(expected.size());
  model.score({matrix.data(), expected.size(), width}, OutputForm::Prediction, scores);
  expected.assign(scores.begin(), scores.end());
}

/// Rows [first, first + size) of the test's endless table; what ScoringRule.py makes of each.
FeatureBatch makeRows(const RemoteModelOptions& options, size_t numFeatures, uint64_t first,
                      size_t size, std::vector<double>& expected) {
  FeatureBatch batch;
  batch.id = first;
  batch.rowIds.resize(size);
  expected.assign(size, 0);
  const auto numberAt = [&](size_t row, size_t feature) {
    return static_cast<double>((first + row) * 7 + feature * 3) * 0.25;
  };
  const size_t numNumbers = options.layout == RemoteLayout::Tensor ? numFeatures : 1;
  for (size_t feature = 0; feature < numNumbers; ++feature) {
    std::vector<double> values(size);
    std::vector<uint8_t> validity(size, 1);
    for (size_t row = 0; row < size; ++row) {
      values[row] = numberAt(row, feature);
      validity[row] = feature == 0 || (first + row + feature) % 5 != 0 ? 1 : 0;
      expected[row] += validity[row] != 0 ? static_cast<double>(feature + 1) * values[row] : 0;
    }
    batch.columns.push_back(
        {"f" + std::to_string(feature), std::move(values), std::move(validity)});
  }
  if (options.layout == RemoteLayout::Columns) {
    std::vector<int64_t> integers(size);
    std::vector<std::string> texts(size);
    for (size_t row = 0; row < size; ++row) {
      integers[row] = static_cast<int64_t>(first + row) - 100;
      texts[row] = std::string((first + row) % 4, 'x');
      expected[row] +=
          2.0 * static_cast<double>(integers[row]) + 3.0 * static_cast<double>(texts[row].size());
    }
    batch.columns[0].name = "a";
    batch.columns.push_back({"b", std::move(integers), {}});
    batch.columns.push_back({"c", std::move(texts), {}});
  }
  return batch;
}

struct Tally {
  uint64_t scored = 0;
  uint64_t wrong = 0;
  uint64_t unasked = 0;
  uint64_t refused = 0;
  uint64_t unavailable = 0;
  std::string firstFailure;
  uint64_t numAnswered = 0;
};

void count(const ScoredBatch& batch, const std::vector<double>& expected, Tally& tally) {
  tally.numAnswered += batch.request.rowIds.size();
  for (const RowFailure& failure : batch.failures) {
    ++(failure.reason == RowFailure::Reason::Refused ? tally.refused : tally.unavailable);
    tally.firstFailure = tally.firstFailure.empty() ? failure.message : tally.firstFailure;
  }
  for (size_t row = 0; row < expected.size(); ++row) {
    if (!std::isnan(batch.scores[row])) {
      ++tally.scored;
      // Another build of XGBoost adds the leaves in another order.
      tally.wrong += std::abs(batch.scores[row] - expected[row]) <= 1e-6 ? 0 : 1;
    }
  }
}

/// What wakes the loop below, as a task's thread is woken.
struct Bell {
  std::mutex mutex;
  std::condition_variable rung;
  bool isRung = false;

  void ring() {
    const std::lock_guard lock(mutex);
    isRung = true;
    rung.notify_one();
  }
  bool wait(std::chrono::milliseconds atMost) {
    std::unique_lock lock(mutex);
    const bool came = rung.wait_for(lock, atMost, [&] { return isRung; });
    isRung = false;
    return came;
  }
};

Tally scoreAll(const std::shared_ptr<const RemoteModel>& model, const Arguments& arguments) {
  const auto numRows = static_cast<uint64_t>(numberOf(arguments, "rows", 1000));
  const auto drawRows = static_cast<size_t>(numberOf(arguments, "draw", 100));
  const auto patience = std::chrono::milliseconds(numberOf(arguments, "patience", 30'000));
  const std::string embedded = textOf(arguments, "embedded", "");
  const auto judge = embedded.empty() ? nullptr : loadModel(embedded, {"judge", 1, false});
  Bell bell;
  PredictorSettings settings;
  settings.maxRowsInFlight = 4096;
  settings.wake = [&] { bell.ring(); };
  const auto predictor = makePredictor("RPC", settings);
  std::map<uint64_t, std::vector<double>> expected;
  std::vector<ScoredBatch> done;
  Tally tally;
  uint64_t next = 0;
  const auto end = std::chrono::steady_clock::now() + patience;
  while (tally.numAnswered < numRows && std::chrono::steady_clock::now() < end) {
    while (next < numRows) {
      std::vector<double> wanted;
      const size_t size = std::min<size_t>(drawRows, numRows - next);
      FeatureBatch batch =
          makeRows(model->options(), model->info().features.size(), next, size, wanted);
      batch.version = model;
      if (judge != nullptr) {
        expectEmbedded(*judge, batch, wanted);
      }
      if (!predictor->submit(batch)) {
        break;
      }
      expected[next] = std::move(wanted);
      next += size;
    }
    bell.wait(std::chrono::milliseconds(1000));
    predictor->poll(done);
    for (const ScoredBatch& batch : done) {
      const auto wanted = expected.find(batch.request.id);
      if (wanted == expected.end()) {
        ++tally.unasked;
        continue;
      }
      count(batch, wanted->second, tally);
      expected.erase(wanted);
    }
    done.clear();
  }
  return tally;
}

std::string quoted(const std::string& text) {
  std::string shown = "\"";
  for (const char letter : text) {
    shown += letter == '"' || letter == '\\' ? std::string("\\") + letter : std::string(1, letter);
  }
  return shown + "\"";
}

}  // namespace

int main(int count, char** given) {
  if (count < 3) {
    fmt::print(stderr, "usage: askServer PROTOCOL ENDPOINT [name=value...]\n");
    return 2;
  }
  Arguments arguments;
  for (int i = 3; i < count; ++i) {
    const std::string text = given[i];
    arguments[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  try {
    const auto transport = std::make_shared<auspex::engine::CurlTransport>(
        auspex::engine::AddressRules::parse(textOf(arguments, "allow", "loopback, private")));
    const auto start = std::chrono::steady_clock::now();
    std::vector<InputDeclaration> inputs(static_cast<size_t>(numberOf(arguments, "features", 0)));
    for (size_t feature = 0; feature < inputs.size(); ++feature) {
      inputs[feature].name = "f" + std::to_string(feature);
    }
    const auto model =
        connectRemoteModel("m", 1, inputs, readOptions(given[1], given[2], arguments), transport);
    const Tally tally = scoreAll(model, arguments);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const RemoteCounters counters = model->health().snapshot();
    fmt::print(
        "{{\"scored\":{},\"wrong\":{},\"unasked\":{},\"refused\":{},\"unavailable\":{},"
        "\"answered\":{},\"firstFailure\":{},\"requests\":{},\"retries\":{},\"timeouts\":{},"
        "\"halvings\":{},\"opened\":{},\"waiting\":{},\"p99wire\":{},\"seconds\":{:.3f}}}\n",
        tally.scored, tally.wrong, tally.unasked, tally.refused, tally.unavailable,
        tally.numAnswered, quoted(tally.firstFailure), counters.requests, counters.retries,
        counters.timeouts, counters.halvings, counters.breakerOpened, counters.rowsWaiting,
        counters.wire.p99.count(), took.count());
    return 0;
  } catch (const std::exception& error) {
    fmt::print("{{\"error\":{}}}\n", quoted(error.what()));
    return 1;
  }
}
