// SPDX-License-Identifier: Apache-2.0
// The four protocols as bytes, both ways. The protobuf bytes were made by Google's library from the
// published messages (tests/servers/ProtocolMessages.py); the JSON follows the published texts.
#include <doctest/doctest.h>

#include <cmath>

#include "operators/models/rpc/RemoteAnswer.h"
#include "tests/unit/operators/models/rpc/RemoteRows.h"

using namespace auspex::operators;

namespace {

HttpRequest requestOf(const RemoteModelOptions& options, const RemoteSignature& signature,
                      const FeatureBatch& batch) {
  const FeatureRows rows{&batch, 0, batch.rowIds.size()};
  return makeRemoteCodec(options)->inferRequest({&rows, 1}, signature, 7);
}

std::string headerOf(const HttpRequest& request, const std::string& name) {
  for (const auto& header : request.headers) {
    if (header.first == name) {
      return header.second;
    }
  }
  return "(none)";
}

/// The message within a gRPC request, in hexadecimal.
std::string messageOf(const HttpRequest& request) {
  REQUIRE(request.body.size() >= 5);
  CHECK(request.isHttp2);
  CHECK(headerOf(request, "Content-Type") == "application/grpc");
  CHECK(headerOf(request, "TE") == "trailers");
  const size_t size = request.body.size() - 5;
  CHECK(toHex(request.body.substr(0, 5)) ==
        "00" + toHex(std::string{static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                                 static_cast<char>(size >> 8), static_cast<char>(size)}));
  return toHex(request.body.substr(5));
}

std::vector<double> scoresOf(RemoteProtocol protocol, const HttpResponse& response,
                             const std::string& output, size_t numOutputs = 1) {
  RemoteSignature signature = tensorSignature(true);
  signature.output = output;
  signature.numOutputs = numOutputs;
  std::vector<double> scores;
  makeRemoteCodec(optionsOf(protocol))->readScores(response, signature, 2, 7, scores);
  return scores;
}

/// What an answer is taken for: "scored", or why not.
std::string verdictOf(RemoteProtocol protocol, const HttpResponse& response,
                      const std::string& output = "score") {
  try {
    scoresOf(protocol, response, output);
    return "scored";
  } catch (const AnswerError& error) {
    switch (error.fault()) {
      case AnswerFault::Refused:
        return "refused";
      case AnswerFault::Faulty:
        return "faulty";
      case AnswerFault::Unreachable:
        return "unreachable";
      case AnswerFault::Away:
        break;
    }
    return "away";
  }
}

const std::vector<double> kScores = {0.25, -1.5};

}  // namespace

TEST_CASE("V2 over HTTP: one tensor as JSON, and raw behind it") {
  RemoteModelOptions options = optionsOf(RemoteProtocol::V2Http);
  const HttpRequest json = requestOf(options, tensorSignature(false), numericBatch());
  CHECK(json.method == "POST");
  CHECK(json.url == "http://host:1/v2/models/fraud/infer");
  CHECK_FALSE(json.isHttp2);
  CHECK(headerOf(json, "Content-Type") == "application/json");
  CHECK(json.body == R"({"id":"7","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32",)"
                     R"("data":[1,2.5,null,-4,0,7]}],"outputs":[{"name":"score"}]})");

  options.version = "3";
  const HttpRequest raw = requestOf(options, tensorSignature(true), numericBatch());
  const std::string head = R"({"id":"7","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32",)"
                           R"("parameters":{"binary_data_size":24}}],)"
                           R"("outputs":[{"name":"score","parameters":{"binary_data":true}}]})";
  CHECK(raw.url == "http://host:1/v2/models/fraud/versions/3/infer");
  CHECK(headerOf(raw, "Content-Type") == "application/octet-stream");
  CHECK(headerOf(raw, "Inference-Header-Content-Length") == std::to_string(head.size()));
  CHECK(raw.body == head + fromHex("0000803f000020400000c07f000080c0000000000000e040"));
}

TEST_CASE("V2 over HTTP: a tensor per column, strings among them") {
  const RemoteModelOptions options = optionsOf(RemoteProtocol::V2Http);
  CHECK(requestOf(options, columnSignature(false), mixedBatch()).body ==
        R"({"id":"7","parameters":{"content_type":"pd"},"inputs":[)"
        R"({"name":"a","shape":[2],"datatype":"INT64","data":[5,-1]},)"
        R"({"name":"b","shape":[2,1],"datatype":"BYTES","parameters":{"content_type":"str"},)"
        R"("data":["DE",""]}]})");
  const std::string raw = requestOf(options, columnSignature(true), mixedBatch()).body;
  CHECK(
      raw.ends_with(fromHex("0500000000000000ffffffffffffffff") + fromHex("02000000444500000000")));
  CHECK(raw.find(R"({"content_type":"pd","binary_data_output":true})") != std::string::npos);
}

TEST_CASE("V2 over HTTP: scores flat, nested, raw and beside other outputs") {
  const auto scores = [](const std::string& outputs, const std::string& output = "score") {
    return scoresOf(RemoteProtocol::V2Http,
                    answer(200, R"({"model_name":"fraud","id":"7","outputs":[)" + outputs + "]}"),
                    output);
  };
  CHECK(scores(R"({"name":"score","shape":[2],"datatype":"FP32","data":[0.25,-1.5]})") == kScores);
  CHECK(scores(R"({"data":[[0.25],[-1.5]],"datatype":"FP64","shape":[2,1],"name":"score"})") ==
        kScores);
  CHECK(scores(R"({"name":"other","shape":[2],"datatype":"FP32","data":[0.25,-1.5]})", "") ==
        kScores);
  CHECK(scores(R"({"name":"label","shape":[2],"datatype":"BYTES","data":["a","b"]},)"
               R"({"name":"score","shape":[2],"datatype":"BOOL","data":[true,false]})") ==
        std::vector<double>{1, 0});
  CHECK(std::isnan(scores(R"({"name":"score","shape":[2],"datatype":"FP32","data":[null,1]})")[0]));

  const std::string head =
      R"({"outputs":[{"name":"label","shape":[1],"datatype":"INT8",)"
      R"("parameters":{"binary_data_size":1}},{"name":"score","shape":[2,1],"datatype":"FP32",)"
      R"("parameters":{"binary_data_size":8}}]})";
  HttpResponse raw = answer(200, head + "z" + fromHex("0000803e0000c0bf"));
  raw.headers = {{"inference-header-content-length", std::to_string(head.size())}};
  CHECK(scoresOf(RemoteProtocol::V2Http, raw, "score") == kScores);
  CHECK(scoresOf(RemoteProtocol::V2Http,
                 answer(200, R"({"outputs":[{"name":"p","shape":[2,2],"datatype":"FP32",)"
                             R"("data":[0.1,0.9,0.7,0.3]}]})"),
                 "p", 2) == std::vector<double>{0.1, 0.9, 0.7, 0.3});
}

TEST_CASE("V2 over gRPC: requests raw and by contents") {
  RemoteModelOptions options = optionsOf(RemoteProtocol::V2Grpc);
  options.version = "3";
  const HttpRequest raw = requestOf(options, tensorSignature(true), numericBatch());
  CHECK(raw.url == "http://host:1/inference.GRPCInferenceService/ModelInfer");
  CHECK(messageOf(raw) ==
        "0a0566726175641201331a01372a0d0a01781204465033321a02020332070a0573636f72653a180000803f0000"
        "20400000c07f000080c0000000000000e040");
  options.version = "";
  CHECK(messageOf(requestOf(options, columnSignature(false), mixedBatch())) ==
        "0a0566726175641a013722140a0c636f6e74656e745f7479706512041a0270642a1c0a01611205494e5436341a"
        "01022a0d1a0b05ffffffffffffffffff012a2d0a0162120542595445531a02020122150a0c636f6e74656e745f"
        "7479706512051a037374722a06420244454200");
}

TEST_CASE("V2 over gRPC: scores raw, by contents and beside other outputs") {
  const auto scores = [](std::string_view hex, const std::string& output = "score") {
    return scoresOf(RemoteProtocol::V2Grpc, grpcReply(fromHex(hex)), output);
  };
  CHECK(scores("0a0566726175641a01372a110a0573636f72651204465033321a02020132080000803e0000c0bf") ==
        kScores);
  CHECK(scores("0a0566726175641a01372a240a0573636f72651204465036341a01022a123a10000000000000d03f00"
               "0000000000f8bf") == kScores);
  CHECK(scores("0a0566726175641a01372a0c0a01781204465033321a01022a100a0573636f72651204"
               "465033321a01023208000010410000104132080000803e0000c0bf") == kScores);
  const std::string_view two =
      "0a0566726175641a01372a190a056c6162656c120542595445531a01022a064201614201622a200a0573636f7265"
      "1205494e5436341a01022a0d1a0b03fcffffffffffffffff01";
  CHECK(scores(two) == std::vector<double>{3, -4});
  CHECK(verdictOf(RemoteProtocol::V2Grpc, grpcReply(fromHex(two)), "") == "refused");
  CHECK(verdictOf(RemoteProtocol::V2Grpc, grpcReply(fromHex(two)), "label") == "refused");
}

TEST_CASE("TensorFlow Serving over REST: rows as instances, columns as inputs") {
  RemoteModelOptions options = optionsOf(RemoteProtocol::TfsRest);
  options.version = "12";
  options.signature = "sig";
  const HttpRequest rows = requestOf(options, tensorSignature(false), numericBatch());
  CHECK(rows.url == "http://host:1/v1/models/fraud/versions/12:predict");
  CHECK(rows.body == R"({"signature_name":"sig","instances":[[1,2.5,NaN],[-4,0,7]]})");
  options.version = "";
  options.signature = "";
  options.label = "stable";
  const HttpRequest columns = requestOf(options, columnSignature(false), mixedBatch());
  CHECK(columns.url == "http://host:1/v1/models/fraud/labels/stable:predict");
  CHECK(columns.body == R"({"inputs":{"a":[5,-1],"b":[["DE"],[""]]}})");
}

TEST_CASE("TensorFlow Serving over REST: predictions and outputs, bare and by name") {
  const auto scores = [](const std::string& body, const std::string& output = "score") {
    return scoresOf(RemoteProtocol::TfsRest, answer(200, body), output);
  };
  CHECK(scores(R"({"predictions":[0.25,-1.5]})") == kScores);
  CHECK(scores(R"({"predictions":[[0.25],[-1.5]]})") == kScores);
  CHECK(scores(R"({"predictions":[{"score":0.25,"x":1},{"x":2,"score":[-1.5]}]})") == kScores);
  CHECK(scores(R"({"outputs":[[0.25],[-1.5]]})") == kScores);
  CHECK(scores(R"({"outputs":{"x":[1,2],"score":[0.25,-1.5]}})") == kScores);
  CHECK(scores(R"({"outputs":{"only":[0.25,-1.5]}})", "") == kScores);
  CHECK(std::isinf(scores(R"({"predictions":[-Infinity, NaN]})")[0]));
  CHECK(std::isnan(scores(R"({"predictions":[-Infinity, NaN]})")[1]));
  CHECK(verdictOf(RemoteProtocol::TfsRest,
                  answer(200, R"({"outputs":{"x":[1,2],"score":[0.25,-1.5]}})"), "") == "refused");
}

TEST_CASE("TensorFlow Serving over gRPC: versions, labels, signatures, tensors by name") {
  RemoteModelOptions options = optionsOf(RemoteProtocol::TfsGrpc);
  options.version = "12";
  options.signature = "sig";
  const HttpRequest whole = requestOf(options, tensorSignature(true), numericBatch());
  CHECK(whole.url == "http://host:1/tensorflow.serving.PredictionService/Predict");
  CHECK(messageOf(whole) ==
        "0a100a0566726175641202080c1a03736967122b0a0178122608011208120208021202080322180000803f0000"
        "20400000c07f000080c0000000000000e0401a0573636f7265");
  options.version = "";
  options.signature = "";
  options.label = "stable";
  const std::string columns = messageOf(requestOf(options, columnSignature(true), mixedBatch()));
  CHECK(
      columns.starts_with("0a0f0a0566726175642206737461626c65121f0a0161121a080912041202080222100"
                          "500000000000000ffffffffffffffff"));
  CHECK(columns.ends_with("080712081202080212020801420244454200"));
}

TEST_CASE("TensorFlow Serving over gRPC: scores typed, raw and one for all") {
  const auto scores = [](std::string_view hex) {
    return scoresOf(RemoteProtocol::TfsGrpc, grpcReply(fromHex(hex)), "score");
  };
  CHECK(scores("0a1f0a0573636f726512160801120812020802120208012a080000803e0000c0bf") == kScores);
  CHECK(scores("0a230a0573636f7265121a08021204120208022210000000000000d03f000000000000f8bf") ==
        kScores);
  CHECK(scores("0a1d0a0573636f7265121408031204120208023a0af9ffffffffffffffff01") ==
        std::vector<double>{-7, -7});
}

TEST_CASE("Metadata: what the four protocols tell of one model is the same") {
  const std::string v2 = R"({"name":"fraud","versions":["3"],"platform":"p",)"
                         R"("inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],)"
                         R"("outputs":[{"name":"score","datatype":"FP32","shape":[-1,1]}]})";
  const std::string tfs =
      R"({"model_spec":{"name":"fraud"},"metadata":{"signature_def":{"signature_def":{"other":{},)"
      R"("serving_default":{"inputs":{"x":{"dtype":"DT_FLOAT","tensor_shape":{"dim":[)"
      R"({"size":"-1","name":""},{"size":"3","name":""}],"unknown_rank":false},"name":"x:0"}},)"
      R"("outputs":{"score":{"dtype":"DT_FLOAT","tensor_shape":{"dim":[{"size":"-1"},)"
      R"({"size":"1"}],"unknown_rank":false}}},"method_name":"m"}}}}})";
  const std::string v2Grpc = fromHex(
      "0a0566726175641201331a017022160a01781204465033321a0bffffffffffffffffff01032a1a0a0573636f7265"
      "1204465033321a0bffffffffffffffffff0101");
  const std::string tfsGrpc = fromHex(
      "0a070a05667261756412a5010a0d7369676e61747572655f6465661293010a36747970652e676f6f676c65617069"
      "732e636f6d2f74656e736f72666c6f772e73657276696e672e5369676e61747572654465664d617012590a570a0f"
      "73657276696e675f64656661756c7412440a1f0a0178121a0a03783a3010011a11120b08ffffffffffffffffff01"
      "12020803121e0a0573636f7265121510011a11120b08ffffffffffffffffff01120208011a016d");
  const std::pair<RemoteProtocol, HttpResponse> cases[] = {
      {RemoteProtocol::V2Http, answer(200, v2)},
      {RemoteProtocol::V2Grpc, grpcReply(v2Grpc)},
      {RemoteProtocol::TfsRest, answer(200, tfs)},
      {RemoteProtocol::TfsGrpc, grpcReply(tfsGrpc)},
  };
  for (const auto& test : cases) {
    CAPTURE(nameOf(test.first));
    RemoteMetadata metadata;
    makeRemoteCodec(optionsOf(test.first))->readMetadata(0, test.second, metadata);
    REQUIRE(metadata.inputs.size() == 1);
    REQUIRE(metadata.outputs.size() == 1);
    CHECK(metadata.inputs[0].name == "x");
    CHECK(metadata.inputs[0].known == Datatype::Fp32);
    CHECK(metadata.inputs[0].shape == std::vector<int64_t>{-1, 3});
    CHECK_FALSE(metadata.inputs[0].isOfAnyShape);
    CHECK(metadata.outputs[0].name == "score");
    CHECK(metadata.outputs[0].shape == std::vector<int64_t>{-1, 1});
  }
}

TEST_CASE("Metadata are asked for where each protocol has them") {
  RemoteModelOptions options = optionsOf(RemoteProtocol::V2Http);
  options.version = "3";
  CHECK(makeRemoteCodec(options)->metadataRequest(0).url ==
        "http://host:1/v2/models/fraud/versions/3");
  CHECK(makeRemoteCodec(options)->metadataRequest(0).method == "GET");
  CHECK(makeRemoteCodec(options)->metadataRequest(1).url == "http://host:1/v2");
  options.protocol = RemoteProtocol::V2Grpc;
  CHECK(messageOf(makeRemoteCodec(options)->metadataRequest(0)) == "0a056672617564120133");
  options.version = "";
  options.protocol = RemoteProtocol::TfsRest;
  CHECK(makeRemoteCodec(options)->metadataRequest(0).url ==
        "http://host:1/v1/models/fraud/metadata");
  options.protocol = RemoteProtocol::TfsGrpc;
  CHECK(messageOf(makeRemoteCodec(options)->metadataRequest(0)) ==
        "0a070a056672617564120d7369676e61747572655f646566");
}

TEST_CASE("The binary extension is taken from the server's list, which may be missing") {
  const auto codec = makeRemoteCodec(optionsOf(RemoteProtocol::V2Http));
  RemoteMetadata metadata;
  codec->readMetadata(1, answer(404, "x"), metadata);
  CHECK_FALSE(metadata.takesBinary);
  codec->readMetadata(1, answer(200, R"({"extensions":["a","b"]})"), metadata);
  CHECK_FALSE(metadata.takesBinary);
  codec->readMetadata(1, answer(200, R"({"name":"s","extensions":["a","binary_tensor_data"]})"),
                      metadata);
  CHECK(metadata.takesBinary);
}

TEST_CASE("What an answer says of rows and server: HTTP") {
  const auto verdict = [](int status, const std::string& body) {
    return verdictOf(RemoteProtocol::V2Http, answer(status, body));
  };
  const auto output = [&](const std::string& parts) {
    return verdict(200, R"({"outputs":[{"name":"score",)" + parts + "}]}");
  };
  CHECK(output(R"("shape":[2],"datatype":"FP32","data":[1,2])") == "scored");
  for (const std::string wrong :
       {R"("shape":[3],"datatype":"FP32","data":[1,2,3])",
        R"("shape":[1,2],"datatype":"FP32","data":[1,2])",
        R"("shape":[2,2],"datatype":"FP32","data":[1,2,3,4])", R"("shape":[],"data":[1,2])",
        R"("shape":[2],"datatype":"FP32","data":[1])",
        R"("shape":[2],"datatype":"FP32","data":[1,2,3])", R"("shape":[2],"datatype":"FP32")",
        R"("shape":[2],"datatype":"FP32","data":[1,"2"])",
        R"("shape":[2],"datatype":"BYTES","data":["1","2"])",
        R"("shape":[2],"datatype":"FP99","data":[1,2])", R"("shape":[2],"data":[1,2])",
        R"("datatype":"FP32","data":[1,2])", R"("shape":[-2],"datatype":"FP32","data":[1,2])",
        R"("shape":[2,9223372036854775807,2],"datatype":"FP32","data":[1,2])"}) {
    CAPTURE(wrong);
    CHECK(output(wrong) == "refused");
  }
  CHECK(verdict(200, R"({"outputs":[]})") == "refused");
  for (const std::string foreign :
       {"", "{", "<html>", R"({"outputs":1})", R"({"predictions":[1,2]})", R"({"outputs":[]} x)",
        R"({"id":"8","outputs":[{"name":"score","shape":[2],"datatype":"FP32","data":[1,2]}]})"}) {
    CAPTURE(foreign);
    CHECK(verdict(200, foreign) == "unreachable");
  }
  const std::pair<int, std::string> statuses[] = {
      {400, "refused"},     {413, "refused"},     {422, "refused"},     {401, "away"},
      {403, "away"},        {404, "away"},        {405, "away"},        {408, "unreachable"},
      {429, "unreachable"}, {500, "faulty"},      {501, "faulty"},      {502, "unreachable"},
      {503, "unreachable"}, {504, "unreachable"}, {204, "unreachable"},
  };
  for (const auto& test : statuses) {
    CAPTURE(test.first);
    CHECK(verdict(test.first, R"({"error":"why"})") == test.second);
  }
}

TEST_CASE("What an answer says of rows and server: gRPC and failed exchanges") {
  const std::string good =
      fromHex("0a0566726175641a01372a110a0573636f72651204465033321a02020132080000803e0000c0bf");
  const std::pair<std::string, std::string> statuses[] = {
      {"0", "scored"},       {"1", "unreachable"},  {"2", "faulty"},  {"3", "refused"},
      {"4", "unreachable"},  {"5", "away"},         {"7", "away"},    {"8", "unreachable"},
      {"9", "refused"},      {"11", "refused"},     {"12", "away"},   {"13", "faulty"},
      {"14", "unreachable"}, {"16", "away"},        {"99", "faulty"}, {"", "unreachable"},
      {"x", "unreachable"},  {"0x", "unreachable"},
  };
  for (const auto& test : statuses) {
    CAPTURE(test.first);
    CHECK(verdictOf(RemoteProtocol::V2Grpc, grpcReply(good, test.first)) == test.second);
  }
  CHECK(verdictOf(RemoteProtocol::V2Grpc,
                  grpcReply("", "8", "Received message larger than max (9 vs. 4)")) == "refused");
  HttpResponse trailersOnly = answer(200, "");
  trailersOnly.headers = {{"grpc-status", "5"}, {"grpc-message", "no%20such%20model"}};
  CHECK(verdictOf(RemoteProtocol::V2Grpc, trailersOnly) == "away");
  HttpResponse compressed = grpcReply(good);
  compressed.body[0] = 1;
  CHECK(verdictOf(RemoteProtocol::V2Grpc, compressed) == "unreachable");

  using Failure = HttpResponse::Failure;
  const std::pair<Failure, std::string> failures[] = {
      {Failure::Connect, "unreachable"}, {Failure::Timeout, "unreachable"},
      {Failure::Broken, "unreachable"},  {Failure::TooLarge, "faulty"},
      {Failure::NotAllowed, "away"},
  };
  for (const auto& test : failures) {
    HttpResponse failed;
    failed.failure = test.first;
    CHECK(verdictOf(RemoteProtocol::V2Http, failed) == test.second);
    CHECK(verdictOf(RemoteProtocol::TfsGrpc, failed) == test.second);
  }
}

TEST_CASE("A server's words come with the error, on one line and not too many") {
  const auto messageOfAnswer = [](const HttpResponse& response) -> std::string {
    try {
      scoresOf(RemoteProtocol::V2Http, response, "score");
    } catch (const AnswerError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(messageOfAnswer(answer(400, R"({"error":"bad\ninput \u0007 x"})")) ==
        "the server answers 400: bad input x");
  CHECK(messageOfAnswer(answer(422, R"({"detail":"shape"})")) == "the server answers 422: shape");
  CHECK(messageOfAnswer(answer(500, "plain words")) == "the server answers 500: plain words");
  CHECK(messageOfAnswer(
            answer(500, "Traceback (most recent call last):\n  x\nValueError: 5, not 4\n\n")) ==
        "the server answers 500: ValueError: 5, not 4");
  CHECK(messageOfAnswer(answer(500, "\xff\xfe")) == "the server answers 500: ??");
  CHECK(messageOfAnswer(answer(500, std::string(10'000, 'x'))).size() < 400);
}

TEST_CASE("Elements of all types are read, and halves too") {
  const std::tuple<std::string, std::string, std::vector<double>> cases[] = {
      {"BOOL", "0100", {1, 0}},
      {"UINT8", "ff01", {255, 1}},
      {"INT8", "ff01", {-1, 1}},
      {"UINT16", "ffff0100", {65535, 1}},
      {"INT16", "ffff0100", {-1, 1}},
      {"UINT32", "ffffffff01000000", {4294967295, 1}},
      {"INT32", "ffffffff01000000", {-1, 1}},
      {"UINT64", "ffffffffffffffff0100000000000000", {18446744073709551616.0, 1}},
      {"INT64", "ffffffffffffffff0100000000000000", {-1, 1}},
      {"FP16", "003c01c0", {1, -2.001953125}},
      {"FP16", "01000084", {std::ldexp(1, -24), std::ldexp(-1, -14)}},
      {"FP16", "007c00fc", {INFINITY, -INFINITY}},
      {"FP32", "0000803e0000c0bf", {0.25, -1.5}},
      {"FP64", "000000000000d03f000000000000f8bf", {0.25, -1.5}},
  };
  for (const auto& test : cases) {
    CAPTURE(std::get<0>(test));
    const std::string raw = fromHex(std::get<1>(test));
    const std::string head = R"({"outputs":[{"name":"score","shape":[2],"datatype":")" +
                             std::get<0>(test) + R"(","parameters":{"binary_data_size":)" +
                             std::to_string(raw.size()) + "}}]}";
    HttpResponse response = answer(200, head + raw);
    response.headers = {{"inference-header-content-length", std::to_string(head.size())}};
    CHECK(scoresOf(RemoteProtocol::V2Http, response, "score") == std::get<2>(test));
  }
}

TEST_CASE("Rows that the server's types cannot say are named, and only those") {
  RemoteSignature signature = columnSignature(true);
  FeatureBatch batch;
  batch.rowIds = {1, 2, 3, 4};
  batch.columns.push_back(
      {"a", std::vector<double>{1, 2.5, 9223372036854775808.0, -9223372036854775808.0}, {}});
  batch.columns.push_back({"b", std::vector<std::string>{"x", "y", "z", ""}, {1, 1, 1, 0}});
  const auto failures = findUnsendable(batch, signature, NonFinite::All);
  REQUIRE(failures.size() == 3);
  CHECK(failures[0].rowIndex == 1);
  CHECK(failures[0].message == "input 'a' is 2.500000, which the server's INT64 cannot say");
  CHECK(failures[1].rowIndex == 2);
  CHECK(failures[2].rowIndex == 3);
  CHECK(failures[2].message == "input 'b' is NULL, which the server's BYTES cannot say");

  const auto sendable = [](Datatype datatype, std::vector<int64_t> values) {
    RemoteSignature one = columnSignature(true);
    one.inputs = {{"a", datatype, false}};
    one.numFeatures = 1;
    FeatureBatch rows;
    rows.rowIds.resize(values.size());
    rows.columns.push_back({"a", std::move(values), {}});
    return rows.rowIds.size() - findUnsendable(rows, one, NonFinite::All).size();
  };
  CHECK(sendable(Datatype::Int8, {-128, 127, -129, 128}) == 2);
  CHECK(sendable(Datatype::Uint8, {0, 255, -1, 256}) == 2);
  CHECK(sendable(Datatype::Uint64, {0, INT64_MAX, -1}) == 2);
  CHECK(sendable(Datatype::Bool, {0, 1, 2, -1}) == 2);
  CHECK(sendable(Datatype::Fp32, {0, INT64_MAX, INT64_MIN}) == 3);
  CHECK(sendable(Datatype::Bytes, {0}) == 0);

  RemoteSignature floats = tensorSignature(false);
  FeatureBatch numbers = numericBatch();
  numbers.columns[1].values = std::vector<double>{INFINITY, NAN};
  CHECK(findUnsendable(numbers, floats, NonFinite::All).empty());
  CHECK(findUnsendable(numbers, floats, NonFinite::NanOnly).size() == 1);
}

TEST_CASE("Rows of several batches make one request") {
  const FeatureBatch first = numericBatch();
  const FeatureBatch second = numericBatch();
  const FeatureRows rows[] = {{&first, 1, 2}, {&second, 0, 2}};
  CHECK(makeRemoteCodec(optionsOf(RemoteProtocol::TfsRest))
            ->inferRequest(rows, tensorSignature(false), 1)
            .body == R"({"instances":[[-4,0,7],[1,2.5,NaN],[-4,0,7]]})");
  const std::string raw = makeRemoteCodec(optionsOf(RemoteProtocol::V2Grpc))
                              ->inferRequest(rows, tensorSignature(true), 1)
                              .body;
  CHECK(
      raw.ends_with(fromHex("000080c0000000000000e0400000803f000020400000c07f000080c0000000000000"
                            "e040")));
}
