// SPDX-License-Identifier: Apache-2.0
// Answers of model servers of any bytes: read or refused, in memory bounded by what was asked for.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>

#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/RemoteCodec.h"

using namespace auspex::operators;

namespace {

constexpr size_t kNumRows = 2;

std::unique_ptr<const RemoteCodec> codecOf(RemoteProtocol protocol) {
  RemoteModelOptions options;
  options.protocol = protocol;
  options.endpoint = "host:1";
  options.model = "m";
  options.requestTopic = "q";
  options.replyTopic = "r";
  options.layout = RemoteLayout::Columns;
  return makeRemoteCodec(options);
}

std::map<RemoteProtocol, std::unique_ptr<const RemoteCodec>> makeCodecs() {
  std::map<RemoteProtocol, std::unique_ptr<const RemoteCodec>> codecs;
  for (const RemoteProtocol protocol :
       {RemoteProtocol::V2Http, RemoteProtocol::V2Grpc, RemoteProtocol::TfsRest,
        RemoteProtocol::TfsGrpc, RemoteProtocol::Mlserver, RemoteProtocol::Seldon,
        RemoteProtocol::PlainJson}) {
    codecs.emplace(protocol, codecOf(protocol));
  }
  return codecs;
}

void requireSound(bool isSound) {
  if (!isSound) {
    std::abort();
  }
}

void readScoresOf(const RemoteCodec& codec, const HttpResponse& response,
                  const RemoteSignature& signature) {
  std::vector<double> scores;
  try {
    codec.readScores(response, signature, kNumRows, 7, scores);
    requireSound(scores.size() == kNumRows * signature.numOutputs);
  } catch (const AnswerError&) {
    // Refused, as it should be.
  }
  requireSound(scores.capacity() <= 4 * kNumRows * signature.numOutputs);
}

/// What the metadata come to; a signature that is accepted must make requests.
void readMetadataOf(const RemoteCodec& codec, const HttpResponse& response, RemoteLayout layout,
                    RemoteProtocol protocol) {
  RemoteModelOptions options;
  options.protocol = protocol;
  options.layout = layout;
  try {
    RemoteMetadata metadata;
    for (size_t step = 0; step < codec.numMetadataRequests(); ++step) {
      codec.readMetadata(step, response, metadata);
    }
    const std::vector<FeatureInfo> features = featuresOf(options, metadata);
    const RemoteSignature signature = resolveSignature(options, features, metadata, 1);
    requireSound(signature.numOutputs > 0);
    requireSound(signature.inputs.size() ==
                 (layout == RemoteLayout::Columns ? features.size() : 1));
  } catch (const AnswerError&) {
  } catch (const ModelError&) {
  }
}

}  // namespace

/// The first byte chooses protocol, coding and outputs; the second the length of the JSON before
/// raw tensors, or Seldon's form; the rest is the answer's body.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const std::map<RemoteProtocol, std::unique_ptr<const RemoteCodec>> codecs = makeCodecs();
  if (size < 2) {
    return 0;
  }
  constexpr std::array kProtocols = {RemoteProtocol::V2Http,    RemoteProtocol::V2Grpc,
                                     RemoteProtocol::TfsRest,   RemoteProtocol::TfsGrpc,
                                     RemoteProtocol::Mlserver,  RemoteProtocol::Seldon,
                                     RemoteProtocol::PlainJson, RemoteProtocol::V2Http};
  const RemoteProtocol protocol = kProtocols[(bytes[0] & 3) + ((bytes[0] & 64) != 0 ? 4 : 0)];
  const RemoteCodec& codec = *codecs.at(protocol);
  RemoteSignature signature;
  signature.inputs = {{"x", Datatype::Fp32, false}};
  signature.numFeatures = 1;
  signature.output = (bytes[0] & 4) != 0 ? "score" : "";
  signature.numOutputs = (bytes[0] & 8) != 0 ? 3 : 1;
  HttpResponse response;
  response.status = (bytes[0] & 16) != 0 ? 400 : 200;
  response.trailers = {{"grpc-status", (bytes[0] & 32) != 0 ? "3" : "0"}};
  if (bytes[1] != 0) {
    response.headers = {
        {"inference-header-content-length", std::to_string(bytes[1])},
        {"seldon-infer-type", bytes[1] % 2 == 0 ? "json/inferModelResponse" : "proto/x"}};
  }
  response.body.assign(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  readScoresOf(codec, response, signature);
  readMetadataOf(codec, response, RemoteLayout::Tensor, protocol);
  readMetadataOf(codec, response, RemoteLayout::Columns, protocol);
  return 0;
}
