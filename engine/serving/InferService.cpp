// SPDX-License-Identifier: Apache-2.0
#include "engine/serving/InferService.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <optional>
#include <utility>

#include "engine/serving/GrpcAnswer.h"
#include "operators/formats/json/JsonText.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/serving/V2Json.h"
#include "operators/models/serving/V2Protobuf.h"

namespace auspex::engine {

namespace {

using operators::InferFault;
using operators::InferRequest;
using Scorer = std::shared_ptr<const operators::RequestScorer>;

constexpr std::string_view kGrpcService = "/inference.GRPCInferenceService/";
constexpr std::string_view kJsonLengthName = "inference-header-content-length";
constexpr std::string_view kBinaryExtension = "binary_tensor_data";
/// Rows beyond which further requests are scored by themselves: large calls gain nothing by it.
constexpr size_t kRowsTogether = 16'384;
/// Requests wait for the end of the round up to so many bytes, since decoded ones take several
/// times that.
constexpr size_t kBytesTogether = size_t{8} << 20;

const operators::HttpHeaders kJsonHeaders = {{"content-type", "application/json"}};

int statusOf(InferFault::Kind kind) {
  switch (kind) {
    case InferFault::Kind::Malformed:
      return 400;
    case InferFault::Kind::NotFound:
      return 404;
    case InferFault::Kind::Busy:
      return 503;
    case InferFault::Kind::Internal:
      break;
  }
  return 500;
}

void answerError(HttpExchange& exchange, int status, std::string_view message) {
  exchange.answer(status, kJsonHeaders, operators::encodeV2Error(message));
}

void answerFault(HttpExchange& exchange, bool isGrpc, const InferFault& fault) {
  if (isGrpc) {
    answerGrpcStatus(exchange, grpcStatusOf(fault.kind), fault.message);
  } else {
    answerError(exchange, statusOf(fault.kind), fault.message);
  }
}

void answerScores(HttpExchange& exchange, bool isGrpc, const operators::InferResponse& response) {
  if (isGrpc) {
    answerGrpcMessage(exchange, operators::encodeV2Protobuf(response));
    return;
  }
  const operators::EncodedV2 encoded = operators::encodeV2Json(response);
  if (encoded.isBinary()) {
    exchange.answer(200,
                    {{"content-type", "application/octet-stream"},
                     {std::string(kJsonLengthName), std::to_string(encoded.jsonBytes)}},
                    encoded.body);
  } else {
    exchange.answer(200, kJsonHeaders, encoded.body);
  }
}

/// The parts of a target's path; empty ones, of doubled or closing slashes, are left out.
std::vector<std::string> partsOfPath(std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) {
      parts.push_back(operators::percentDecoded(path.substr(0, slash)));
    }
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

bool isGet(const ServerRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

bool isGrpcRequest(const ServerRequest& request) {
  return request.isHttp2 && request.header("content-type").starts_with("application/grpc");
}

/// The length of the JSON in front of raw tensors; a number that is none is larger than any body.
std::optional<size_t> jsonLengthOf(const ServerRequest& request) {
  const std::string_view text = request.header(kJsonLengthName);
  if (text.empty()) {
    return std::nullopt;
  }
  size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  return error == std::errc() && end == text.data() + text.size() ? length : SIZE_MAX;
}

}  // namespace

void InferService::handle(ServerRequest request, std::shared_ptr<HttpExchange> exchange) {
  const bool isGrpc = isGrpcRequest(request);
  try {
    if (isGrpc) {
      const std::string_view target = request.target;
      const std::string_view method =
          target.starts_with(kGrpcService) ? target.substr(kGrpcService.size()) : "";
      answerGrpc(method, request.body, exchange);
    } else {
      route(request, exchange);
    }
  } catch (const std::exception& error) {
    // Memory that cannot be had, say. What throws here has not begun to answer.
    answerFault(*exchange, isGrpc, {InferFault::Kind::Internal, error.what()});
  }
}

void InferService::route(ServerRequest& request, const Exchange& exchange) {
  const std::vector<std::string> path = partsOfPath(request.target);
  const auto is = [&](std::initializer_list<std::string_view> parts) {
    return std::equal(path.begin(), path.end(), parts.begin(), parts.end());
  };
  if (path.size() >= 3 && path[0] == "v2" && path[1] == "models") {
    answerModel(request, path, exchange);
  } else if (is({"v2"}) && isGet(request)) {
    std::string json = "{\"name\":";
    operators::appendJsonString(json, identity_.name);
    json += ",\"version\":";
    operators::appendJsonString(json, identity_.version);
    json += ",\"extensions\":[\"" + std::string(kBinaryExtension) + "\"]}";
    exchange->answer(200, kJsonHeaders, json);
  } else if (is({"v2", "health", "live"}) && isGet(request)) {
    exchange->answer(200, kJsonHeaders, "{\"live\":true}");
  } else if (is({"v2", "health", "ready"}) && isGet(request)) {
    exchange->answer(200, kJsonHeaders, "{\"ready\":true}");
  } else if (is({"v2", "repository", "index"}) && request.method == "POST") {
    exchange->answer(200, kJsonHeaders, listJson());
  } else {
    answerError(*exchange, 404,
                "there is no " + request.method + " " + operators::presentable(request.target) +
                    " in the Open Inference Protocol as it is answered here");
  }
}

std::string InferService::listJson() const {
  std::string json = "[";
  for (const ServedModels::Listed& listed : models_.list()) {
    json += json.size() == 1 ? "{\"name\":" : ",{\"name\":";
    operators::appendJsonString(json, listed.name);
    json += ",\"version\":\"" + listed.version + "\",\"state\":\"READY\",\"reason\":\"\"}";
  }
  return json + "]";
}

/// v2/models/NAME[/versions/V][/ready|/infer]
void InferService::answerModel(const ServerRequest& request, const std::vector<std::string>& path,
                               const Exchange& exchange) {
  const std::string& name = path[2];
  const bool hasVersion = path.size() >= 5 && path[3] == "versions";
  const std::string version = hasVersion ? path[4] : "";
  const size_t rest = hasVersion ? 5 : 3;
  const std::string action = path.size() == rest + 1 ? path[rest] : "";
  if (path.size() > rest + 1 ||
      (path.size() == rest + 1 && action != "ready" && action != "infer")) {
    return answerError(*exchange, 404,
                       "there is no " + operators::presentable(request.target) +
                           ": a model has its metadata, /ready and /infer");
  }
  if (action == "infer" ? request.method != "POST" : !isGet(request)) {
    return answerError(*exchange, 405,
                       request.method + " is not for " + operators::presentable(request.target));
  }
  if (action == "infer") {
    return infer(request, name, version, exchange);
  }
  const ServedModels::Described described = models_.describe(name, version);
  if (const auto* const fault = std::get_if<InferFault>(&described)) {
    return answerFault(*exchange, false, *fault);
  }
  if (action.empty()) {
    exchange->answer(200, kJsonHeaders,
                     encodeV2Metadata(std::get<operators::InferMetadata>(described)));
    return;
  }
  std::string json = "{\"name\":";
  operators::appendJsonString(json, name);
  exchange->answer(200, kJsonHeaders, json + ",\"ready\":true}");
}

void InferService::infer(const ServerRequest& request, const std::string& name,
                         const std::string& version, const Exchange& exchange) {
  const std::string_view coding = request.header("content-encoding");
  if (!coding.empty() && coding != "identity") {
    return answerError(*exchange, 415,
                       "content-encoding '" + operators::presentable(coding) + "' is not taken");
  }
  operators::DecodedInfer decoded = operators::decodeV2Json(request.body, jsonLengthOf(request));
  if (const auto* const fault = std::get_if<InferFault>(&decoded)) {
    return answerFault(*exchange, false, *fault);
  }
  gather({exchange, false, name, nullptr, std::get<InferRequest>(std::move(decoded)),
          request.body.size()},
         version);
}

void InferService::answerGrpc(std::string_view method, std::string_view body,
                              const Exchange& exchange) {
  const auto frame = readGrpcFrame(body);
  if (const auto* const fault = std::get_if<GrpcFault>(&frame)) {
    return answerGrpcStatus(*exchange, fault->status, fault->message);
  }
  const std::string_view message = std::get<std::string_view>(frame);
  if (method == "ModelInfer") {
    operators::DecodedInfer decoded = operators::decodeV2Protobuf(message);
    if (const auto* const fault = std::get_if<InferFault>(&decoded)) {
      return answerFault(*exchange, true, *fault);
    }
    auto& request = std::get<InferRequest>(decoded);
    const std::string name = request.model;
    const std::string version = request.version;
    return gather({exchange, true, name, nullptr, std::move(request), body.size()}, version);
  }
  if (method == "ServerLive" || method == "ServerReady") {
    return answerGrpcMessage(*exchange, operators::encodeReadyProtobuf(true));
  }
  if (method == "ServerMetadata") {
    return answerGrpcMessage(*exchange,
                             operators::encodeServerProtobuf(identity_.name, identity_.version,
                                                             {std::string(kBinaryExtension)}));
  }
  if (method != "ModelReady" && method != "ModelMetadata") {
    return answerGrpcStatus(*exchange, GrpcStatus::Unimplemented,
                            "there is no such method of inference.GRPCInferenceService here");
  }
  const auto named = operators::decodeNamedVersion(message);
  if (const auto* const wrong = std::get_if<InferFault>(&named)) {
    return answerFault(*exchange, true, *wrong);
  }
  const auto& [model, version] = std::get<operators::NamedVersion>(named);
  const ServedModels::Described described = models_.describe(model, version);
  const auto* const fault = std::get_if<InferFault>(&described);
  if (method == "ModelReady") {
    return answerGrpcMessage(*exchange, operators::encodeReadyProtobuf(fault == nullptr));
  }
  if (fault != nullptr) {
    return answerFault(*exchange, true, *fault);
  }
  answerGrpcMessage(
      *exchange, operators::encodeMetadataProtobuf(std::get<operators::InferMetadata>(described)));
}

/// Finds the version and keeps the request for the end of the round.
void InferService::gather(Pending pending, std::string_view version) {
  ServedModels::Found found = models_.find(pending.model, version);
  if (const auto* const fault = std::get_if<InferFault>(&found)) {
    return answerFault(*pending.exchange, pending.isGrpc, *fault);
  }
  pending.scorer = std::get<Scorer>(std::move(found));
  pendingBytes_ += pending.numBytes;
  pending_.push_back(std::move(pending));
  if (pendingBytes_ > kBytesTogether && !isFinishing_) {
    finishRound();
  }
}

void InferService::finishRound() {
  isFinishing_ = true;
  // An answer lets the next request of its connection come, which is of the next turn.
  while (!pending_.empty()) {
    std::vector<Pending> pending;
    pending.swap(pending_);
    pendingBytes_ = 0;
    std::vector<bool> isDone(pending.size());
    for (size_t i = 0; i < pending.size(); ++i) {
      if (!isDone[i]) {
        scoreTogether(pending, i, isDone);
      }
    }
  }
  isFinishing_ = false;
}

/// Scores the request at `first` with those behind it for the same version, and answers them.
void InferService::scoreTogether(std::vector<Pending>& pending, size_t first,
                                 std::vector<bool>& isDone) {
  operators::InferBatch batch(pending[first].scorer);
  std::vector<size_t> taken;
  const auto fail = [&](size_t index, const InferFault& fault) {
    answerFault(*pending[index].exchange, pending[index].isGrpc, fault);
    isDone[index] = true;
  };
  try {
    for (size_t i = first; i < pending.size() && batch.numRows() < kRowsTogether; ++i) {
      if (isDone[i] || pending[i].scorer != pending[first].scorer) {
        continue;
      }
      if (const auto fault = batch.add(pending[i].request)) {
        fail(i, *fault);
      } else {
        taken.push_back(i);
      }
    }
    batch.score();
    for (size_t k = 0; k < taken.size(); ++k) {
      operators::InferResponse response = batch.response(k);
      response.model = pending[taken[k]].model;
      isDone[taken[k]] = true;
      answerScores(*pending[taken[k]].exchange, pending[taken[k]].isGrpc, response);
    }
  } catch (const std::exception& error) {
    // Memory that cannot be had, say: those that have no answer get this one.
    for (const size_t index : taken) {
      if (!isDone[index]) {
        fail(index, {InferFault::Kind::Internal, error.what()});
      }
    }
    isDone[first] = true;
  }
}

}  // namespace auspex::engine
