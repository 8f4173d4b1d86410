// SPDX-License-Identifier: Apache-2.0
// What is answered to requests, and when: those of a round together, large ones before its end.
#include "engine/serving/InferService.h"

#include <doctest/doctest.h>

#include <string>

#include "engine/serving/GrpcAnswer.h"
#include "operators/formats/protobuf/ProtobufWire.h"
#include "operators/models/ModelLoader.h"
#include "stateStore/ByteParser.h"

using namespace auspex::engine;
using namespace auspex::operators;

namespace {

struct Answer {
  int status = 0;
  std::string body;
  std::string grpcStatus;
  std::string grpcMessage;
  int numEnds = 0;
};

/// Keeps what it is told.
class KeptExchange final : public HttpExchange {
 public:
  explicit KeptExchange(std::shared_ptr<Answer> answer) : answer_(std::move(answer)) {}

  void begin(int status, const HttpHeaders&, std::optional<size_t>) override {
    CHECK(answer_->status == 0);
    answer_->status = status;
  }
  void write(std::string_view bytes) override { answer_->body += bytes; }
  void end(const HttpHeaders& trailers) override {
    ++answer_->numEnds;
    for (const auto& trailer : trailers) {
      (trailer.first == "grpc-status" ? answer_->grpcStatus : answer_->grpcMessage) =
          trailer.second;
    }
  }

 private:
  std::shared_ptr<Answer> answer_;
};

struct ServiceBench {
  ServiceBench() {
    LoadOptions options;
    options.name = "FRAUD";
    registry.add(loadModel(MODEL_FILES "/logistic-3.2.0.json", options), true);
    options.name = "other";
    registry.add(loadModel(MODEL_FILES "/logistic-2.1.4.json", options), true);
  }

  std::shared_ptr<Answer> ask(ServerRequest request) {
    const auto answer = std::make_shared<Answer>();
    service.handle(std::move(request), std::make_shared<KeptExchange>(answer));
    return answer;
  }
  std::shared_ptr<Answer> infer(const std::string& model, const std::string& body) {
    return ask({"POST", "/v2/models/" + model + "/infer", {}, body, false});
  }
  std::shared_ptr<Answer> grpc(const std::string& method, const std::string& body) {
    return ask({"POST",
                "/inference.GRPCInferenceService/" + method,
                {{"content-type", "application/grpc"}},
                body,
                true});
  }

  ModelRegistry registry;
  ServedModels models{registry};
  InferService service{models, {"auspex", "9"}};
};

std::string rowRequest(const std::string& row, const std::string& id) {
  return R"({"id":")" + id + R"(","inputs":[{"name":"x","shape":[1,5],"datatype":"FP32","data":[)" +
         row + "]}]}";
}

std::string framed(const std::string& message) {
  std::string frame(1, '\0');
  auspex::stateStore::appendFixed32(frame, static_cast<uint32_t>(message.size()));
  return frame + message;
}

}  // namespace

TEST_CASE(
    "Requests of a round are answered at its end, each its own, whatever model they are for") {
  ServiceBench bench;
  const auto first = bench.infer("fraud", rowRequest("1,2,3,4,5", "a"));
  const auto other = bench.infer("other", rowRequest("1,2,3,4,5", "b"));
  const auto wrong = bench.infer("FRAUD", rowRequest("1,2,3,4", "c"));
  const auto narrow = bench.infer(
      "fraud", R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]})");
  const auto second = bench.infer("FRAUD@default", rowRequest("5,4,3,2,1", "d"));
  CHECK(first->status == 0);
  CHECK(wrong->status == 400);  // what cannot be read is told at once
  bench.service.finishRound();
  for (const auto& answer : {first, other, second}) {
    CHECK(answer->status == 200);
    CHECK(answer->numEnds == 1);
  }
  CHECK(narrow->status == 400);
  CHECK(narrow->body.find("neither of shape [rows, 5]") != std::string::npos);
  CHECK(first->body.starts_with(R"({"model_name":"fraud","model_version":"1","id":"a")"));
  CHECK(other->body.find(R"("id":"b")") != std::string::npos);
  CHECK(second->body.starts_with(R"({"model_name":"FRAUD@default","model_version":"1","id":"d")"));
  const auto alone = bench.infer("fraud", rowRequest("1,2,3,4,5", "a"));
  bench.service.finishRound();
  CHECK(alone->body == first->body);
  CHECK(first->body != other->body);
}

TEST_CASE("A version that is added and served is asked for from then on") {
  ServiceBench bench;
  LoadOptions options;
  options.name = "FRAUD";
  options.version = 2;
  bench.registry.add(loadModel(MODEL_FILES "/logistic-2.1.4.json", options), true);
  const auto now = bench.infer("fraud", rowRequest("1,2,3,4,5", "a"));
  const auto former = bench.infer("fraud:1", rowRequest("1,2,3,4,5", "a"));
  bench.service.finishRound();
  CHECK(now->body.find(R"("model_version":"2")") != std::string::npos);
  CHECK(former->body.find(R"("model_version":"1")") != std::string::npos);
}

TEST_CASE("Large requests do not wait for the end of the round") {
  ServiceBench bench;
  std::string row = "1";
  row += std::string(3'000'000, ' ') + ",2,3,4,5";
  const auto first = bench.infer("fraud", rowRequest(row, "a"));
  const auto second = bench.infer("fraud", rowRequest(row, "b"));
  CHECK(first->status == 0);
  const auto third = bench.infer("fraud", rowRequest(row, "c"));
  for (const auto& answer : {first, second, third}) {
    CHECK(answer->status == 200);
    CHECK(answer->numEnds == 1);
  }
}

TEST_CASE("gRPC tells its own statuses") {
  ServiceBench bench;
  const auto statusOf = [&](const std::string& method, const std::string& body) {
    const auto answer = bench.grpc(method, body);
    bench.service.finishRound();
    CHECK(answer->status == 200);
    CHECK(answer->numEnds == 1);
    return answer->grpcStatus;
  };
  std::string known;
  appendBytes(known, 1, "fraud");
  std::string unknown;
  appendBytes(unknown, 1, "no\xc3\xbc");
  CHECK(statusOf("ServerLive", framed("")) == "0");
  CHECK(statusOf("ModelMetadata", framed(known)) == "0");
  CHECK(statusOf("ModelMetadata", framed(unknown)) == "5");
  CHECK(bench.grpc("ModelMetadata", framed(unknown))->grpcMessage ==
        "there is no model 'no%C3%BC'");
  CHECK(bench.grpc("ModelReady", framed(known))->body == framed("\x08\x01"));
  CHECK(bench.grpc("ModelReady", framed(unknown))->body == framed(""));
  CHECK(statusOf("ModelInfer", framed(known)) == "3");
  CHECK(statusOf("ModelInfer", framed("\xff")) == "3");
  CHECK(statusOf("ModelStreamInfer", framed("")) == "12");
  CHECK(statusOf("ServerLive", "") == "13");
  CHECK(statusOf("ServerLive", framed("abc").substr(0, 7)) == "13");
  CHECK(statusOf("ServerLive", "\x01" + framed("").substr(1)) == "12");
  const auto plain =
      bench.ask({"POST", "/inference.GRPCInferenceService/ServerLive", {}, "", true});
  CHECK(plain->status == 404);
}
