// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/TfsRestCodec.h"

#include <charconv>

#include "operators/formats/json/JsonText.h"
#include "operators/models/rpc/RemoteAnswer.h"

namespace auspex::operators {

namespace {

constexpr size_t kMaxTfsListed = 65'536;

/// Reads the member of an object that `output` names, or its only one, by read(); skips the others.
/// what: "predictions have", for messages.
template <typename Read>
void readOutput(JsonReader& reader, const std::string& output, const std::string& what, Read read) {
  bool isFound = false;
  size_t numMembers = 0;
  readObject(reader, [&](const std::string& key) {
    ++numMembers;
    if (!isFound && (key == output || output.empty())) {
      isFound = true;
      read();
    } else {
      reader.skip();
    }
  });
  if (!isFound || (output.empty() && numMembers > 1)) {
    throw AnswerError(
        AnswerFault::Refused,
        "the server's " + what +
            (isFound ? " several outputs. OUTPUT='name' chooses the one with the score"
                     : " no output '" + output + "'"));
  }
}

/// Reads one object or bare value of predictions into scores: exactly `width` numbers.
void readPrediction(JsonReader& reader, const std::string& output, size_t width,
                    JsonScores& scores) {
  const size_t before = scores.count;
  const size_t limit = scores.values.size() + width;
  if (reader.peek() != DocumentReader::Kind::Object) {
    readJsonScores(reader, limit, scores);
  } else {
    readOutput(reader, output, "predictions have", [&] { readJsonScores(reader, limit, scores); });
  }
  if (scores.count - before != width) {
    throw AnswerError(AnswerFault::Refused, "the server's prediction holds " +
                                                std::to_string(scores.count - before) +
                                                " numbers for a row of " + std::to_string(width));
  }
}

/// Reads an array of one element per row.
void readRowList(JsonReader& reader, const std::string& output, const ScoreShape& wanted,
                 JsonScores& scores) {
  size_t numRows = 0;
  reader.beginArray();
  for (; reader.nextElement(); ++numRows) {
    if (numRows < wanted.numRows) {
      readPrediction(reader, output, wanted.numOutputs, scores);
    } else {
      reader.skip();
    }
  }
  if (numRows != wanted.numRows) {
    throw AnswerError(AnswerFault::Refused, "the server's answer holds " + std::to_string(numRows) +
                                                " predictions for " +
                                                std::to_string(wanted.numRows) + " rows");
  }
}

/// "outputs": the one output's values, or an object of outputs by name.
void readColumnOutputs(JsonReader& reader, const std::string& output, const ScoreShape& wanted,
                       JsonScores& scores) {
  if (reader.peek() != DocumentReader::Kind::Object) {
    readRowList(reader, output, wanted, scores);
    return;
  }
  readOutput(reader, output, "answer has", [&] { readRowList(reader, "", wanted, scores); });
}

/// {"dim": [{"size": "-1"}, ...], "unknown_rank": false}; sizes are strings, as proto3's JSON is.
void readTensorShape(JsonReader& reader, TensorMetadata& tensor) {
  const auto readSize = [&] {
    if (reader.peek() == DocumentReader::Kind::Number) {
      return reader.readInteger();
    }
    const std::string text = reader.readString();
    int64_t size = 0;
    const char* const end = text.data() + text.size();
    if (const auto result = std::from_chars(text.data(), end, size);
        result.ec != std::errc() || result.ptr != end) {
      reader.fail("a size is expected");
    }
    return size;
  };
  readObject(reader, [&](const std::string& key) {
    if (key == "unknown_rank") {
      tensor.isOfAnyShape = reader.readBoolean();
    } else if (key == "dim") {
      reader.beginArray();
      while (reader.nextElement()) {
        if (tensor.shape.size() == kMaxTfsListed) {
          reader.fail("the shape has too many dimensions");
        }
        tensor.shape.push_back(0);
        readObject(reader, [&](const std::string& part) {
          if (part == "size") {
            tensor.shape.back() = readSize();
          } else {
            reader.skip();
          }
        });
      }
    } else {
      reader.skip();
    }
  });
}

/// {"name": {"dtype": "DT_FLOAT", "tensor_shape": {...}, "name": "..."}, ...}
std::vector<TensorMetadata> readTensorInfos(JsonReader& reader) {
  std::vector<TensorMetadata> tensors;
  readObject(reader, [&](const std::string& name) {
    if (tensors.size() == kMaxTfsListed) {
      reader.fail("there are too many tensors");
    }
    TensorMetadata tensor;
    tensor.name = name;
    readObject(reader, [&](const std::string& key) {
      if (key == "dtype") {
        tensor.datatype = reader.readString();
        tensor.known = datatypeOfTensorFlow(std::string_view(tensor.datatype));
      } else if (key == "tensor_shape") {
        readTensorShape(reader, tensor);
      } else {
        reader.skip();
      }
    });
    tensors.push_back(std::move(tensor));
  });
  return tensors;
}

/// Finds the signature among those of {"metadata": {"signature_def": {"signature_def": {...}}}}.
bool readSignatureDefs(JsonReader& reader, std::string_view wanted, RemoteMetadata& metadata) {
  bool isFound = false;
  readObject(reader, [&](const std::string& name) {
    if (name != wanted) {
      reader.skip();
      return;
    }
    isFound = true;
    readObject(reader, [&](const std::string& key) {
      if (key == "inputs") {
        metadata.inputs = readTensorInfos(reader);
      } else if (key == "outputs") {
        metadata.outputs = readTensorInfos(reader);
      } else {
        reader.skip();
      }
    });
  });
  return isFound;
}

/// Goes into the member of that name of the object that comes next, and skips the others.
template <typename Call>
void withMember(JsonReader& reader, std::string_view name, Call call) {
  readObject(reader, [&](const std::string& key) {
    if (key == name) {
      call();
    } else {
      reader.skip();
    }
  });
}

[[noreturn]] void failTfsAnswer(const std::string& reason) {
  throw AnswerError(AnswerFault::Unreachable,
                    "the answer is not of TensorFlow Serving: " + presentable(reason));
}

}  // namespace

TfsRestCodec::TfsRestCodec(const RemoteModelOptions& options)
    : modelUrl_(endpointUrl(options.endpoint) + "/v1/models/" + percentEncoded(options.model)),
      signatureName_(options.signature),
      timeout_(options.timeout) {
  if (!options.version.empty()) {
    modelUrl_ += "/versions/" + options.version;
  } else if (!options.label.empty()) {
    modelUrl_ += "/labels/" + percentEncoded(options.label);
  }
}

HttpRequest TfsRestCodec::metadataRequest(size_t) const {
  HttpRequest request;
  request.method = "GET";
  request.url = modelUrl_ + "/metadata";
  request.headers = {{"Accept", "application/json"}};
  request.timeout = timeout_;
  return request;
}

void TfsRestCodec::readMetadata(size_t, const HttpResponse& response,
                                RemoteMetadata& metadata) const {
  requireAnswer(response);
  const std::string_view wanted = signatureName_.empty() ? kDefaultSignature : signatureName_;
  bool isFound = false;
  try {
    JsonReader reader(response.body);
    withMember(reader, "metadata", [&] {
      withMember(reader, "signature_def", [&] {
        withMember(reader, "signature_def",
                   [&] { isFound |= readSignatureDefs(reader, wanted, metadata); });
      });
    });
    reader.expectEnd();
  } catch (const ModelError& error) {
    failTfsAnswer(error.what());
  }
  if (!isFound) {
    throw AnswerError(AnswerFault::Away,
                      "the server's model has no signature '" + std::string(wanted) + "'");
  }
}

HttpRequest TfsRestCodec::inferRequest(std::span<const FeatureRows> rows,
                                       const RemoteSignature& signature, uint64_t) const {
  HttpRequest request;
  request.url = modelUrl_ + ":predict";
  request.timeout = timeout_;
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  std::string& json = request.body;
  json = "{";
  if (!signatureName_.empty()) {
    json += "\"signature_name\":";
    appendJsonString(json, signatureName_);
    json += ",";
  }
  if (signature.layout == RemoteLayout::Tensor) {
    json += "\"instances\":";
    appendJsonRows(rows, signature, JsonNonFinite::Bare, json);
  } else {
    json += "\"inputs\":";
    char separator = '{';
    for (size_t i = 0; i < signature.inputs.size(); ++i) {
      json += separator;
      separator = ',';
      appendJsonString(json, signature.inputs[i].name);
      json += ':';
      if (signature.inputs[i].hasUnitDimension) {
        appendJsonColumn(rows, signature, i, JsonNonFinite::Bare, json);
      } else {
        appendJsonTensor(rows, signature, i, JsonNonFinite::Bare, json);
      }
    }
    json += "}";
  }
  json += "}";
  return request;
}

void TfsRestCodec::readScores(const HttpResponse& response, const RemoteSignature& signature,
                              size_t numRows, uint64_t, std::vector<double>& scores) const {
  requireAnswer(response);
  const ScoreShape wanted{numRows, signature.numOutputs};
  JsonScores read;
  bool isFound = false;
  try {
    JsonReader reader(response.body);
    readObject(reader, [&](const std::string& key) {
      if (!isFound && key == "predictions") {
        isFound = true;
        readRowList(reader, signature.output, wanted, read);
      } else if (!isFound && key == "outputs") {
        isFound = true;
        readColumnOutputs(reader, signature.output, wanted, read);
      } else {
        reader.skip();
      }
    });
    reader.expectEnd();
  } catch (const ModelError& error) {
    failTfsAnswer(error.what());
  }
  if (!isFound) {
    failTfsAnswer("it has neither \"predictions\" nor \"outputs\"");
  }
  if (read.hasText) {
    throw AnswerError(AnswerFault::Refused, "the server's answer holds text among its numbers");
  }
  scores = std::move(read.values);
}

}  // namespace auspex::operators
