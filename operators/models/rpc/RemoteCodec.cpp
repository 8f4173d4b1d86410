// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/RemoteCodec.h"

#include <algorithm>

#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"
#include "operators/models/kafka/MlserverCodec.h"
#include "operators/models/kafka/PlainJsonCodec.h"
#include "operators/models/kafka/SeldonCodec.h"
#include "operators/models/rpc/TfsGrpcCodec.h"
#include "operators/models/rpc/TfsRestCodec.h"
#include "operators/models/rpc/V2GrpcCodec.h"
#include "operators/models/rpc/V2HttpCodec.h"

namespace auspex::operators {

namespace {

bool isTfs(RemoteProtocol protocol) {
  return protocol == RemoteProtocol::TfsRest || protocol == RemoteProtocol::TfsGrpc;
}

void requireDigits(const std::string& version) {
  const bool isNumber =
      version.size() <= 18 && std::all_of(version.begin(), version.end(), isDigit);
  if (!isNumber) {
    throw ModelError("REMOTE_VERSION of TensorFlow Serving is a number, not '" + version + "'");
  }
}

void checkOptions(const RemoteModelOptions& options) {
  if (options.model.empty()) {
    throw ModelError("REMOTE_MODEL is empty: it is the server's name for the model");
  }
  if (!isTfs(options.protocol) && !(options.label.empty() && options.signature.empty())) {
    throw ModelError("REMOTE_LABEL and SIGNATURE are for TensorFlow Serving's protocols");
  }
  if (!options.label.empty() && !options.version.empty()) {
    throw ModelError("REMOTE_VERSION and REMOTE_LABEL exclude each other");
  }
  if (isTfs(options.protocol)) {
    requireDigits(options.version);
  }
  if (isThroughTopics(options.protocol) &&
      (options.requestTopic.empty() || options.requestTopic == options.replyTopic)) {
    throw ModelError("requests and replies need a topic each");
  }
}

}  // namespace

std::unique_ptr<const RemoteCodec> makeRemoteCodec(const RemoteModelOptions& options) {
  checkOptions(options);
  switch (options.protocol) {
    case RemoteProtocol::V2Http:
      return std::make_unique<V2HttpCodec>(options);
    case RemoteProtocol::V2Grpc:
      return std::make_unique<V2GrpcCodec>(options);
    case RemoteProtocol::TfsRest:
      return std::make_unique<TfsRestCodec>(options);
    case RemoteProtocol::TfsGrpc:
      return std::make_unique<TfsGrpcCodec>(options);
    case RemoteProtocol::Mlserver:
      return std::make_unique<MlserverCodec>(options);
    case RemoteProtocol::Seldon:
      return std::make_unique<SeldonCodec>(options);
    case RemoteProtocol::PlainJson:
      return std::make_unique<PlainJsonCodec>(options);
  }
  AUSPEX_ASSERT(false);
}

std::string endpointUrl(const std::string& endpoint) {
  const auto fail = [&](const std::string& reason) {
    throw ModelError("ENDPOINT '" + endpoint + "' " + reason +
                     ". It is host:port, or http(s)://host:port/path");
  };
  std::string scheme = "http";
  std::string rest = endpoint;
  if (const size_t end = endpoint.find("://"); end != std::string::npos) {
    scheme = endpoint.substr(0, end);
    rest = endpoint.substr(end + 3);
    if (scheme != "http" && scheme != "https") {
      fail("is neither http nor https");
    }
  } else if (rest.find(':') == std::string::npos) {
    fail("names no port");
  }
  if (rest.empty() || rest[0] == '/' || rest[0] == ':') {
    fail("names no host");
  }
  for (const char letter : rest) {
    if (static_cast<unsigned char>(letter) <= ' ' || letter == 0x7F || letter == '@' ||
        letter == '?' || letter == '#' || letter == '\\') {
      fail("holds what no such address has");
    }
  }
  while (rest.back() == '/') {
    rest.pop_back();
  }
  return scheme + "://" + rest;
}

std::string percentEncoded(std::string_view name) {
  constexpr std::string_view kHexadecimal = "0123456789ABCDEF";
  std::string encoded;
  for (const char letter : name) {
    if (isLetter(letter) || isDigit(letter) || letter == '-' || letter == '.' || letter == '_' ||
        letter == '~') {
      encoded += letter;
    } else {
      const auto byte = static_cast<unsigned char>(letter);
      encoded += '%';
      encoded += kHexadecimal[byte >> 4];
      encoded += kHexadecimal[byte & 0xF];
    }
  }
  return encoded;
}

}  // namespace auspex::operators
