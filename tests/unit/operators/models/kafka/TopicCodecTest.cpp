// SPDX-License-Identifier: Apache-2.0
// The protocols through topics as records, both ways: headers and values as MLServer's and Seldon
// Core 2's sources have them, and the plain form as docs/models.md does.
#include <doctest/doctest.h>

#include "operators/models/ModelError.h"
#include "operators/models/kafka/SeldonCodec.h"
#include "operators/models/kafka/TopicAddress.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "tests/unit/operators/models/rpc/FakeTransport.h"
#include "tests/unit/operators/models/rpc/RemoteRows.h"

using namespace auspex::operators;

namespace {

RemoteModelOptions topicOptions(RemoteProtocol protocol) {
  RemoteModelOptions options = optionsOf(protocol);
  options.endpoint.clear();
  options.requestTopic = "requests";
  options.replyTopic = "replies";
  if (protocol == RemoteProtocol::PlainJson) {
    options.layout = RemoteLayout::Columns;
  }
  return options;
}

HttpRequest requestOf(const RemoteModelOptions& options, const RemoteSignature& signature,
                      const FeatureBatch& batch) {
  const FeatureRows rows{&batch, 0, batch.rowIds.size()};
  HttpRequest request = makeRemoteCodec(options)->inferRequest({&rows, 1}, signature, 7);
  CHECK(request.url == "kafka:requests/replies");
  CHECK(request.timeout == options.timeout);
  return request;
}

HttpResponse replyOf(std::string value, HttpHeaders headers = {}) {
  HttpResponse reply = answer(200, std::move(value));
  reply.headers = std::move(headers);
  return reply;
}

/// The scores of two rows, or why there are none.
std::string readReply(RemoteProtocol protocol, const HttpResponse& reply, size_t numOutputs = 1) {
  RemoteSignature signature = columnSignature(false);
  signature.numOutputs = numOutputs;
  std::vector<double> scores;
  try {
    makeRemoteCodec(topicOptions(protocol))->readScores(reply, signature, 2, 7, scores);
  } catch (const AnswerError& error) {
    return (error.fault() == AnswerFault::Refused ? "refused: " : "unreachable: ") +
           std::string(error.what());
  }
  std::string text;
  for (const double score : scores) {
    text += (text.empty() ? "" : " ") + std::to_string(score).substr(0, 5);
  }
  return text;
}

constexpr const char* kV2Reply =
    R"({"model_name":"fraud","id":"auspex-1-9","parameters":{},"outputs":[{"name":"p",)"
    R"("shape":[2,1],"datatype":"FP64","parameters":{"content_type":"np"},"data":[0.25,-1.5]}]})";

bool begins(const std::string& text, const std::string& start) {
  return text.starts_with(start);
}

}  // namespace

TEST_CASE("a url names both topics") {
  const auto address = parseTopicUrl(topicUrl({"a.b-c_1", "replies"}));
  REQUIRE(address.has_value());
  CHECK(address->requestTopic == "a.b-c_1");
  CHECK(address->replyTopic == "replies");
  for (const char* url : {"", "kafka:", "kafka:a", "kafka:a/", "kafka:/b", "http://a/b"}) {
    CAPTURE(std::string(url));
    CHECK_FALSE(parseTopicUrl(url).has_value());
  }
}

TEST_CASE("MLServer: V2 as JSON, the model in a header, and none that it stumbles over") {
  RemoteModelOptions options = topicOptions(RemoteProtocol::Mlserver);
  HttpRequest request = requestOf(options, columnSignature(false), mixedBatch());
  CHECK(request.headers == HttpHeaders{{"mlserver-model", "fraud"}});
  CHECK(request.body ==
        R"({"parameters":{"content_type":"pd"},"inputs":[)"
        R"({"name":"a","shape":[2],"datatype":"INT64","data":[5,-1]},)"
        R"({"name":"b","shape":[2,1],"datatype":"BYTES","parameters":{"content_type":"str"},)"
        R"("data":["DE",""]}]})");
  options.version = "v3";
  request = requestOf(options, tensorSignature(false), numericBatch());
  CHECK(request.headers == HttpHeaders{{"mlserver-model", "fraud"}, {"mlserver-version", "v3"}});
  CHECK(request.body == R"({"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32",)"
                        R"("data":[1,2.5,null,-4,0,7]}],"outputs":[{"name":"score"}]})");
  CHECK(makeRemoteCodec(options)->nonFinite(tensorSignature(false)) == NonFinite::NanOnly);
  CHECK(makeRemoteCodec(options)->numMetadataRequests() == 0);
}

TEST_CASE("MLServer: replies, whatever id they tell, and errors") {
  CHECK(readReply(RemoteProtocol::Mlserver, replyOf(kV2Reply)) == "0.250 -1.50");
  CHECK(readReply(RemoteProtocol::Mlserver, replyOf(R"({"error":"no such model"})")) ==
        "refused: the server answers: no such model");
  CHECK(begins(readReply(RemoteProtocol::Mlserver, replyOf(R"({"error":{"code":3}})")), "refused"));
  CHECK(readReply(RemoteProtocol::Mlserver,
                  replyOf(R"({"error":null,)" + std::string(kV2Reply).substr(1))) == "0.250 -1.50");
  for (const char* value : {"", "{", "null", "[]", "{}", R"({"outputs":[]} x)"}) {
    CAPTURE(std::string(value));
    CHECK(begins(readReply(RemoteProtocol::Mlserver, replyOf(value)), "unreachable"));
  }
  CHECK(begins(readReply(RemoteProtocol::Mlserver, replyOf(R"({"outputs":[]})")), "refused"));
  HttpResponse late = replyOf("");
  late.failure = HttpResponse::Failure::Timeout;
  CHECK(begins(readReply(RemoteProtocol::Mlserver, late), "unreachable"));
  HttpResponse large = replyOf("");
  large.failure = HttpResponse::Failure::NotTaken;
  CHECK(begins(readReply(RemoteProtocol::Mlserver, large), "refused"));
}

TEST_CASE("Seldon: protobuf or JSON, which a header tells") {
  CHECK(seldonTopic("fraud", "inputs") == "seldon.default.model.fraud.inputs");
  const RemoteModelOptions options = topicOptions(RemoteProtocol::Seldon);
  const HttpRequest raw = requestOf(options, tensorSignature(true), numericBatch());
  CHECK(raw.headers == HttpHeaders{{"seldon-infer-type", "proto/InferModelRequest"}});
  // model_name, input x FP32 [2, 3], requested output score, raw contents.
  CHECK(toHex(raw.body) ==
        "0a056672617564"
        "2a0d0a01781204465033321a020203"
        "32070a0573636f7265"
        "3a180000803f000020400000c07f000080c0000000000000e040");
  const HttpRequest json = requestOf(options, tensorSignature(false), numericBatch());
  CHECK(json.headers == HttpHeaders{{"seldon-infer-type", "json/inferModelRequest"}});
  CHECK(begins(json.body, R"({"inputs":[{"name":"x")"));
}

TEST_CASE("Seldon: replies in either form, told by the header or by themselves") {
  const std::string json = kV2Reply;
  const HttpHeaders jsonHeader = {{"seldon-infer-type", "json/inferModelResponse"}};
  const HttpHeaders protobufHeader = {{"seldon-infer-type", "proto/InferModelResponse"}};
  // One output p, FP64, [2], raw contents 0.25 and -1.5.
  const std::string protobuf = fromHex(
      "0a056672617564"
      "1a0171"
      "2a0c"
      "0a0170"
      "120446503634"
      "1a0102"
      "3210000000000000d03f000000000000f8bf");
  CHECK(readReply(RemoteProtocol::Seldon, replyOf(json, jsonHeader)) == "0.250 -1.50");
  CHECK(readReply(RemoteProtocol::Seldon, replyOf(json)) == "0.250 -1.50");
  CHECK(readReply(RemoteProtocol::Seldon, replyOf(protobuf, protobufHeader)) == "0.250 -1.50");
  CHECK(readReply(RemoteProtocol::Seldon, replyOf(protobuf)) == "0.250 -1.50");
  CHECK(begins(readReply(RemoteProtocol::Seldon, replyOf(json, protobufHeader)), "unreachable"));
  CHECK(begins(readReply(RemoteProtocol::Seldon, replyOf(protobuf, jsonHeader)), "unreachable"));
  CHECK(begins(readReply(RemoteProtocol::Seldon, replyOf(protobuf.substr(0, 20))), "unreachable"));
  CHECK(readReply(RemoteProtocol::Seldon,
                  replyOf("step failed", {{"seldon-pipeline-errors", "fraud"}})) ==
        "refused: the server answers: step failed");
}

TEST_CASE("plain JSON: an object a row, a number a row") {
  RemoteModelOptions options = topicOptions(RemoteProtocol::PlainJson);
  CHECK(requestOf(options, columnSignature(false), mixedBatch()).body ==
        R"({"model":"fraud","rows":[{"a":5,"b":"DE"},{"a":-1,"b":""}]})");
  options.version = "3";
  RemoteSignature signature = columnSignature(false);
  signature.inputs = {{"a", Datatype::Fp64, false},
                      {"b \"x\"", Datatype::Fp64, false},
                      {"c", Datatype::Fp64, false}};
  signature.numFeatures = 3;
  CHECK(requestOf(options, signature, numericBatch()).body ==
        R"({"model":"fraud","version":"3","rows":[{"a":1,"b \"x\"":2.5,"c":null},)"
        R"({"a":-4,"b \"x\"":0,"c":7}]})");
  options.layout = RemoteLayout::Tensor;
  CHECK_THROWS_AS(makeRemoteCodec(options), ModelError);
}

TEST_CASE("plain JSON: replies and what is none") {
  const auto read = [](const char* value, size_t numOutputs = 1) {
    return readReply(RemoteProtocol::PlainJson, replyOf(value), numOutputs);
  };
  CHECK(read(R"({"id":"q","scores":[0.25,-1.5],"model":"fraud"})") == "0.250 -1.50");
  CHECK(read(R"({"scores":[[1,2],[3,4]]})", 2) == "1.000 2.000 3.000 4.000");
  CHECK(read(R"({"scores":[1,2,3,4]})", 2) == "1.000 2.000 3.000 4.000");
  CHECK(read(R"({"error":"amount is negative"})") ==
        "refused: the server answers: amount is negative");
  CHECK(begins(read(R"({"scores":[1]})"), "refused"));
  CHECK(begins(read(R"({"scores":[1,2,3]})"), "refused"));
  CHECK(begins(read(R"({"scores":["a","b"]})"), "refused"));
  for (const char* value : {"", "{", "null", "[1,2]", "{}", R"({"scores":{}})", "garbage"}) {
    CAPTURE(std::string(value));
    CHECK(begins(read(value), "unreachable"));
  }
}

TEST_CASE("a model behind topics has what its statement declares, and needs no server") {
  InputDeclaration input;
  input.name = "a";
  RemoteModelOptions options = topicOptions(RemoteProtocol::Mlserver);
  options.scoresPerRow = 3;
  const auto transport = std::make_shared<FakeTransport>([](const HttpRequest&) {
    FAIL("a server was asked");
    return FakeTransport::Reply();
  });
  const auto model = connectRemoteModel("m", 1, {input}, options, transport);
  REQUIRE(model->signature() != nullptr);
  CHECK(model->info().numOutputs == 3);
  CHECK(model->outputsPerRow(OutputForm::Probability) == 3);
  CHECK(model->signature()->inputs[0].name == "input");
  // And so after a restart.
  CHECK(recallRemoteModel("m", 1, model->info().features, 3, options, transport)->signature() !=
        nullptr);
  CHECK_THROWS_WITH_AS(connectRemoteModel("m", 1, {}, options, transport),
                       doctest::Contains("name them in the statement"), ModelError);
  input.isString = true;  // one tensor holds no text
  CHECK_THROWS_AS(connectRemoteModel("m", 1, {input}, options, transport), ModelError);
  options.replyTopic = options.requestTopic;
  CHECK_THROWS_AS(makeRemoteCodec(options), ModelError);
}
