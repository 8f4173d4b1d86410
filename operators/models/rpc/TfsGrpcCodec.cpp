// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/TfsGrpcCodec.h"

#include <charconv>

#include "operators/models/ModelError.h"
#include "operators/models/rpc/GrpcMessage.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/TfsRestCodec.h"
#include "operators/models/rpc/TypedElements.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {

namespace {

constexpr std::string_view kTensorType = "TensorProto";
constexpr size_t kMaxTfsTensors = 65'536;
constexpr size_t kMaxTfsDimensions = 254;  // TensorFlow's own bound

/// ModelSpec: name=1, version=2 {value=1}, signature_name=3, version_label=4.
std::string modelSpecOf(const RemoteModelOptions& options) {
  std::string spec;
  appendBytes(spec, 1, options.model);
  if (!options.version.empty()) {
    uint64_t version = 0;
    std::from_chars(options.version.data(), options.version.data() + options.version.size(),
                    version);
    std::string value;
    appendVarintField(value, 1, version);
    appendBytes(spec, 2, value);
  }
  if (!options.signature.empty()) {
    appendBytes(spec, 3, options.signature);
  }
  if (!options.label.empty()) {
    appendBytes(spec, 4, options.label);
  }
  return spec;
}

void appendDimension(std::string& shape, uint64_t size) {
  std::string dimension;
  appendVarintField(dimension, 1, size);
  appendBytes(shape, 2, dimension);
}

/// TensorProto: dtype=1, tensor_shape=2, tensor_content=4, string_val=8.
std::string tensorProto(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                        size_t index) {
  const InputTensor& input = signature.inputs[index];
  std::string tensor;
  appendVarintField(tensor, 1, tensorFlowNumberOf(input.datatype));
  std::string shape;
  appendDimension(shape, countRows(rows));
  if (signature.layout == RemoteLayout::Tensor) {
    appendDimension(shape, signature.numFeatures);
  } else if (input.hasUnitDimension) {
    appendDimension(shape, 1);
  }
  appendBytes(tensor, 2, shape);
  if (input.datatype == Datatype::Bytes) {
    forEachString(rows, index, [&](std::string_view text) { appendBytes(tensor, 8, text); });
  } else {
    std::string raw;
    appendRawTensor(rows, signature, index, raw);
    appendBytes(tensor, 4, raw);
  }
  return tensor;
}

/// The field of TensorProto that holds a type's elements where they are not raw, and how.
struct ValueField {
  uint32_t number = 0;
  ElementCoding coding = ElementCoding::Unsigned;
};

ValueField valueFieldOf(Datatype datatype) {
  switch (datatype) {
    case Datatype::Fp32:
      return {5, ElementCoding::Fixed32};
    case Datatype::Fp64:
      return {6, ElementCoding::Fixed64};
    case Datatype::Int8:
    case Datatype::Int16:
    case Datatype::Int32:
    case Datatype::Uint8:
    case Datatype::Uint16:
      return {7, ElementCoding::Signed};
    case Datatype::Int64:
      return {10, ElementCoding::Signed};
    case Datatype::Bool:
      return {11, ElementCoding::Unsigned};
    case Datatype::Fp16:
      return {13, ElementCoding::Half};
    case Datatype::Uint32:
      return {16, ElementCoding::Unsigned};
    case Datatype::Uint64:
      return {17, ElementCoding::Unsigned};
    case Datatype::Bytes:
      break;
  }
  return {8, ElementCoding::Unsigned};
}

/// TensorShapeProto: dim=2 {size=1}, unknown_rank=3.
void readTensorShapeProto(std::string_view message, std::vector<int64_t>& shape,
                          bool& isOfAnyShape) {
  constexpr std::string_view kType = "TensorShapeProto";
  forEachField(message, kType, [&](const WireField& field) {
    if (field.number == 3) {
      isOfAnyShape = requireVarint(field, kType) != 0;
    } else if (field.number == 2) {
      if (shape.size() == kMaxTfsDimensions) {
        failProtobuf(kType, "it has too many dimensions");
      }
      shape.push_back(0);
      forEachField(requireBytes(field, kType), kType, [&](const WireField& part) {
        if (part.number == 1) {
          shape.back() = static_cast<int64_t>(requireVarint(part, kType));
        }
      });
    }
  });
}

/// Reads the wanted output. A tensor's elements are raw, or typed; then one stands for all where
/// all are equal.
void readTensorProto(std::string_view message, const std::string& name, const ScoreShape& wanted,
                     std::vector<double>& scores) {
  std::optional<Datatype> datatype;
  std::vector<int64_t> shape;
  bool isOfAnyShape = false;
  std::string_view content;
  forEachField(message, kTensorType, [&](const WireField& field) {
    if (field.number == 1) {
      datatype = datatypeOfTensorFlow(requireVarint(field, kTensorType));
    } else if (field.number == 2) {
      readTensorShapeProto(requireBytes(field, kTensorType), shape, isOfAnyShape);
    } else if (field.number == 4) {
      content = requireBytes(field, kTensorType);
    }
  });
  requireScoreShape(name, datatype, shape, wanted);
  if (!content.empty()) {
    readRawScores(content, *datatype, wanted, scores);
    return;
  }
  const ValueField expected = valueFieldOf(*datatype);
  size_t count = 0;
  scores.clear();
  forEachField(message, kTensorType, [&](const WireField& field) {
    if (field.number == expected.number) {
      count += readElements(field, expected.coding, kTensorType, wanted.numScores(), scores);
    }
  });
  if (count == 1) {
    scores.resize(wanted.numScores(), scores.front());
  } else if (count != wanted.numScores()) {
    refuseScoreCount(count, wanted);
  }
}

/// SignatureDef: inputs=1, outputs=2, each a map name -> TensorInfo: dtype=2, tensor_shape=3.
void readSignatureDef(std::string_view message, RemoteMetadata& metadata) {
  constexpr std::string_view kType = "SignatureDef";
  forEachField(message, kType, [&](const WireField& field) {
    if (field.number != 1 && field.number != 2) {
      return;
    }
    auto& list = field.number == 1 ? metadata.inputs : metadata.outputs;
    if (list.size() == kMaxTfsTensors) {
      failProtobuf(kType, "it has too many tensors");
    }
    const WireEntry entry = readEntry(field, kType);
    TensorMetadata tensor;
    tensor.name = entry.key;
    forEachField(entry.value, "TensorInfo", [&](const WireField& part) {
      if (part.number == 2) {
        const uint64_t number = requireVarint(part, "TensorInfo");
        tensor.known = datatypeOfTensorFlow(number);
        tensor.datatype = tensor.known ? std::string(v2NameOf(*tensor.known))
                                       : "TensorFlow's type " + std::to_string(number);
      } else if (part.number == 3) {
        readTensorShapeProto(requireBytes(part, "TensorInfo"), tensor.shape, tensor.isOfAnyShape);
      }
    });
    list.push_back(std::move(tensor));
  });
}

/// GetModelMetadataResponse: metadata=2, a map "signature_def" -> Any, whose value=2 is a
/// SignatureDefMap: signature_def=1, a map name -> SignatureDef.
bool readModelSignatures(std::string_view message, std::string_view wanted,
                         RemoteMetadata& metadata) {
  constexpr std::string_view kType = "GetModelMetadataResponse";
  bool isFound = false;
  forEachField(message, kType, [&](const WireField& field) {
    if (field.number != 2) {
      return;
    }
    const WireEntry entry = readEntry(field, kType);
    if (entry.key != "signature_def") {
      return;
    }
    forEachField(entry.value, "Any", [&](const WireField& any) {
      if (any.number != 2) {
        return;
      }
      forEachField(requireBytes(any, "Any"), "SignatureDefMap", [&](const WireField& part) {
        const WireEntry signature =
            part.number == 1 ? readEntry(part, "SignatureDefMap") : WireEntry{};
        if (part.number == 1 && signature.key == wanted) {
          isFound = true;
          readSignatureDef(signature.value, metadata);
        }
      });
    });
  });
  return isFound;
}

[[noreturn]] void failTfsMessage(const std::string& reason) {
  throw AnswerError(AnswerFault::Unreachable,
                    "the answer is not of TensorFlow Serving: " + presentable(reason));
}

/// PredictResponse: outputs=1, a map name -> TensorProto.
WireEntry findOutput(std::string_view message, const std::string& wanted) {
  constexpr std::string_view kType = "PredictResponse";
  WireEntry found;
  bool isFound = false;
  size_t numOutputs = 0;
  forEachField(message, kType, [&](const WireField& field) {
    if (field.number != 1) {
      return;
    }
    ++numOutputs;
    const WireEntry entry = readEntry(field, kType);
    if (entry.key == wanted || wanted.empty()) {
      found = entry;
      isFound = true;
    }
  });
  if (!isFound || (wanted.empty() && numOutputs != 1)) {
    throw AnswerError(AnswerFault::Refused,
                      isFound ? "the server's answer has several outputs. OUTPUT='name' chooses "
                                "the one with the score"
                              : "the server's answer has no output '" + wanted + "'");
  }
  return found;
}

}  // namespace

TfsGrpcCodec::TfsGrpcCodec(const RemoteModelOptions& options)
    : serverUrl_(endpointUrl(options.endpoint)),
      modelSpec_(modelSpecOf(options)),
      signatureName_(options.signature),
      timeout_(options.timeout) {
}

HttpRequest TfsGrpcCodec::metadataRequest(size_t) const {
  std::string message;
  appendBytes(message, 1, modelSpec_);
  appendBytes(message, 2, "signature_def");
  return grpcRequest(serverUrl_, "/tensorflow.serving.PredictionService/GetModelMetadata", message,
                     timeout_);
}

void TfsGrpcCodec::readMetadata(size_t, const HttpResponse& response,
                                RemoteMetadata& metadata) const {
  const std::string_view message = grpcMessageOf(response);
  const std::string_view wanted = signatureName_.empty() ? kDefaultSignature : signatureName_;
  bool isFound = false;
  try {
    isFound = readModelSignatures(message, wanted, metadata);
  } catch (const ModelError& error) {
    failTfsMessage(error.what());
  }
  if (!isFound) {
    throw AnswerError(AnswerFault::Away,
                      "the server's model has no signature '" + std::string(wanted) + "'");
  }
}

HttpRequest TfsGrpcCodec::inferRequest(std::span<const FeatureRows> rows,
                                       const RemoteSignature& signature, uint64_t) const {
  std::string message;
  appendBytes(message, 1, modelSpec_);
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    std::string entry;
    appendBytes(entry, 1, signature.inputs[i].name);
    appendBytes(entry, 2, tensorProto(rows, signature, i));
    appendBytes(message, 2, entry);
  }
  if (!signature.output.empty()) {
    appendBytes(message, 3, signature.output);
  }
  return grpcRequest(serverUrl_, "/tensorflow.serving.PredictionService/Predict", message,
                     timeout_);
}

void TfsGrpcCodec::readScores(const HttpResponse& response, const RemoteSignature& signature,
                              size_t numRows, uint64_t, std::vector<double>& scores) const {
  const std::string_view message = grpcMessageOf(response);
  try {
    const WireEntry output = findOutput(message, signature.output);
    readTensorProto(output.value, std::string(output.key), {numRows, signature.numOutputs}, scores);
  } catch (const ModelError& error) {
    failTfsMessage(error.what());
  }
}

}  // namespace auspex::operators
