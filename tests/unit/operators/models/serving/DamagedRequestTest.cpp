// SPDX-License-Identifier: Apache-2.0
// Requests cut short or changed in any byte: read or refused, and what is read scores.
#include <doctest/doctest.h>

#include "operators/models/ModelLoader.h"
#include "operators/models/serving/RequestScorer.h"
#include "operators/models/serving/V2Json.h"
#include "operators/models/serving/V2Protobuf.h"
#include "tests/unit/operators/models/rpc/RemoteRows.h"
#include "tests/unit/operators/models/support/ModelFiles.h"

using namespace auspex::operators;

namespace {

/// Whatever it is, it is answered or refused.
void ask(const std::shared_ptr<const RequestScorer>& scorer, const DecodedInfer& decoded,
         size_t& numScored) {
  const auto* const request = std::get_if<InferRequest>(&decoded);
  if (request == nullptr) {
    CHECK_FALSE(std::get<InferFault>(decoded).message.empty());
    return;
  }
  InferBatch batch(scorer);
  if (!batch.add(*request)) {
    batch.score();
    const InferResponse response = batch.response(0);
    CHECK(encodeV2Json(response).body.size() > 0);
    CHECK(encodeV2Protobuf(response).size() > 0);
    ++numScored;
  }
}

template <typename Decode>
void damage(const std::string& sound, Decode decode) {
  const auto scorer = std::make_shared<const RequestScorer>(
      loadModel(modelPath("dictionaryAscii-3.2.0.json"), {.name = "M"}));
  size_t numScored = 0;
  ask(scorer, decode(sound), numScored);
  REQUIRE(numScored == 1);
  for (size_t length = 0; length < sound.size(); ++length) {
    ask(scorer, decode(sound.substr(0, length)), numScored);
  }
  for (size_t place = 0; place < sound.size(); ++place) {
    for (const int change : {1, 2, 16, 128, 255}) {
      std::string damaged = sound;
      damaged[place] = static_cast<char>(damaged[place] ^ change);
      ask(scorer, decode(damaged), numScored);
    }
  }
  CHECK(numScored > 1);  // some changes are of values alone
}

const std::string kJson =
    R"({"id":"1","inputs":[{"name":"amount","shape":[1],"datatype":"FP32","data":[1.5]},)"
    R"({"name":"Score x","shape":[1,1],"datatype":"FP64","data":[[null]]},)"
    R"({"name":"n","shape":[1],"datatype":"INT32","data":[3]},)"
    R"({"name":"color","shape":[1],"datatype":"BYTES","data":["red"]},)"
    R"({"name":"store","shape":[1],"datatype":"INT64","parameters":{"binary_data_size":8}}],)"
    R"("outputs":[{"name":"predict","parameters":{"binary_data":true}}]})";

}  // namespace

TEST_CASE("JSON with a raw tensor behind it") {
  damage(kJson + fromHex("0700000000000000"), [](const std::string& bytes) {
    return decodeV2Json(bytes, std::min(bytes.size(), kJson.size()));
  });
}

TEST_CASE("Protobuf") {
  FeatureBatch batch;
  batch.rowIds = {0};
  batch.columns.push_back({"amount", std::vector<double>{1.5}, {}});
  batch.columns.push_back({"Score x", std::vector<double>{2}, {}});
  batch.columns.push_back({"n", std::vector<int64_t>{3}, {}});
  batch.columns.push_back({"color", std::vector<std::string>{"red"}, {}});
  batch.columns.push_back({"store", std::vector<int64_t>{7}, {}});
  RemoteSignature signature;
  signature.layout = RemoteLayout::Columns;
  signature.inputs = {{"amount", Datatype::Fp32, false},
                      {"Score x", Datatype::Fp64, true},
                      {"n", Datatype::Int32, false},
                      {"color", Datatype::Bytes, false},
                      {"store", Datatype::Int64, false}};
  signature.numFeatures = signature.inputs.size();
  signature.output = "predict";
  const FeatureRows rows{&batch, 0, 1};
  for (const bool isRaw : {false, true}) {
    signature.isBinary = isRaw;
    damage(makeRemoteCodec(optionsOf(RemoteProtocol::V2Grpc))
               ->inferRequest({&rows, 1}, signature, 7)
               .body.substr(5),
           [](const std::string& bytes) { return decodeV2Protobuf(bytes); });
  }
}
