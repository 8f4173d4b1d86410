// SPDX-License-Identifier: Apache-2.0
// A model that a model server scores: what the statement said of it and what the server's metadata
// told, as a version like any other.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/models/InputContract.h"
#include "operators/models/Model.h"
#include "operators/ports/HttpTransport.h"

namespace auspex::operators {

enum class RemoteProtocol : uint8_t { V2Http, V2Grpc, TfsRest, TfsGrpc };
/// How features travel: one tensor [rows, features] of numbers, or a tensor per feature under its
/// name, in its own type.
enum class RemoteLayout : uint8_t { Tensor, Columns };
/// In which order scored batches come back: as submitted, or as the answers come.
enum class RemoteOrdering : uint8_t { Strict, None };

/// What CREATE MODEL ... WITH (DEPLOYMENT='RPC', ...) says, checked and with its defaults.
struct RemoteModelOptions {
  RemoteProtocol protocol = RemoteProtocol::V2Http;
  std::string endpoint;   ///< ENDPOINT: host:port, or http(s)://host:port[/prefix]
  std::string model;      ///< REMOTE_MODEL: the server's name for it
  std::string version;    ///< REMOTE_VERSION; empty: none in the request, the server chooses
  std::string label;      ///< REMOTE_LABEL, of TensorFlow Serving
  std::string signature;  ///< SIGNATURE, of TensorFlow Serving
  std::string input;      ///< INPUT: name of the one tensor; empty: as the metadata tells
  std::string output;     ///< OUTPUT: the tensor that holds the score; empty: the only one
  RemoteLayout layout = RemoteLayout::Tensor;
  bool binary = true;  ///< BINARY: raw tensors where the protocol and the server have them
  size_t batchMaxRows = 256;
  std::chrono::milliseconds batchLinger{0};
  size_t maxInFlight = 16;  ///< requests at a time per task
  RemoteOrdering ordering = RemoteOrdering::Strict;
  std::chrono::milliseconds timeout{5000};  ///< per request
  uint32_t retries = 2;                     ///< of a request that failed where that is safe
  std::chrono::milliseconds backoff{20};    ///< before the first retry; doubles, with jitter
  double breakerFailures = 0.5;             ///< share of failed requests that opens the breaker
  std::chrono::milliseconds breakerPause{1000};  ///< until a request tries whether it is back
  bool waitsWhenUnavailable = true;  ///< ON_UNAVAILABLE='WAIT': never reports Unavailable
};

/// A version whose rows a server scores: `score` is not for it (asserted); rows go through
/// RpcPredictor. Gives OutputForm::Prediction and, where the score is an array,
/// OutputForm::Probability and Value. Any thread.
class RemoteModel final : public ModelVersion {
 public:
  /// info: name, version and features as declared; numOutputs: numbers per row.
  RemoteModel(ModelInfo info, RemoteModelOptions options, std::shared_ptr<HttpTransport> transport);

  const RemoteModelOptions& options() const { return options_; }
  HttpTransport& transport() const { return *transport_; }

  size_t outputsPerRow(OutputForm form) const override;
  void score(FeatureMatrix features, OutputForm form, std::span<float> out) const override;

 private:
  RemoteModelOptions options_;
  std::shared_ptr<HttpTransport> transport_;
};

/// Asks the server for the model's metadata and checks it against the declared inputs; without
/// declarations takes the server's named inputs. Waits for the answer, at most options.timeout per
/// try. Throws ModelError when the server is not there, does not know the model, or its shapes and
/// types do not fit. Where a protocol has no metadata, the declarations stand alone.
std::shared_ptr<const RemoteModel> connectRemoteModel(std::string name, uint32_t version,
                                                      const std::vector<InputDeclaration>& inputs,
                                                      RemoteModelOptions options,
                                                      std::shared_ptr<HttpTransport> transport);

}  // namespace auspex::operators
