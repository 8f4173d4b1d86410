// SPDX-License-Identifier: Apache-2.0
// Requests of the Open Inference Protocol as protobuf, raw and as contents, and the answers. The
// client's codec is the other side; its bytes are held against Google's in ../rpc/CodecTest.cpp.
#include <doctest/doctest.h>

#include "operators/models/rpc/GrpcMessage.h"
#include "operators/models/serving/V2Protobuf.h"
#include "tests/unit/operators/models/rpc/RemoteRows.h"
#include "tests/unit/operators/models/serving/RequestValues.h"

using namespace auspex::operators;

namespace {

constexpr size_t kFrameBytes = 5;

std::string messageOf(const RemoteSignature& signature, const FeatureBatch& batch) {
  RemoteModelOptions options = optionsOf(RemoteProtocol::V2Grpc);
  options.version = std::string("3");
  const FeatureRows rows{&batch, 0, batch.rowIds.size()};
  return makeRemoteCodec(options)->inferRequest({&rows, 1}, signature, 7).body.substr(kFrameBytes);
}

InferRequest decodedProtobuf(const std::string& message) {
  const DecodedInfer result = decodeV2Protobuf(message);
  if (const auto* const fault = std::get_if<InferFault>(&result)) {
    FAIL(fault->message);
  }
  return std::get<InferRequest>(result);
}

std::string protobufRefusal(const std::string& message) {
  const DecodedInfer result = decodeV2Protobuf(message);
  const auto* const fault = std::get_if<InferFault>(&result);
  return fault == nullptr ? "(taken)" : fault->message;
}

/// A request with one input of a datatype and shape [2], and these contents.
std::string withContents(const std::string& datatype, const std::string& contents) {
  std::string input;
  appendBytes(input, 1, "x");
  appendBytes(input, 2, datatype);
  appendBytes(input, 3, std::string(1, '\2'));
  appendBytes(input, 5, contents);
  std::string message;
  appendBytes(message, 5, input);
  return message;
}

}  // namespace

TEST_CASE("What the client writes is read, raw and as contents") {
  for (const bool isRaw : {false, true}) {
    CAPTURE(isRaw);
    const InferRequest request = decodedProtobuf(messageOf(tensorSignature(isRaw), numericBatch()));
    CHECK(request.model == "fraud");
    CHECK(request.version == "3");
    CHECK(request.id == "7");
    CHECK(request.wantsBinary == isRaw);
    REQUIRE(request.outputs.size() == 1);
    CHECK(request.outputs[0].name == "score");
    CHECK(request.inputs.at(0).shape == std::vector<int64_t>{2, 3});
    const auto values = valuesOf<double>(request);
    CHECK(values[1] == 2.5);
    CHECK(values[3] == -4);
    CHECK(values[2] != values[2]);

    const InferRequest mixed = decodedProtobuf(messageOf(columnSignature(isRaw), mixedBatch()));
    CHECK(valuesOf<int64_t>(mixed, 0) == std::vector<int64_t>{5, -1});
    CHECK(valuesOf<std::string>(mixed, 1) == std::vector<std::string>{"DE", ""});
    CHECK(mixed.inputs[1].shape == std::vector<int64_t>{2, 1});
  }
}

TEST_CASE("Contents of every type") {
  const auto packed = [](uint32_t field, const std::string& bytes) {
    std::string contents;
    appendBytes(contents, field, bytes);
    return contents;
  };
  CHECK(valuesOf<uint8_t>(decodedProtobuf(withContents("BOOL", packed(1, fromHex("0100"))))) ==
        std::vector<uint8_t>{1, 0});
  CHECK(valuesOf<int64_t>(decodedProtobuf(withContents(
            "INT8", packed(2, fromHex("05feffffffffffffffff01"))))) == std::vector<int64_t>{5, -2});
  CHECK(valuesOf<int64_t>(decodedProtobuf(withContents("UINT64", packed(5, fromHex("0506"))))) ==
        std::vector<int64_t>{5, 6});
  CHECK(valuesOf<double>(decodedProtobuf(
            withContents("FP64", packed(7, fromHex("000000000000e03f0000000000000040"))))) ==
        std::vector<double>{0.5, 2});
  CHECK(protobufRefusal(withContents("INT8", packed(2, fromHex("05ff01"))))
            .find("out of the range") != std::string::npos);
  CHECK(protobufRefusal(withContents("UINT64", packed(5, fromHex("05feffffffffffffffff01"))))
            .find("out of the range") != std::string::npos);
  CHECK(protobufRefusal(withContents("INT8", packed(3, fromHex("0506")))).find("in field 3") !=
        std::string::npos);
  CHECK(protobufRefusal(withContents("INT8", packed(2, fromHex("05"))))
            .find("1 elements, its shape 2") != std::string::npos);
  CHECK(protobufRefusal(withContents("FP32", packed(6, fromHex("0000803f")))).find("1 elements") !=
        std::string::npos);
  CHECK(protobufRefusal(withContents("FP16", packed(6, ""))).find("FP16 travels raw only") !=
        std::string::npos);
  CHECK(protobufRefusal(withContents("BYTES", packed(8, "a"))).find("1 elements") !=
        std::string::npos);
  CHECK(protobufRefusal(withContents("COMPLEX", "")).find("datatype 'COMPLEX'") !=
        std::string::npos);
}

TEST_CASE("Requests that are none") {
  CHECK(protobufRefusal("").find("no inputs") != std::string::npos);
  CHECK(protobufRefusal("\xff").find("malformed") != std::string::npos);
  std::string twoRaw = messageOf(tensorSignature(true), numericBatch());
  appendBytes(twoRaw, 7, "xx");
  CHECK(protobufRefusal(twoRaw).find("2 raw contents for 1 inputs") != std::string::npos);
  std::string both = withContents("FP32", "\x32\x00");
  appendBytes(both, 7, "12345678");
  CHECK(protobufRefusal(both).find("contents beside raw") != std::string::npos);
  std::string badName;
  appendBytes(badName, 1, "\xff");
  CHECK(protobufRefusal(badName).find("not UTF-8") != std::string::npos);
}

TEST_CASE("The client reads the answers, raw and as contents") {
  for (const bool isRaw : {false, true}) {
    CAPTURE(isRaw);
    InferResponse response{"FRAUD", "3", "7", {}};
    response.outputs.push_back({"other", Datatype::Fp64, 2, 2, {1, 2, 3, 4}, isRaw});
    response.outputs.push_back({"score", Datatype::Fp32, 2, 1, {0.25, -1.5}, isRaw});
    const std::string message = encodeV2Protobuf(response);
    HttpResponse answer;
    answer.status = 200;
    answer.trailers = {{"grpc-status", "0"}};
    answer.body.assign(4, '\0');
    answer.body += static_cast<char>(message.size());
    answer.body += message;
    std::vector<double> scores;
    makeRemoteCodec(optionsOf(RemoteProtocol::V2Grpc))
        ->readScores(answer, tensorSignature(isRaw), 2, 7, scores);
    CHECK(scores == std::vector<double>{0.25, -1.5});
  }
}

TEST_CASE("Names, readiness and metadata") {
  std::string message;
  appendBytes(message, 1, "m");
  appendBytes(message, 2, "2");
  const auto named = std::get<NamedVersion>(decodeNamedVersion(message));
  CHECK(named.model == "m");
  CHECK(named.version == "2");
  CHECK(std::holds_alternative<InferFault>(decodeNamedVersion("\x0a\x05m")));
  CHECK(toHex(encodeReadyProtobuf(true)) == "0801");
  CHECK(encodeReadyProtobuf(false).empty());
  CHECK(toHex(encodeServerProtobuf("a", "1", {"b", "c"})) == "0a01611201311a01621a0163");
  InferMetadata metadata{"m", {"1"}, "p", {}, {}};
  metadata.inputs.push_back({"x", "FP32", Datatype::Fp32, {-1, 4}, false});
  CHECK(toHex(encodeMetadataProtobuf(metadata)) ==
        "0a016d1201311a0170"
        "2216"
        "0a0178"
        "120446503332"
        "1a0bffffffffffffffffff0104");
}
