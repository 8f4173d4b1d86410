// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/V2ProtobufMessage.h"

#include <array>
#include <bit>

#include "operators/models/ModelError.h"
#include "operators/models/rpc/GrpcMessage.h"
#include "operators/models/rpc/InferContents.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/ScoreTensor.h"
#include "operators/models/rpc/TypedElements.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {

namespace {

constexpr std::string_view kResponseType = "ModelInferResponse";
constexpr size_t kMaxTensors = 65'536;
constexpr size_t kMaxDimensions = 64;

/// A map entry string -> InferParameter of a string.
void appendStringParameter(std::string& out, uint32_t number, std::string_view key,
                           std::string_view value) {
  std::string parameter;
  appendBytes(parameter, 3, value);
  std::string entry;
  appendBytes(entry, 1, key);
  appendBytes(entry, 2, parameter);
  appendBytes(out, number, entry);
}

std::string inputTensor(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                        size_t index) {
  const InputTensor& input = signature.inputs[index];
  std::string tensor;
  appendBytes(tensor, 1, input.name);
  appendBytes(tensor, 2, v2NameOf(input.datatype));
  std::string shape;
  stateStore::appendVarint(shape, countRows(rows));
  if (signature.layout == RemoteLayout::Tensor) {
    stateStore::appendVarint(shape, signature.numFeatures);
  } else if (input.hasUnitDimension) {
    stateStore::appendVarint(shape, 1);
  }
  appendBytes(tensor, 3, shape);
  if (input.datatype == Datatype::Bytes) {
    appendStringParameter(tensor, 4, "content_type", "str");
  }
  if (!signature.isBinary) {
    std::string contents;
    if (input.datatype == Datatype::Bytes) {
      forEachString(rows, index, [&](std::string_view text) { appendBytes(contents, 8, text); });
    } else {
      std::string raw;
      appendRawTensor(rows, signature, index, raw);
      contents = contentsOfRaw(raw, input.datatype);
    }
    appendBytes(tensor, 5, contents);
  }
  return tensor;
}

/// InferOutputTensor; its contents stay bytes until it is known which output is wanted.
struct GrpcOutput {
  std::string name;
  std::string datatype;
  std::vector<int64_t> shape;
  std::string_view contents;
};

GrpcOutput readGrpcOutput(std::string_view message) {
  GrpcOutput output;
  forEachField(message, "InferOutputTensor", [&](const WireField& field) {
    if (field.number == 1) {
      output.name = requireBytes(field, "InferOutputTensor");
    } else if (field.number == 2) {
      output.datatype = requireBytes(field, "InferOutputTensor");
    } else if (field.number == 3) {
      readRepeatedVarints(field, "InferOutputTensor", kMaxDimensions, output.shape);
    } else if (field.number == 5) {
      output.contents = requireBytes(field, "InferOutputTensor");
    }
  });
  return output;
}

struct GrpcAnswer {
  std::vector<GrpcOutput> outputs;
  std::vector<std::string_view> raw;
};

GrpcAnswer readGrpcAnswer(std::string_view message, const std::string& id) {
  GrpcAnswer answer;
  forEachField(message, kResponseType, [&](const WireField& field) {
    if (answer.outputs.size() + answer.raw.size() > kMaxTensors) {
      failProtobuf(kResponseType, "it has too many outputs");
    }
    if (field.number == 3) {
      const std::string given(requireBytes(field, kResponseType));
      if (!given.empty() && !id.empty() && given != id) {
        failProtobuf(kResponseType,
                     "it answers request '" + presentable(given) + "', not '" + id + "'");
      }
    } else if (field.number == 5) {
      answer.outputs.push_back(readGrpcOutput(requireBytes(field, kResponseType)));
    } else if (field.number == 6) {
      answer.raw.push_back(requireBytes(field, kResponseType));
    }
  });
  if (!answer.raw.empty() && answer.raw.size() != answer.outputs.size()) {
    failProtobuf(kResponseType, std::to_string(answer.raw.size()) + " raw contents for " +
                                    std::to_string(answer.outputs.size()) + " outputs");
  }
  return answer;
}

size_t chooseGrpcOutput(const GrpcAnswer& answer, const std::string& wanted) {
  for (size_t i = 0; i < answer.outputs.size(); ++i) {
    if (answer.outputs[i].name == wanted || (wanted.empty() && answer.outputs.size() == 1)) {
      return i;
    }
  }
  throw AnswerError(AnswerFault::Refused,
                    wanted.empty()
                        ? "the server's answer has " + std::to_string(answer.outputs.size()) +
                              " outputs. OUTPUT='name' chooses the one with the score"
                        : "the server's answer has no output '" + wanted + "'");
}

/// Elements in InferTensorContents.
void readContents(std::string_view contents, Datatype datatype, const ScoreShape& wanted,
                  std::vector<double>& scores) {
  if (datatype == Datatype::Fp16) {
    throw AnswerError(AnswerFault::Refused, "the server's output of type FP16 is not raw");
  }
  const ContentsField expected = contentsFieldOf(datatype);
  size_t count = 0;
  scores.clear();
  forEachField(contents, "InferTensorContents", [&](const WireField& field) {
    if (field.number != expected.number) {
      throw AnswerError(AnswerFault::Refused, "the server's output of type " +
                                                  std::string(v2NameOf(datatype)) +
                                                  " holds elements of another");
    }
    count +=
        readElements(field, expected.coding, "InferTensorContents", wanted.numScores(), scores);
  });
  if (count != wanted.numScores()) {
    refuseScoreCount(count, wanted);
  }
}

}  // namespace

std::string makeV2ProtobufRequest(const V2ModelName& model, std::span<const FeatureRows> rows,
                                  const RemoteSignature& signature, const std::string& id) {
  std::string message;
  appendBytes(message, 1, model.name);
  if (!model.version.empty()) {
    appendBytes(message, 2, model.version);
  }
  if (!id.empty()) {
    appendBytes(message, 3, id);
  }
  if (signature.layout == RemoteLayout::Columns) {
    // MLServer's mark for a table whose columns are the inputs.
    appendStringParameter(message, 4, "content_type", "pd");
  }
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    appendBytes(message, 5, inputTensor(rows, signature, i));
  }
  if (!signature.output.empty()) {
    std::string output;
    appendBytes(output, 1, signature.output);
    appendBytes(message, 6, output);
  }
  if (signature.isBinary) {
    std::string raw;
    for (size_t i = 0; i < signature.inputs.size(); ++i) {
      raw.clear();
      appendRawTensor(rows, signature, i, raw);
      appendBytes(message, 7, raw);
    }
  }
  return message;
}

void readV2ProtobufScores(std::string_view message, const RemoteSignature& signature,
                          size_t numRows, const std::string& id, std::vector<double>& scores) {
  const ScoreShape wanted{numRows, signature.numOutputs};
  const GrpcAnswer answer = readGrpcAnswer(message, id);
  const size_t chosen = chooseGrpcOutput(answer, signature.output);
  const GrpcOutput& output = answer.outputs[chosen];
  const std::optional<Datatype> datatype = datatypeOfV2(output.datatype);
  requireScoreShape(output.name, datatype, output.shape, wanted);
  if (!answer.raw.empty()) {
    readRawScores(answer.raw[chosen], *datatype, wanted, scores);
  } else {
    readContents(output.contents, *datatype, wanted, scores);
  }
}

}  // namespace auspex::operators
