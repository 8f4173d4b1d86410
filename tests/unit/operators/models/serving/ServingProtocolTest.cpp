// SPDX-License-Identifier: Apache-2.0
// The protocols of served models over topics where .test files do not reach: bounds, null headers,
// and requests that are damaged anywhere. What they say otherwise stands in tests/sql/serving.
#include "operators/models/serving/ServingProtocol.h"

#include <doctest/doctest.h>

#include <random>

#include "operators/models/ModelError.h"

using namespace auspex::operators;

namespace {

std::vector<ServedFeature> threeFeatures() {
  return {{"amount", ServedKind::Number, false},
          {"country", ServedKind::Text, true},
          {"n", ServedKind::Integer, false}};
}

Record recordOf(std::string_view value, std::vector<Header> headers = {}) {
  Record record;
  record.key = "k";
  record.value = value;
  record.headers = std::move(headers);
  return record;
}

/// What a request comes to: its rows, or why it is refused.
std::string decoded(const std::string& protocol, const Record& record) {
  ServingSpec serving;
  serving.protocol = protocol;
  serving.modelName = "fraud";
  const auto made = makeServingProtocol(serving);
  ServedRows rows(threeFeatures());
  RequestHead head;
  try {
    made->decode({record, "q", 3}, head, rows);
  } catch (const ModelError& error) {
    return error.what();
  }
  std::string text;
  const size_t numRows = rows.numRows();
  const std::vector<ColumnPtr> columns = rows.finish();
  for (size_t row = 0; row < numRows; ++row) {
    const auto shown = [&](const Column& column, auto value) {
      return column.isNull(row) ? "null" : std::to_string(value);
    };
    text += text.empty() ? "" : "; ";
    text += shown(*columns[0], columns[0]->values<double>()[row]) + " ";
    text +=
        columns[1]->isNull(row) ? "null" : std::string(columns[1]->values<std::string_view>()[row]);
    text += " " + shown(*columns[2], columns[2]->values<int64_t>()[row]);
  }
  return text;
}

std::string jsonDecoded(std::string_view value) {
  return decoded("JSON", recordOf(value));
}

}  // namespace

TEST_CASE("values become those of their features' kinds, or are refused with the feature's name") {
  CHECK(jsonDecoded(R"({"amount":1.5,"country":"DE","n":9007199254740993})") ==
        "1.500000 DE 9007199254740993");
  CHECK(jsonDecoded(R"({"N":2,"AMOUNT":true})") == "1.000000 null 2");
  CHECK(jsonDecoded(R"({"amount":null,"country":null,"n":null})") == "null null null");
  CHECK(jsonDecoded(R"({"amount":1,"n":2,"country":3})") ==
        "feature 'country' takes a text, not a number");
  CHECK(jsonDecoded(R"({"amount":"1","n":2})") == "feature 'amount' takes a number, not a text");
  CHECK(jsonDecoded(R"({"amount":1,"n":"2"})") == "feature 'n' takes an integer, not a text");
  CHECK(jsonDecoded(R"({"amount":1,"n":2.5})").find("integer") != std::string::npos);
  CHECK(jsonDecoded(R"({"amount":1,"country":"x"})") == "feature 'n' is missing");
  CHECK(jsonDecoded(R"({"rows":[{"amount":1,"n":1},{"amount":1}]})") ==
        "feature 'n' is missing in row 2");
  CHECK(jsonDecoded(R"({"rows":[],"rows":[]})").find("beside other rows") != std::string::npos);
}

TEST_CASE("a request has so many rows at most, and takes none with it when it has more") {
  std::string text = R"({"rows":[)";
  for (size_t i = 0; i < kMaxServedRows; ++i) {
    text += R"({"amount":1,"n":1},)";
  }
  CHECK(jsonDecoded(text + R"({"amount":1,"n":1}]})").find("65536 rows at most") !=
        std::string::npos);
  text.back() = ']';
  CHECK(jsonDecoded(text + "}").size() > kMaxServedRows);
  const Record record =
      recordOf(R"({"inputs":[{"name":"x","shape":[65537,3],"datatype":"INT8","data":[]}]})",
               {{"mlserver-model", "fraud"}});
  CHECK(decoded("MLSERVER", record).find("data has 0 elements") != std::string::npos);
}

TEST_CASE("a header that is null is none, and of several the last counts") {
  const std::string body =
      R"({"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[0.5]},)"
      R"({"name":"n","shape":[1,1],"datatype":"INT64","data":[[7]]}]})";
  CHECK(decoded("MLSERVER", recordOf(body, {{"mlserver-model", std::nullopt}})) ==
        "the header mlserver-model is missing");
  CHECK(decoded("MLSERVER", recordOf(body, {{"mlserver-model", "other"},
                                            {"mlserver-model", "Fraud"}})) == "0.500000 null 7");
  CHECK(decoded("MLSERVER",
                recordOf(body, {{"mlserver-model", "fraud"}, {"mlserver-version", "0"}})) ==
        "version '0' is asked for, which is no number");
  CHECK(decoded("SELDON", recordOf(body)) == "0.500000 null 7");
}

TEST_CASE("an id that is no text is none: replies stay what they are") {
  ServingSpec serving;
  serving.modelName = "fraud";
  ServedRows rows(threeFeatures());
  for (const char* const protocol : {"MLSERVER", "SELDON"}) {
    serving.protocol = protocol;
    Record record = recordOf("{\"id\":\"\xff\"}", {{"x-request-id", "\xfe"}});
    record.key = std::nullopt;
    record.offset = 5;
    RequestHead head;
    CHECK_THROWS_AS(makeServingProtocol(serving)->decode({record, "q", 3}, head, rows), ModelError);
    CHECK(head.id == "q-3-5");
  }
}

TEST_CASE("an answer says what there is to say, whatever the request was") {
  const Record record = recordOf("{}", {{"seldon-infer-type", "json/inferModelRequest"}});
  const RequestRecord request{record, "q", 3};
  RequestHead head;
  head.id = "1";
  head.form = 1;  // rows in JSON, the prediction in V2
  const std::vector<double> scores = {0.5, std::numeric_limits<double>::quiet_NaN(), 1e300, 3};
  const std::vector<int32_t> versions = {1, 2};
  ReplyContent content;
  content.numRows = 2;
  content.versions = versions;
  content.predictions = ReplyScores{scores, 2, true};
  const auto encoded = [&](const std::string& protocol) {
    ServingSpec serving;
    serving.protocol = protocol;
    serving.modelName = "fraud";
    serving.isWide = true;
    ReplyRecord reply;
    makeServingProtocol(serving)->encode(request, head, content, reply);
    return reply.value;
  };
  CHECK(encoded("JSON") == R"({"id":1,"model":"fraud","versions":[1,2],)"
                           R"("scores":[[0.5,null],[1.0E300,3.0]]})");
  const std::string v2 = R"({"model_name":"fraud","model_version":"","id":"1","outputs":[)"
                         R"({"name":"predict","datatype":"FP64","shape":[2,2],)"
                         R"("data":[0.5,null,1e+300,3]}]})";
  CHECK(encoded("MLSERVER") == v2);
  CHECK(encoded("SELDON") == v2);
}

TEST_CASE("requests damaged anywhere are refused or read, and nothing else") {
  const unsigned seed = std::random_device()();
  INFO("seed ", seed);
  std::mt19937 chance(seed);
  const std::vector<std::pair<std::string, std::string>> requests = {
      {"JSON", R"({"id":"x","rows":[{"amount":1.5,"country":"DE","n":2},{"amount":2,"n":3}]})"},
      {"JSON", R"({"amount":1.5,"country":"\u00e9","n":2,"more":[{"a":[]}]})"},
      {"MLSERVER", R"({"id":"a","inputs":[{"name":"amount","shape":[2],"datatype":"FP32",)"
                   R"("data":[1,null]},{"name":"n","shape":[2,1],"datatype":"INT64","data":[[1],)"
                   R"([2]]}],"outputs":[{"name":"predict"}]})"},
      {"SELDON", std::string("\x0a\x05"
                             "fraud\x2a\x1e\x0a\x01x\x12\x04"
                             "FP32\x1a\x02\x01\x03\x2a\x0e\x32\x0c\0\0\x80\x3f\0\0\0\x40\0\0"
                             "\x40\x40",
                             39)}};
  size_t numRead = 0;
  for (const auto& [protocol, request] : requests) {
    for (size_t place = 0; place < request.size(); ++place) {
      for (int round = 0; round < 8; ++round) {
        std::string damaged = request;
        if (round == 0) {
          damaged.resize(place);
        } else if (round == 1) {
          damaged.erase(place, 1);
        } else {
          damaged[place] = static_cast<char>(chance());
        }
        const std::string found =
            decoded(protocol, recordOf(damaged, {{"mlserver-model", "fraud"}}));
        CHECK_FALSE(found.empty());
        numRead += found.find("null") != std::string::npos ? 1 : 0;
      }
    }
  }
  CHECK(numRead > 0);
}
