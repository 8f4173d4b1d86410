// SPDX-License-Identifier: Apache-2.0
// Good answers damaged at every byte: each is read or refused, never more than that, and memory
// stays bounded by what was asked for.
#include <doctest/doctest.h>

#include "operators/models/rpc/RemoteAnswer.h"
#include "tests/unit/operators/models/rpc/RemoteRows.h"

using namespace auspex::operators;

namespace {

struct GoodAnswer {
  RemoteProtocol protocol;
  HttpResponse response;
};

std::vector<GoodAnswer> goodAnswers() {
  const std::string head = R"({"outputs":[{"name":"score","shape":[2],"datatype":"FP32",)"
                           R"("parameters":{"binary_data_size":8}}]})";
  HttpResponse raw = answer(200, head + fromHex("0000803e0000c0bf"));
  raw.headers = {{"inference-header-content-length", std::to_string(head.size())}};
  return {
      {RemoteProtocol::V2Http,
       answer(200,
              R"({"model_name":"fraud","id":"7","parameters":{"a":[1,{"b":null}]},)"
              R"("outputs":[{"name":"x","shape":[2],"datatype":"BYTES","data":["a","\u00e4"]},)"
              R"({"name":"score","shape":[2,1],"datatype":"FP32","data":[[0.25],[-1.5e0]]}]})")},
      {RemoteProtocol::V2Http, raw},
      {RemoteProtocol::V2Grpc,
       grpcReply(fromHex(
           "0a0566726175641a01372a110a0573636f72651204465033321a02020132080000803e0000c0bf"))},
      {RemoteProtocol::V2Grpc,
       grpcReply(fromHex("0a0566726175641a01372a240a0573636f72651204465036341a01022a123a10000000"
                         "000000d03f000000000000f8bf"))},
      {RemoteProtocol::TfsRest,
       answer(200, R"({"predictions":[{"score":0.25,"x":1},{"x":NaN,"score":[-1.5]}]})")},
      {RemoteProtocol::TfsRest, answer(200, R"({"outputs":{"score":[0.25,-1.5],"x":[[]]}})")},
      {RemoteProtocol::TfsGrpc,
       grpcReply(fromHex("0a1f0a0573636f726512160801120812020802120208012a080000803e0000c0bf"))},
      {RemoteProtocol::TfsGrpc,
       grpcReply(
           fromHex("0a230a0573636f7265121a08021204120208022210000000000000d03f000000000000f8bf"))},
  };
}

/// True when the answer was read; false when it was refused as it should be.
bool read(const GoodAnswer& good, const HttpResponse& response) {
  const auto codec = makeRemoteCodec(optionsOf(good.protocol));
  std::vector<double> scores;
  bool isRead = false;
  try {
    codec->readScores(response, tensorSignature(true), 2, 7, scores);
    isRead = true;
    CHECK(scores.size() == 2);
  } catch (const AnswerError& error) {
    CHECK(std::string(error.what()).size() < 1000);
  }
  CHECK(scores.capacity() <= 4);
  RemoteMetadata metadata;
  try {
    codec->readMetadata(0, response, metadata);
  } catch (const AnswerError&) {
    // An answer to another question.
  }
  return isRead;
}

}  // namespace

TEST_CASE("Damaged at any byte, by any byte") {
  for (const GoodAnswer& good : goodAnswers()) {
    CAPTURE(nameOf(good.protocol));
    CHECK(read(good, good.response));
    for (size_t at = 0; at < good.response.body.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        HttpResponse damaged = good.response;
        damaged.body[at] = static_cast<char>(value);
        read(good, damaged);
      }
    }
  }
}

TEST_CASE("Cut at any byte, or followed by more") {
  for (const GoodAnswer& good : goodAnswers()) {
    CAPTURE(nameOf(good.protocol));
    for (size_t size = 0; size < good.response.body.size(); ++size) {
      HttpResponse cut = good.response;
      cut.body.resize(size);
      CHECK_FALSE(read(good, cut));
    }
    HttpResponse longer = good.response;
    longer.body += "x";
    CHECK_FALSE(read(good, longer));
  }
}

TEST_CASE("Huge and deep answers are refused in little memory") {
  const std::string many(3'000'000, '1');
  std::string list;
  for (const char letter : many) {
    list += letter;
    list += ',';
  }
  list += "1";
  const GoodAnswer v2{RemoteProtocol::V2Http, {}};
  CHECK_FALSE(read(v2, answer(200, R"({"outputs":[{"name":"score","shape":[2],"datatype":"FP32",)"
                                   R"("data":[)" +
                                       list + "]}]}")));
  CHECK_FALSE(read(v2, answer(200, R"({"outputs":[{"name":"score","shape":[)" + list + "]}]}")));
  const GoodAnswer rest{RemoteProtocol::TfsRest, {}};
  CHECK_FALSE(read(rest, answer(200, R"({"predictions":[)" + list + "]}")));
  CHECK_FALSE(read(rest, answer(200, R"({"predictions":)" + std::string(1'000'000, '['))));
  CHECK_FALSE(read(v2, answer(200, std::string(1'000'000, '['))));
  CHECK_FALSE(read(v2, answer(200, R"({"outputs":)" + std::string(1'000'000, '['))));
  // 2^60 elements claimed in a few bytes.
  const GoodAnswer grpc{RemoteProtocol::V2Grpc, {}};
  CHECK_FALSE(
      read(grpc, grpcReply(fromHex("2a160a0573636f72651204465033321a09808080808080808010"))));
  std::string packed;
  for (int i = 0; i < 1'000'000; ++i) {
    packed += fromHex("0000803e");
  }
  HttpResponse large = grpcReply("");
  large.body = std::string(1, '\0') + fromHex("00000000") + packed;
  CHECK_FALSE(read(grpc, large));
}
