// SPDX-License-Identifier: Apache-2.0
#include "operators/models/serving/V2Protobuf.h"

#include "operators/formats/Utf8.h"
#include "operators/models/ModelError.h"
#include "operators/models/rpc/GrpcMessage.h"
#include "operators/models/rpc/InferContents.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {

namespace {

constexpr std::string_view kRequestType = "ModelInferRequest";
constexpr std::string_view kInputType = "InferInputTensor";
constexpr std::string_view kContentsType = "InferTensorContents";
/// More tensors than any model has: what a hostile request is cut at.
constexpr size_t kMaxProtobufTensors = 65'536;
constexpr size_t kMaxProtobufDimensions = 64;

/// InferInputTensor; its elements stay bytes until it is known whether they are raw.
struct ProtobufInput {
  InferTensor tensor;
  std::string datatype;
  std::string_view contents;
};

std::string_view requireText(const WireField& field, std::string_view type) {
  const std::string_view text = requireBytes(field, type);
  if (!isUtf8(text)) {
    failProtobuf(type, "field " + std::to_string(field.number) + " is not UTF-8");
  }
  return text;
}

ProtobufInput readProtobufInput(std::string_view message) {
  ProtobufInput input;
  forEachField(message, kInputType, [&](const WireField& field) {
    if (field.number == 1) {
      input.tensor.elements.name = requireText(field, kInputType);
    } else if (field.number == 2) {
      input.datatype = requireText(field, kInputType);
    } else if (field.number == 3) {
      readRepeatedVarints(field, kInputType, kMaxProtobufDimensions, input.tensor.shape);
    } else if (field.number == 5) {
      input.contents = requireBytes(field, kInputType);
    }
  });
  return input;
}

/// Refuses elements that stand in the field of another type.
void requireContentsField(const WireField& field, const ContentsField& expected) {
  if (field.number != expected.number) {
    failProtobuf(kContentsType, "its elements are in field " + std::to_string(field.number) +
                                    ", those of its datatype in field " +
                                    std::to_string(expected.number));
  }
}

void readIntegerContents(std::string_view contents, Datatype datatype, size_t count,
                         FeatureColumn& column) {
  auto& values = column.values.emplace<std::vector<int64_t>>();
  forEachField(contents, kContentsType, [&](const WireField& field) {
    requireContentsField(field, contentsFieldOf(datatype));
    readRepeatedVarints(field, kContentsType, count, values);
  });
  for (const int64_t value : values) {
    requireInRange(value, datatype);
  }
  if (datatype == Datatype::Bool) {
    const std::vector<int64_t> numbers = std::move(values);
    auto& flags = column.values.emplace<std::vector<uint8_t>>();
    for (const int64_t number : numbers) {
      flags.push_back(number != 0 ? 1 : 0);
    }
  }
}

size_t readFloatContents(std::string_view contents, Datatype datatype, size_t count,
                         FeatureColumn& column) {
  const ContentsField expected = contentsFieldOf(datatype);
  auto& values = column.values.emplace<std::vector<double>>();
  size_t given = 0;
  forEachField(contents, kContentsType, [&](const WireField& field) {
    requireContentsField(field, expected);
    given += readElements(field, expected.coding, kContentsType, count, values);
  });
  return given;
}

void readStringContents(std::string_view contents, size_t count, FeatureColumn& column) {
  auto& values = column.values.emplace<std::vector<std::string>>();
  forEachField(contents, kContentsType, [&](const WireField& field) {
    requireContentsField(field, contentsFieldOf(Datatype::Bytes));
    if (values.size() == count) {
      failProtobuf(kContentsType, "it has more than " + std::to_string(count) + " elements");
    }
    values.emplace_back(requireBytes(field, kContentsType));
  });
}

void readContentsOf(std::string_view contents, Datatype datatype, size_t count,
                    FeatureColumn& column) {
  size_t given = 0;
  if (datatype == Datatype::Fp16) {
    throw ModelError("FP16 travels raw only");
  }
  if (datatype == Datatype::Bytes) {
    readStringContents(contents, count, column);
    given = std::get<std::vector<std::string>>(column.values).size();
  } else if (isFloat(datatype)) {
    given = readFloatContents(contents, datatype, count, column);
  } else {
    readIntegerContents(contents, datatype, count, column);
    given = std::visit([](const auto& values) { return values.size(); }, column.values);
  }
  if (given != count) {
    throw ModelError("it has " + std::to_string(given) + " elements, its shape " +
                     std::to_string(count));
  }
}

void takeProtobufElements(ProtobufInput& input, const std::string_view* raw) {
  const std::optional<Datatype> datatype = datatypeOfV2(input.datatype);
  const std::optional<size_t> count = countElements(input.tensor.shape);
  if (!datatype || !count) {
    throw ModelError(datatype ? "its shape is none"
                              : "its datatype '" + presentable(input.datatype) +
                                    "' is none of the protocol's");
  }
  if (raw == nullptr) {
    readContentsOf(input.contents, *datatype, *count, input.tensor.elements);
  } else if (input.contents.empty()) {
    readRawElements(*raw, *datatype, *count, input.tensor.elements);
  } else {
    throw ModelError("it has contents beside raw_input_contents");
  }
}

RequestedOutput readProtobufOutput(std::string_view message) {
  RequestedOutput output;
  forEachField(message, "InferRequestedOutputTensor", [&](const WireField& field) {
    if (field.number == 1) {
      output.name = requireText(field, "InferRequestedOutputTensor");
    }
  });
  return output;
}

InferRequest readProtobufRequest(std::string_view message) {
  InferRequest request;
  std::vector<ProtobufInput> inputs;
  std::vector<std::string_view> raw;
  forEachField(message, kRequestType, [&](const WireField& field) {
    if (inputs.size() + raw.size() + request.outputs.size() > kMaxProtobufTensors) {
      failProtobuf(kRequestType, "it has too many tensors");
    }
    if (field.number == 1) {
      request.model = requireText(field, kRequestType);
    } else if (field.number == 2) {
      request.version = requireText(field, kRequestType);
    } else if (field.number == 3) {
      request.id = requireText(field, kRequestType);
    } else if (field.number == 5) {
      inputs.push_back(readProtobufInput(requireBytes(field, kRequestType)));
    } else if (field.number == 6) {
      request.outputs.push_back(readProtobufOutput(requireBytes(field, kRequestType)));
    } else if (field.number == 7) {
      raw.push_back(requireBytes(field, kRequestType));
    }
  });
  if (inputs.empty() || (!raw.empty() && raw.size() != inputs.size())) {
    throw ModelError(inputs.empty()
                         ? "it has no inputs"
                         : "it has " + std::to_string(raw.size()) + " raw contents for " +
                               std::to_string(inputs.size()) + " inputs");
  }
  request.wantsBinary = !raw.empty();
  for (size_t i = 0; i < inputs.size(); ++i) {
    try {
      takeProtobufElements(inputs[i], raw.empty() ? nullptr : &raw[i]);
    } catch (const ModelError& error) {
      throw ModelError("input '" + presentable(inputs[i].tensor.elements.name) +
                       "': " + error.what());
    }
    request.inputs.push_back(std::move(inputs[i].tensor));
  }
  return request;
}

InferFault malformedRequest(const ModelError& error) {
  return {InferFault::Kind::Malformed,
          "the request is not of the Open Inference Protocol: " + presentable(error.what())};
}

std::string packedShape(const std::vector<int64_t>& shape) {
  std::string packed;
  for (const int64_t size : shape) {
    stateStore::appendVarint(packed, static_cast<uint64_t>(size));
  }
  return packed;
}

std::string tensorMessage(const TensorMetadata& tensor) {
  std::string message;
  appendBytes(message, 1, tensor.name);
  appendBytes(message, 2, tensor.datatype);
  appendBytes(message, 3, packedShape(tensor.shape));
  return message;
}

}  // namespace

DecodedInfer decodeV2Protobuf(std::string_view message) {
  try {
    return readProtobufRequest(message);
  } catch (const ModelError& error) {
    return malformedRequest(error);
  }
}

std::string encodeV2Protobuf(const InferResponse& response) {
  std::string message;
  appendBytes(message, 1, response.model);
  appendBytes(message, 2, response.version);
  if (response.id && !response.id->empty()) {
    appendBytes(message, 3, *response.id);
  }
  const bool isRaw = !response.outputs.empty() && response.outputs[0].isBinary;
  std::vector<std::string> raw;
  for (const InferOutput& output : response.outputs) {
    std::string tensor;
    appendBytes(tensor, 1, output.name);
    appendBytes(tensor, 2, v2NameOf(output.datatype));
    appendBytes(
        tensor, 3,
        packedShape({static_cast<int64_t>(output.numRows), static_cast<int64_t>(output.width)}));
    appendRawScores(output, raw.emplace_back());
    if (!isRaw) {
      appendBytes(tensor, 5, contentsOfRaw(raw.back(), output.datatype));
    }
    appendBytes(message, 5, tensor);
  }
  for (const std::string& bytes : raw) {
    if (isRaw) {
      appendBytes(message, 6, bytes);
    }
  }
  return message;
}

std::variant<NamedVersion, InferFault> decodeNamedVersion(std::string_view message) {
  try {
    NamedVersion named;
    forEachField(message, "ModelReadyRequest", [&](const WireField& field) {
      if (field.number == 1) {
        named.model = requireText(field, "ModelReadyRequest");
      } else if (field.number == 2) {
        named.version = requireText(field, "ModelReadyRequest");
      }
    });
    return named;
  } catch (const ModelError& error) {
    return malformedRequest(error);
  }
}

std::string encodeReadyProtobuf(bool isReady) {
  std::string message;
  appendVarintField(message, 1, isReady ? 1 : 0);
  return message;
}

std::string encodeServerProtobuf(std::string_view name, std::string_view version,
                                 const std::vector<std::string>& extensions) {
  std::string message;
  appendBytes(message, 1, name);
  appendBytes(message, 2, version);
  for (const std::string& extension : extensions) {
    appendBytes(message, 3, extension);
  }
  return message;
}

std::string encodeMetadataProtobuf(const InferMetadata& metadata) {
  std::string message;
  appendBytes(message, 1, metadata.name);
  for (const std::string& version : metadata.versions) {
    appendBytes(message, 2, version);
  }
  appendBytes(message, 3, metadata.platform);
  for (const TensorMetadata& tensor : metadata.inputs) {
    appendBytes(message, 4, tensorMessage(tensor));
  }
  for (const TensorMetadata& tensor : metadata.outputs) {
    appendBytes(message, 5, tensorMessage(tensor));
  }
  return message;
}

}  // namespace auspex::operators
