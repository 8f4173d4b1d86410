// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/V2JsonMessage.h"

#include <optional>

#include "operators/formats/json/JsonText.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/ScoreTensor.h"

namespace auspex::operators {

namespace {

/// More dimensions, tensors or names than any model has: what a hostile answer is cut at.
constexpr size_t kMaxListed = 65'536;

/// One tensor of an answer.
struct V2Output {
  std::string name;
  std::string datatype;
  std::vector<int64_t> shape;
  JsonScores data;
  bool hasData = false;
  std::optional<int64_t> binarySize;
  std::string_view binary;  ///< set when binarySize is
};

void appendV2Input(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                   size_t index, std::string& json, std::string& raw) {
  const InputTensor& input = signature.inputs[index];
  json += index == 0 ? "{\"name\":" : ",{\"name\":";
  appendJsonString(json, input.name);
  json += ",\"shape\":[" + std::to_string(countRows(rows));
  if (signature.layout == RemoteLayout::Tensor) {
    json += "," + std::to_string(signature.numFeatures);
  } else if (input.hasUnitDimension) {
    json += ",1";
  }
  json += "],\"datatype\":\"" + std::string(v2NameOf(input.datatype)) + "\"";
  if (signature.isBinary) {
    const size_t before = raw.size();
    appendRawTensor(rows, signature, index, raw);
    json += ",\"parameters\":{\"binary_data_size\":" + std::to_string(raw.size() - before) + "}}";
    return;
  }
  if (input.datatype == Datatype::Bytes) {
    // MLServer gives text to models that ask for columns only where it is told that it is text.
    json += ",\"parameters\":{\"content_type\":\"str\"}";
  }
  json += ",\"data\":";
  appendJsonTensor(rows, signature, index, JsonNonFinite::Null, json);
  json += "}";
}

void readBinarySize(JsonReader& reader, V2Output& output) {
  if (reader.peek() == DocumentReader::Kind::Null) {
    reader.skip();
    return;
  }
  readObject(reader, [&](const std::string& key) {
    if (key == "binary_data_size") {
      output.binarySize = reader.readInteger();
    } else {
      reader.skip();
    }
  });
}

V2Output readV2Output(JsonReader& reader, size_t numScores) {
  V2Output output;
  readObject(reader, [&](const std::string& key) {
    if (key == "name") {
      output.name = reader.readString();
    } else if (key == "datatype") {
      output.datatype = reader.readString();
    } else if (key == "shape") {
      output.shape = readV2Shape(reader);
    } else if (key == "parameters") {
      readBinarySize(reader, output);
    } else if (key == "data" && !output.hasData) {
      output.hasData = true;
      readJsonScores(reader, numScores, output.data);
    } else {
      reader.skip();
    }
  });
  return output;
}

/// Gives each output its bytes behind the JSON, which they must fill exactly.
void cutBinary(std::string_view bytes, std::vector<V2Output>& outputs) {
  for (V2Output& output : outputs) {
    if (!output.binarySize) {
      continue;
    }
    const int64_t size = *output.binarySize;
    if (size < 0 || static_cast<uint64_t>(size) > bytes.size()) {
      throw ModelError("output '" + presentable(output.name) + "' claims " + std::to_string(size) +
                       " bytes where " + std::to_string(bytes.size()) + " are left");
    }
    output.binary = bytes.substr(0, static_cast<size_t>(size));
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  if (!bytes.empty()) {
    throw ModelError(std::to_string(bytes.size()) + " bytes behind the JSON are of no output");
  }
}

/// What a message says went wrong; nullopt when it says null.
std::optional<std::string> readV2Error(JsonReader& reader) {
  if (reader.peek() == DocumentReader::Kind::String) {
    return reader.readString();
  }
  const bool isNull = reader.peek() == DocumentReader::Kind::Null;
  reader.skip();
  return isNull ? std::nullopt : std::optional<std::string>("an error");
}

std::vector<V2Output> readV2Outputs(std::string_view json, std::string_view raw, size_t numScores,
                                    const std::string& id) {
  JsonReader reader(json);
  std::vector<V2Output> outputs;
  bool hasOutputs = false;
  std::optional<std::string> error;
  readObject(reader, [&](const std::string& key) {
    if (key == "outputs") {
      hasOutputs = true;
      reader.beginArray();
      while (reader.nextElement()) {
        if (outputs.size() == kMaxListed) {
          reader.fail("there are too many outputs");
        }
        outputs.push_back(readV2Output(reader, numScores));
      }
    } else if (key == "id" && reader.peek() == DocumentReader::Kind::String) {
      const std::string given = reader.readString();
      if (!given.empty() && !id.empty() && given != id) {
        reader.fail("it answers request '" + presentable(given) + "', not '" + id + "'");
      }
    } else if (key == "error") {
      error = readV2Error(reader);
    } else {
      reader.skip();
    }
  });
  reader.expectEnd();
  if (error) {
    throw AnswerError(AnswerFault::Refused, "the server answers: " + presentable(*error));
  }
  if (!hasOutputs) {
    throw ModelError("it has no \"outputs\"");
  }
  cutBinary(raw, outputs);
  return outputs;
}

V2Output& chooseOutput(std::vector<V2Output>& outputs, const std::string& wanted) {
  for (V2Output& output : outputs) {
    if (output.name == wanted || (wanted.empty() && outputs.size() == 1)) {
      return output;
    }
  }
  throw AnswerError(AnswerFault::Refused,
                    wanted.empty() ? "the server's answer has " + std::to_string(outputs.size()) +
                                         " outputs. OUTPUT='name' chooses the one with the score"
                                   : "the server's answer has no output '" + wanted + "'");
}

}  // namespace

std::vector<int64_t> readV2Shape(JsonReader& reader) {
  std::vector<int64_t> shape;
  reader.beginArray();
  while (reader.nextElement()) {
    if (shape.size() == kMaxListed) {
      reader.fail("the shape has too many dimensions");
    }
    shape.push_back(reader.readInteger());
  }
  return shape;
}

V2JsonRequest makeV2JsonRequest(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                                const std::string& id) {
  V2JsonRequest request;
  std::string& json = request.json;
  json = "{";
  if (!id.empty()) {
    json += "\"id\":";
    appendJsonString(json, id);
    json += ",";
  }
  const bool asksForBinary = signature.isBinary && signature.output.empty();
  if (signature.layout == RemoteLayout::Columns) {
    // MLServer's mark for a table whose columns are the inputs.
    json += "\"parameters\":{\"content_type\":\"pd\"";
    json += asksForBinary ? ",\"binary_data_output\":true}," : "},";
  } else if (asksForBinary) {
    json += "\"parameters\":{\"binary_data_output\":true},";
  }
  json += "\"inputs\":[";
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    appendV2Input(rows, signature, i, json, request.raw);
  }
  json += "]";
  if (!signature.output.empty()) {
    json += ",\"outputs\":[{\"name\":";
    appendJsonString(json, signature.output);
    json += signature.isBinary ? ",\"parameters\":{\"binary_data\":true}}]" : "}]";
  }
  json += "}";
  return request;
}

void readV2JsonScores(std::string_view json, std::string_view raw, const RemoteSignature& signature,
                      size_t numRows, const std::string& id, std::vector<double>& scores) {
  const ScoreShape wanted{numRows, signature.numOutputs};
  std::vector<V2Output> outputs = readV2Outputs(json, raw, wanted.numScores(), id);
  V2Output& output = chooseOutput(outputs, signature.output);
  const std::optional<Datatype> datatype = datatypeOfV2(output.datatype);
  requireScoreShape(output.name, datatype, output.shape, wanted);
  if (output.binarySize) {
    readRawScores(output.binary, *datatype, wanted, scores);
    return;
  }
  if (output.data.count != wanted.numScores()) {
    refuseScoreCount(output.data.count, wanted);
  }
  if (output.data.hasText) {
    throw AnswerError(AnswerFault::Refused, "the server's answer holds text among its numbers");
  }
  scores = std::move(output.data.values);
}

void failForeignV2(const std::string& reason) {
  throw AnswerError(AnswerFault::Unreachable,
                    "the answer is not of the Open Inference Protocol: " + presentable(reason));
}

}  // namespace auspex::operators
