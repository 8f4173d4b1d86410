// SPDX-License-Identifier: Apache-2.0
// A protocol of model servers as bytes: requests made of rows, answers read strictly. No input or
// output happens here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "operators/models/rpc/FeatureTensors.h"
#include "operators/models/rpc/RemoteModel.h"
#include "operators/models/rpc/RemoteSignature.h"
#include "operators/models/rpc/ScoreTensor.h"
#include "operators/ports/HttpTransport.h"

namespace auspex::operators {

/// Any thread; holds what the statement says of the model and nothing that changes.
class RemoteCodec {
 public:
  virtual ~RemoteCodec() = default;

  /// What requests of such a signature can say besides finite numbers.
  virtual NonFinite nonFinite(const RemoteSignature& signature) const = 0;

  /// Metadata are asked for in so many requests, one after the other.
  virtual size_t numMetadataRequests() const = 0;
  virtual HttpRequest metadataRequest(size_t step) const = 0;
  /// Adds what one answer tells. Throws AnswerError.
  virtual void readMetadata(size_t step, const HttpResponse& response,
                            RemoteMetadata& metadata) const = 0;

  /// Asks for the scores of rows that are sendable (findUnsendable).
  virtual HttpRequest inferRequest(std::span<const FeatureRows> rows,
                                   const RemoteSignature& signature, uint64_t id) const = 0;
  /// Reads the scores of as many rows, [rows x outputs] row-major. Throws AnswerError, and then
  /// leaves anything in `scores`.
  virtual void readScores(const HttpResponse& response, const RemoteSignature& signature,
                          size_t numRows, uint64_t id, std::vector<double>& scores) const = 0;
};

/// The codec of the protocol that the options name. Throws ModelError when the options do not go
/// with it, or the endpoint is none.
std::unique_ptr<const RemoteCodec> makeRemoteCodec(const RemoteModelOptions& options);

/// ENDPOINT as the beginning of a URL: "http://host:port/prefix", without a slash at the end.
/// Throws ModelError when it is no host and port and no http or https URL.
std::string endpointUrl(const std::string& endpoint);

/// A name as one part of a URL's path.
std::string percentEncoded(std::string_view name);

}  // namespace auspex::operators
