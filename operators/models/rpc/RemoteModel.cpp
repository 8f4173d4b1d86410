// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/RemoteModel.h"

#include <future>
#include <set>
#include <thread>
#include <utility>

#include "operators/data/Assert.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/RemoteCodec.h"
#include "operators/models/rpc/RemoteHealth.h"

namespace auspex::operators {

namespace {

/// Sends a request and waits for its answer.
HttpResponse exchange(HttpTransport& transport, HttpRequest request) {
  // The transport ends the request itself in time; this is for one that does not.
  const auto patience = request.timeout + std::chrono::seconds(5);
  const auto promise = std::make_shared<std::promise<HttpResponse>>();
  std::future<HttpResponse> answer = promise->get_future();
  transport.send(std::move(request),
                 [promise](HttpResponse response) { promise->set_value(std::move(response)); });
  if (answer.wait_for(patience) != std::future_status::ready) {
    throw AnswerError(AnswerFault::Unreachable, "the request was not answered in time");
  }
  return answer.get();
}

/// Asks once, and again where that may help.
void readMetadataStep(const RemoteModelOptions& options, const RemoteCodec& codec,
                      HttpTransport& transport, size_t step, RemoteMetadata& metadata) {
  std::chrono::milliseconds pause = options.backoff;
  for (uint32_t attempt = 0;; ++attempt) {
    try {
      codec.readMetadata(step, exchange(transport, codec.metadataRequest(step)), metadata);
      return;
    } catch (const AnswerError& error) {
      const std::string message = "the model server at " + placeOf(options) + ", asked by " +
                                  std::string(nameOf(options.protocol)) + " for model '" +
                                  options.model + "': " + error.what();
      const bool isAway =
          error.fault() == AnswerFault::Unreachable || error.fault() == AnswerFault::Faulty;
      if (!isAway) {
        throw ModelError(message);
      }
      if (attempt == options.retries) {
        throw ServerAwayError(message);
      }
    }
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
}

RemoteMetadata readMetadata(const RemoteModelOptions& options, HttpTransport& transport) {
  const std::unique_ptr<const RemoteCodec> codec = makeRemoteCodec(options);
  RemoteMetadata metadata;
  for (size_t step = 0; step < codec->numMetadataRequests(); ++step) {
    readMetadataStep(options, *codec, transport, step, metadata);
  }
  return metadata;
}

std::vector<FeatureInfo> declaredFeatures(const std::vector<InputDeclaration>& inputs) {
  std::vector<FeatureInfo> features;
  std::set<std::string> names;
  for (const InputDeclaration& input : inputs) {
    const std::string shown = "input '" + input.name + "'";
    if (!names.insert(input.name).second) {
      throw ModelError(shown + " is declared twice");
    }
    if (!input.categories.empty()) {
      throw ModelError(shown +
                       ": CATEGORIES are for models of this process; a model server gets "
                       "the text itself");
    }
    FeatureInfo feature;
    feature.name = input.name;
    feature.declaredAsString = input.isString;
    if (input.defaultValue) {
      const auto* const number = std::get_if<double>(&*input.defaultValue);
      if ((number == nullptr) != input.isString) {
        throw ModelError(shown + ": DEFAULT is not of its type");
      }
      if (input.isString) {
        feature.defaultText = std::get<std::string>(*input.defaultValue);
      } else {
        feature.defaultValue = *number;
      }
    }
    features.push_back(std::move(feature));
  }
  return features;
}

ModelInfo remoteInfo(std::string name, uint32_t version, const RemoteModelOptions& options,
                     std::vector<FeatureInfo> features) {
  ModelInfo info;
  info.name = std::move(name);
  info.version = version;
  info.format = nameOf(options.protocol);
  info.kind = "remote";
  info.objective = "of the server";
  info.namedFeatures = !features.empty() && !features.front().name.empty();
  info.features = std::move(features);
  info.isWide = true;
  return info;
}

}  // namespace

std::string_view nameOf(RemoteProtocol protocol) {
  switch (protocol) {
    case RemoteProtocol::V2Http:
      return "V2_HTTP";
    case RemoteProtocol::V2Grpc:
      return "V2_GRPC";
    case RemoteProtocol::TfsRest:
      return "TFS_REST";
    case RemoteProtocol::TfsGrpc:
      return "TFS_GRPC";
    case RemoteProtocol::Mlserver:
      return "MLSERVER";
    case RemoteProtocol::Seldon:
      return "SELDON";
    case RemoteProtocol::PlainJson:
      break;
  }
  return "JSON";
}

bool isThroughTopics(RemoteProtocol protocol) {
  return protocol == RemoteProtocol::Mlserver || protocol == RemoteProtocol::Seldon ||
         protocol == RemoteProtocol::PlainJson;
}

std::string placeOf(const RemoteModelOptions& options) {
  return isThroughTopics(options.protocol) ? "topic '" + options.requestTopic + "'"
                                           : "'" + options.endpoint + "'";
}

RemoteModel::RemoteModel(ModelInfo info, RemoteModelOptions options,
                         std::shared_ptr<HttpTransport> transport,
                         std::shared_ptr<const RemoteSignature> signature)
    : ModelVersion(std::move(info)),
      options_(std::move(options)),
      transport_(std::move(transport)),
      codec_(makeRemoteCodec(options_)),
      health_(std::make_unique<RemoteHealth>(options_.breakerFailures, options_.breakerPause)),
      signature_(std::move(signature)) {
  AUSPEX_ASSERT(transport_ != nullptr);
  if (options_.batchMaxRows == 0 || options_.maxInFlight == 0) {
    throw ModelError("BATCH_MAX_ROWS and MAX_IN_FLIGHT must be at least 1");
  }
  if (signature_ == nullptr && codec_->numMetadataRequests() == 0) {
    adopt({});  // nothing can be asked: the declarations are all there is
  }
}

RemoteModel::~RemoteModel() = default;

std::shared_ptr<const RemoteModel> RemoteModel::shadow() const {
  const std::lock_guard lock(mutex_);
  if (shadow_ == nullptr) {
    RemoteModelOptions options = options_;
    options.retries = 0;
    options.waitsWhenUnavailable = false;
    options.asksOnce = true;
    shadow_ =
        std::make_shared<const RemoteModel>(info(), std::move(options), transport_, signature_);
  }
  return shadow_;
}

std::shared_ptr<const RemoteSignature> RemoteModel::signature() const {
  const std::lock_guard lock(mutex_);
  return signature_;
}

void RemoteModel::adopt(const RemoteMetadata& metadata) const {
  const auto resolved = std::make_shared<const RemoteSignature>(
      resolveSignature(options_, info().features, metadata, info().numOutputs));
  if (resolved->numOutputs != info().numOutputs) {
    throw ModelError("the server's output gives " + std::to_string(resolved->numOutputs) +
                     " numbers a row, but the model was declared with " +
                     std::to_string(info().numOutputs));
  }
  const std::lock_guard lock(mutex_);
  signature_ = resolved;
}

size_t RemoteModel::outputsPerRow(OutputForm form) const {
  switch (form) {
    case OutputForm::Prediction:
    case OutputForm::Value:
      return info().numOutputs;
    case OutputForm::Probability:
      return info().numOutputs > 1 ? info().numOutputs : 0;
    case OutputForm::Margin:
    case OutputForm::Leaf:
    case OutputForm::Contribution:
      break;
  }
  return 0;
}

void RemoteModel::score(FeatureMatrix, OutputForm, std::span<float>) const {
  AUSPEX_ASSERT(false);  // a server scores, and not at once
}

std::shared_ptr<const RemoteModel> connectRemoteModel(std::string name, uint32_t version,
                                                      const std::vector<InputDeclaration>& inputs,
                                                      RemoteModelOptions options,
                                                      std::shared_ptr<HttpTransport> transport) {
  std::vector<FeatureInfo> features = declaredFeatures(inputs);
  const RemoteMetadata metadata = readMetadata(options, *transport);
  if (features.empty()) {
    features = featuresOf(options, metadata);
  }
  ModelInfo info = remoteInfo(std::move(name), version, options, std::move(features));
  auto signature = std::make_shared<const RemoteSignature>(
      resolveSignature(options, info.features, metadata, options.scoresPerRow));
  info.numOutputs = signature->numOutputs;
  return std::make_shared<const RemoteModel>(std::move(info), std::move(options),
                                             std::move(transport), std::move(signature));
}

std::shared_ptr<const RemoteModel> declareRemoteModel(std::string name, uint32_t version,
                                                      const std::vector<InputDeclaration>& inputs,
                                                      size_t numOutputs, RemoteModelOptions options,
                                                      std::shared_ptr<HttpTransport> transport) {
  if (inputs.empty()) {
    throw ModelError(
        "a model whose server is not asked needs an input list, as in CREATE MODEL m "
        "(amount DOUBLE, country VARCHAR) WITH (...)");
  }
  return recallRemoteModel(std::move(name), version, declaredFeatures(inputs), numOutputs,
                           std::move(options), std::move(transport));
}

std::shared_ptr<const RemoteModel> recallRemoteModel(std::string name, uint32_t version,
                                                     std::vector<FeatureInfo> features,
                                                     size_t numOutputs, RemoteModelOptions options,
                                                     std::shared_ptr<HttpTransport> transport) {
  ModelInfo info = remoteInfo(std::move(name), version, options, std::move(features));
  info.numOutputs = numOutputs;
  return std::make_shared<const RemoteModel>(std::move(info), std::move(options),
                                             std::move(transport));
}

}  // namespace auspex::operators
