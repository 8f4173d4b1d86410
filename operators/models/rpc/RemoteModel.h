// SPDX-License-Identifier: Apache-2.0
// A model that a model server scores: what the statement said of it and what the server's metadata
// told, as a version like any other.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/models/InputContract.h"
#include "operators/models/Model.h"
#include "operators/models/ModelError.h"
#include "operators/ports/HttpTransport.h"

namespace auspex::operators {

enum class RemoteProtocol : uint8_t {
  V2Http,
  V2Grpc,
  TfsRest,
  TfsGrpc,
  // Through topics:
  Mlserver,
  Seldon,
  PlainJson
};
bool isThroughTopics(RemoteProtocol protocol);

/// How features travel: one tensor [rows, features] of numbers, or a tensor per feature under its
/// name, in its own type.
enum class RemoteLayout : uint8_t { Tensor, Columns };

/// What CREATE MODEL ... WITH (DEPLOYMENT='RPC' or 'KAFKA', ...) says, checked and with its
/// defaults.
struct RemoteModelOptions {
  RemoteProtocol protocol = RemoteProtocol::V2Http;
  std::string endpoint;      ///< ENDPOINT: host:port, or http(s)://host:port[/prefix]
  std::string requestTopic;  ///< REQUEST_TOPIC, of protocols through topics, as REPLY_TOPIC
  std::string replyTopic;
  std::string model;      ///< REMOTE_MODEL: the server's name for it
  std::string version;    ///< REMOTE_VERSION; empty: none in the request, the server chooses
  std::string label;      ///< REMOTE_LABEL, of TensorFlow Serving
  std::string signature;  ///< SIGNATURE, of TensorFlow Serving
  std::string input;      ///< INPUT: name of the one tensor; empty: as the metadata tells
  std::string output;     ///< OUTPUT: the tensor that holds the score; empty: the only one
  RemoteLayout layout = RemoteLayout::Tensor;
  size_t scoresPerRow = 1;  ///< SCORES_PER_ROW, where no metadata tell it
  bool binary = true;       ///< BINARY: raw tensors where the protocol and the server have them
  size_t batchMaxRows = 256;
  std::chrono::milliseconds batchLinger{0};
  size_t maxInFlight = 16;                  ///< requests at a time per task
  std::chrono::milliseconds timeout{5000};  ///< per request
  uint32_t retries = 2;                     ///< of a request that failed where that is safe
  std::chrono::milliseconds backoff{20};    ///< before the first retry; doubles, with jitter
  double breakerFailures = 0.5;             ///< share of failed requests that opens the breaker
  std::chrono::milliseconds breakerPause{1000};  ///< until a request tries whether it is back
  bool waitsWhenUnavailable = true;  ///< ON_UNAVAILABLE='WAIT': never reports Unavailable
  bool asksOnce = false;  ///< in the shadow: only rows of a request that is refused go again
};

class RemoteCodec;
class RemoteHealth;
struct RemoteMetadata;
struct RemoteSignature;

/// The server could not be asked: it is not there, or does not answer as one. Asking again later
/// may go well, which it would not where the model and the statement do not fit.
class ServerAwayError : public ModelError {
 public:
  using ModelError::ModelError;
};

/// A version whose rows a server scores: `score` is not for it (asserted); rows go through
/// RpcPredictor. Gives OutputForm::Prediction and Value and, where the score is an array,
/// OutputForm::Probability. Any thread.
class RemoteModel final : public ModelVersion {
 public:
  /// info: name, version and features as declared; numOutputs: numbers per row. signature: what the
  /// server's metadata came to; null when it has not been asked yet, which the first predictor with
  /// rows for it does. Throws ModelError when the options are wrong in themselves.
  RemoteModel(ModelInfo info, RemoteModelOptions options, std::shared_ptr<HttpTransport> transport,
              std::shared_ptr<const RemoteSignature> signature = nullptr);
  ~RemoteModel() override;

  const RemoteModelOptions& options() const { return options_; }
  HttpTransport& transport() const { return *transport_; }
  const RemoteCodec& codec() const { return *codec_; }
  /// Breaker and counters, shared by all who ask for scores of this version.
  RemoteHealth& health() const { return *health_; }

  /// The same version as it is asked in the shadow of those that serve: once for each row, never
  /// waited for, and with a breaker and counters of its own, so that neither stands in the way of
  /// the other. One for all who ask.
  std::shared_ptr<const RemoteModel> shadow() const;

  /// Null until the server's metadata are known.
  std::shared_ptr<const RemoteSignature> signature() const;
  /// Takes the server's metadata. Throws ModelError when the model's features or outputs do not fit
  /// them.
  void adopt(const RemoteMetadata& metadata) const;

  size_t outputsPerRow(OutputForm form) const override;
  void score(FeatureMatrix features, OutputForm form, std::span<float> out) const override;

 private:
  RemoteModelOptions options_;
  std::shared_ptr<HttpTransport> transport_;
  std::unique_ptr<const RemoteCodec> codec_;
  std::unique_ptr<RemoteHealth> health_;
  mutable std::mutex mutex_;  ///< guards all below
  mutable std::shared_ptr<const RemoteSignature> signature_;
  mutable std::shared_ptr<const RemoteModel> shadow_;  ///< made when it is first asked for
};

/// Asks the server for the model's metadata and checks it against the declared inputs; without
/// declarations takes the server's inputs. Waits for the answer, at most options.timeout per try.
/// Throws ServerAwayError when the server is not there, ModelError when it does not know the model,
/// or its shapes and types do not fit. Where a server tells nothing of the model's inputs, the
/// declarations stand alone.
std::shared_ptr<const RemoteModel> connectRemoteModel(std::string name, uint32_t version,
                                                      const std::vector<InputDeclaration>& inputs,
                                                      RemoteModelOptions options,
                                                      std::shared_ptr<HttpTransport> transport);

/// The same without asking: the declared inputs stand, the score is numOutputs numbers a row, and
/// the metadata are checked when the first rows are to be scored. Throws ModelError without inputs,
/// or when the options are wrong in themselves.
std::shared_ptr<const RemoteModel> declareRemoteModel(std::string name, uint32_t version,
                                                      const std::vector<InputDeclaration>& inputs,
                                                      size_t numOutputs, RemoteModelOptions options,
                                                      std::shared_ptr<HttpTransport> transport);

/// The same with features as a server described them once.
std::shared_ptr<const RemoteModel> recallRemoteModel(std::string name, uint32_t version,
                                                     std::vector<FeatureInfo> features,
                                                     size_t numOutputs, RemoteModelOptions options,
                                                     std::shared_ptr<HttpTransport> transport);

/// As the statement writes it: "V2_HTTP".
std::string_view nameOf(RemoteProtocol protocol);
/// Where requests go, for people: "'host:8080'", "topic 'requests'".
std::string placeOf(const RemoteModelOptions& options);

}  // namespace auspex::operators
