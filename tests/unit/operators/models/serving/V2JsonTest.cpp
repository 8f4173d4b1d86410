// SPDX-License-Identifier: Apache-2.0
// Requests of the Open Inference Protocol as JSON and raw tensors behind it, and the answers.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "operators/models/serving/V2Json.h"
#include "tests/unit/operators/models/rpc/RemoteRows.h"
#include "tests/unit/operators/models/serving/RequestValues.h"

using namespace auspex::operators;

namespace {

InferRequest decoded(const std::string& body, std::optional<size_t> jsonBytes = std::nullopt) {
  const DecodedInfer result = decodeV2Json(body, jsonBytes);
  if (const auto* const fault = std::get_if<InferFault>(&result)) {
    FAIL(fault->message);
  }
  return std::get<InferRequest>(result);
}

std::string refusal(const std::string& body, std::optional<size_t> jsonBytes = std::nullopt) {
  const DecodedInfer result = decodeV2Json(body, jsonBytes);
  const auto* const fault = std::get_if<InferFault>(&result);
  return fault == nullptr ? "(taken)" : fault->message;
}

/// A request with one input.
std::string withInput(const std::string& input) {
  return R"({"inputs":[{"name":"x",)" + input + "}]}";
}

const double kNotANumber = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("Members come in any order, data nested or flat, and what is not known is passed over") {
  const InferRequest request = decoded(
      R"({"outputs":[{"name":"predict","parameters":{"binary_data":true}},{"name":"other"}],)"
      R"("parameters":{"binary_data_output":true,"content_type":"pd","headers":{"a":[1]}},)"
      R"("inputs":[{"data":[[1,2.5],[null,NaN]],"shape":[2,2],"datatype":"FP32","name":"x",)"
      R"("parameters":{"content_type":"np"}},)"
      R"({"name":"n","shape":[2,1],"datatype":"INT64","data":[9007199254740993,-1]},)"
      R"({"name":"s","shape":[2],"datatype":"BYTES","data":["DE","ü\n"]},)"
      R"({"name":"b","shape":[2],"datatype":"BOOL","data":[true,false]}],"id":"4\"2"})");
  CHECK(request.id == "4\"2");
  CHECK(request.model.empty());
  CHECK(request.wantsBinary);
  REQUIRE(request.outputs.size() == 2);
  CHECK(request.outputs[0].name == "predict");
  CHECK(request.outputs[0].isBinary == true);
  CHECK_FALSE(request.outputs[1].isBinary.has_value());
  REQUIRE(request.inputs.size() == 4);
  CHECK(request.inputs[0].elements.name == "x");
  CHECK(request.inputs[0].shape == std::vector<int64_t>{2, 2});
  const auto floats = valuesOf<double>(request);
  CHECK(floats[0] == 1);
  CHECK(floats[1] == 2.5);
  CHECK(std::isnan(floats[3]));
  CHECK(request.inputs[0].elements.validity == std::vector<uint8_t>{1, 1, 0, 1});
  CHECK(valuesOf<int64_t>(request, 1) == std::vector<int64_t>{9007199254740993, -1});
  CHECK(request.inputs[1].elements.validity.empty());
  CHECK(valuesOf<std::string>(request, 2) == std::vector<std::string>{"DE", "ü\n"});
  CHECK(valuesOf<uint8_t>(request, 3) == std::vector<uint8_t>{1, 0});
}

TEST_CASE("A number is rounded to the tensor's type") {
  CHECK(valuesOf<double>(decoded(withInput(R"("datatype":"FP32","shape":[1],"data":[0.1])"))) ==
        std::vector<double>{static_cast<double>(0.1F)});
  CHECK(valuesOf<double>(decoded(withInput(R"("datatype":"FP64","shape":[1],"data":[0.1])"))) ==
        std::vector<double>{0.1});
}

TEST_CASE("Raw tensors lie behind the JSON in the order of the inputs") {
  const std::string json =
      R"({"inputs":[{"name":"a","shape":[2],"datatype":"INT16","parameters":{"binary_data_size":4}},)"
      R"({"name":"b","shape":[2],"datatype":"FP64","data":[1,2]},)"
      R"({"name":"c","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":10}},)"
      R"({"name":"d","shape":[1],"datatype":"FP16","parameters":{"binary_data_size":2}}]})";
  const std::string body =
      json + fromHex("0500feff") + fromHex("02000000444500000000") + fromHex("0038");
  const InferRequest request = decoded(body, json.size());
  CHECK(valuesOf<int64_t>(request, 0) == std::vector<int64_t>{5, -2});
  CHECK(valuesOf<double>(request, 1) == std::vector<double>{1, 2});
  CHECK(valuesOf<std::string>(request, 2) == std::vector<std::string>{"DE", ""});
  CHECK(valuesOf<double>(request, 3) == std::vector<double>{0.5});

  CHECK(refusal(body + "x", json.size()).find("1 bytes behind the JSON") != std::string::npos);
  CHECK(
      refusal(body.substr(0, body.size() - 1), json.size()).find("input 'd': it claims 2 bytes") !=
      std::string::npos);
  CHECK(refusal(json).find("input 'a': it claims 4 bytes where 0 are left") != std::string::npos);
  CHECK(refusal(json, json.size() + 1).find("has no JSON") != std::string::npos);
  CHECK(refusal(json, 0).find("has no JSON") != std::string::npos);
}

TEST_CASE("What does not fit is refused with the input and the reason") {
  struct Case {
    const char* input;
    const char* words;
  };
  const Case cases[] = {
      {R"("shape":[1],"data":[1])", "datatype '' is none"},
      {R"("datatype":"FP99","shape":[1],"data":[1])", "datatype 'FP99' is none"},
      {R"("datatype":"FP32","shape":[1])", "no data"},
      {R"("datatype":"FP32","shape":[2],"data":[1])", "data has 1 elements, the shape 2"},
      {R"("datatype":"FP32","shape":[2],"data":[1,2,3])", "more than the 2 elements"},
      {R"("datatype":"FP32","shape":[-1],"data":[1])", "its shape is none"},
      {R"("datatype":"FP32","shape":[4294967296,4294967296,4294967296],"data":[1])",
       "its shape is none"},
      {R"("datatype":"FP32","shape":[4294967296,4294967],"data":[1])", "data has 1 elements"},
      {R"("datatype":"FP32","shape":[1],"data":["1"])", "a number is expected"},
      {R"("datatype":"FP32","shape":[1],"data":[{}])", "a number is expected"},
      {R"("datatype":"FP32","shape":[1],"data":[1e39])", "too large for a float32"},
      {R"("datatype":"INT8","shape":[1],"data":[128])", "out of the range that is taken of INT8"},
      {R"("datatype":"UINT64","shape":[1],"data":[-1])", "out of the range"},
      {R"("datatype":"INT64","shape":[1],"data":[1.5])", "not a 64-bit integer"},
      {R"("datatype":"BOOL","shape":[1],"data":[1])", "true or false"},
      {R"("datatype":"BYTES","shape":[1],"data":[1])", "a string is expected"},
      {R"("datatype":"BYTES","shape":[1],"data":["eA=="],"parameters":{"content_type":"base64"})",
       "content_type 'base64'"},
      {R"("datatype":"FP32","shape":[1],"data":[1],"parameters":{"binary_data_size":4})",
       "both data and binary_data_size"},
      {R"("datatype":"FP32","shape":[1],"parameters":{"binary_data_size":-4})", "claims -4 bytes"},
  };
  for (const Case& wrong : cases) {
    CAPTURE(wrong.input);
    const std::string found = refusal(withInput(wrong.input));
    CHECK_MESSAGE(found.find(wrong.words) != std::string::npos, found);
  }
  CHECK(refusal("").find("no JSON") != std::string::npos);
  CHECK(refusal("[]").find("an object is expected") != std::string::npos);
  CHECK(refusal("{}").find("no inputs") != std::string::npos);
  CHECK(refusal(R"({"inputs":[]})").find("no inputs") != std::string::npos);
  CHECK(refusal(R"({"inputs":[]} x)").find("byte") != std::string::npos);
  CHECK(refusal("{\"inputs\":[],\"id\":\"\xff\"}").find("not UTF-8") != std::string::npos);
  CHECK(refusal(R"({"inputs":)" + std::string(1000, '[')).find("object is expected") !=
        std::string::npos);
  CHECK(refusal(withInput(R"("datatype":"FP32","shape":[1],"data":)" + std::string(1000, '[')))
            .find("nested deeper") != std::string::npos);
}

TEST_CASE("Answers: scores read back as the same numbers") {
  InferResponse response{"FRAUD", "3", "a\"b", {}};
  const auto third = static_cast<double>(1.0F / 3.0F);
  response.outputs.push_back({"predict", Datatype::Fp32, 2, 1, {third, kNotANumber}, false});
  response.outputs.push_back({"predict_proba", Datatype::Fp64, 1, 2, {0.25, 0.75}, false});
  const EncodedV2 encoded = encodeV2Json(response);
  CHECK_FALSE(encoded.isBinary());
  CHECK(encoded.body ==
        R"({"model_name":"FRAUD","model_version":"3","id":"a\"b","outputs":[)"
        R"({"name":"predict","datatype":"FP32","shape":[2,1],"data":[0.3333333432674408,null]},)"
        R"({"name":"predict_proba","datatype":"FP64","shape":[1,2],"data":[0.25,0.75]}]})");
}

TEST_CASE("Answers: raw outputs lie behind the JSON, beside others in it") {
  InferResponse response{"m", "1", std::nullopt, {}};
  response.outputs.push_back({"predict", Datatype::Fp32, 2, 1, {1, -2}, true});
  response.outputs.push_back({"predict_proba", Datatype::Fp32, 1, 1, {0.5}, false});
  response.outputs.push_back({"predict_margin", Datatype::Fp64, 1, 1, {2}, true});
  const EncodedV2 encoded = encodeV2Json(response);
  CHECK(encoded.isBinary());
  CHECK(encoded.body.substr(0, encoded.jsonBytes) ==
        R"({"model_name":"m","model_version":"1","outputs":[)"
        R"({"name":"predict","datatype":"FP32","shape":[2,1],"parameters":{"binary_data_size":8}},)"
        R"({"name":"predict_proba","datatype":"FP32","shape":[1,1],"data":[0.5]},)"
        R"({"name":"predict_margin","datatype":"FP64","shape":[1,1],)"
        R"("parameters":{"binary_data_size":8}}]})");
  CHECK(toHex(encoded.body.substr(encoded.jsonBytes)) == "0000803f000000c00000000000000040");
}

TEST_CASE("Errors and metadata are JSON whatever they hold") {
  CHECK(encodeV2Error("no \"m\"\n") == R"({"error":"no \"m\"\n"})");
  InferMetadata metadata{"m", {"1", "2"}, "xgboost", {}, {}};
  metadata.inputs.push_back({"a\"", "FP32", Datatype::Fp32, {-1, 4}, false});
  metadata.outputs.push_back({"predict", "FP32", Datatype::Fp32, {-1, 1}, false});
  CHECK(encodeV2Metadata(metadata) ==
        R"({"name":"m","versions":["1","2"],"platform":"xgboost",)"
        R"("inputs":[{"name":"a\"","datatype":"FP32","shape":[-1,4]}],)"
        R"("outputs":[{"name":"predict","datatype":"FP32","shape":[-1,1]}]})");
}
