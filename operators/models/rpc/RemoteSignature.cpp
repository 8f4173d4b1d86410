// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/RemoteSignature.h"

#include <algorithm>

#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteAnswer.h"

namespace auspex::operators {

namespace {

/// More inputs, or numbers per row, than any model that is scored row by row has.
constexpr int64_t kMaxWidth = 65'536;

std::string shown(const TensorMetadata& tensor) {
  return "'" + presentable(tensor.name) + "' " + presentable(tensor.datatype) + " " +
         (tensor.isOfAnyShape ? "of any shape" : shapeText(tensor.shape));
}

std::string namesOf(const std::vector<TensorMetadata>& tensors) {
  std::string names;
  for (const TensorMetadata& tensor : tensors) {
    if (names.size() > 300) {
      return names + ", ...";
    }
    names += (names.empty() ? "'" : ", '") + presentable(tensor.name) + "'";
  }
  return names.empty() ? "none" : names;
}

bool isFreeOrOne(int64_t size) {
  return size == -1 || size == 1;
}

/// Numbers per row of a tensor whose first dimension counts rows; nullopt when it does not tell.
std::optional<size_t> widthOf(const TensorMetadata& tensor, const std::string& what) {
  if (tensor.isOfAnyShape) {
    return std::nullopt;
  }
  if (tensor.shape.empty()) {
    throw ModelError(what + " " + shown(tensor) + " has no dimension for rows");
  }
  int64_t width = 1;
  for (size_t i = 1; i < tensor.shape.size(); ++i) {
    const int64_t size = tensor.shape[i];
    if (size == -1) {
      return std::nullopt;
    }
    if (size < 1 || size > kMaxWidth || width * size > kMaxWidth) {
      throw ModelError(what + " " + shown(tensor) + " is no shape of rows of numbers");
    }
    width *= size;
  }
  return static_cast<size_t>(width);
}

void requireManyRows(const TensorMetadata& tensor, const RemoteModelOptions& options) {
  if (!tensor.isOfAnyShape && !tensor.shape.empty() && tensor.shape[0] != -1 &&
      tensor.shape[0] != static_cast<int64_t>(options.batchMaxRows)) {
    // A server with a fixed batch takes exactly that many rows, which a stream cannot promise.
    if (tensor.shape[0] != 1 || options.batchMaxRows != 1) {
      throw ModelError("the server's input " + shown(tensor) + " takes exactly " +
                       std::to_string(tensor.shape[0]) +
                       " rows a request. Set BATCH_MAX_ROWS='1' where that is one, or have the "
                       "server take any number of rows");
    }
  }
}

Datatype requireKnown(const TensorMetadata& tensor, const std::string& what) {
  if (!tensor.known || *tensor.known == Datatype::Fp16) {
    throw ModelError(what + " " + shown(tensor) + " is of a type that cannot be sent");
  }
  return *tensor.known;
}

const TensorMetadata& findTensor(const std::vector<TensorMetadata>& tensors,
                                 const std::string& name, const std::string& what) {
  const TensorMetadata* found = nullptr;
  for (const TensorMetadata& tensor : tensors) {
    if (tensor.name == name || (name.empty() && tensors.size() == 1)) {
      found = &tensor;
    }
  }
  if (found == nullptr) {
    throw ModelError(name.empty() ? "the server has several " + what + "s: " + namesOf(tensors)
                                  : "the server has no " + what + " '" + name + "'. It has " +
                                        namesOf(tensors));
  }
  return *found;
}

/// The server's tensor for a feature: exactly, else ignoring case.
const TensorMetadata& findFeature(const RemoteMetadata& metadata, const FeatureInfo& feature) {
  std::vector<std::string> names;
  for (const TensorMetadata& tensor : metadata.inputs) {
    names.push_back(tensor.name);
  }
  const NamedPlace place = findByName(feature.name, names);
  if (place.match != NameMatch::Found) {
    throw ModelError("the server has no input '" + feature.name + "'. It has " +
                     namesOf(metadata.inputs));
  }
  return metadata.inputs[place.index];
}

void requireSameKind(const FeatureInfo& feature, Datatype datatype, const std::string& what) {
  const bool isText = datatype == Datatype::Bytes;
  if (feature.declaredAsString && *feature.declaredAsString != isText) {
    throw ModelError("input '" + feature.name + "' is " +
                     (*feature.declaredAsString ? "a VARCHAR" : "a number") + ", but " + what +
                     " takes " + (isText ? "strings" : "numbers"));
  }
}

InputTensor columnTensor(const RemoteModelOptions& options, const RemoteMetadata& metadata,
                         const FeatureInfo& feature) {
  if (metadata.inputs.empty()) {
    return {feature.name,
            feature.declaredAsString.value_or(false) ? Datatype::Bytes : Datatype::Fp64, false};
  }
  const TensorMetadata& tensor = findFeature(metadata, feature);
  requireManyRows(tensor, options);
  const Datatype datatype = requireKnown(tensor, "the server's input");
  requireSameKind(feature, datatype, "the server's input " + shown(tensor));
  const bool isColumn =
      !tensor.isOfAnyShape && tensor.shape.size() == 2 && isFreeOrOne(tensor.shape[1]);
  if (!isColumn && !tensor.isOfAnyShape && tensor.shape.size() != 1) {
    throw ModelError("the server's input " + shown(tensor) +
                     " does not take one value a row, as LAYOUT='COLUMNS' sends it");
  }
  return {tensor.name, datatype, isColumn};
}

InputTensor wholeTensor(const RemoteModelOptions& options, const RemoteMetadata& metadata,
                        const std::vector<FeatureInfo>& features) {
  for (const FeatureInfo& feature : features) {
    if (feature.declaredAsString.value_or(false)) {
      throw ModelError("input '" + feature.name +
                       "' is a VARCHAR: only LAYOUT='COLUMNS' can send it");
    }
  }
  if (metadata.inputs.empty()) {
    return {options.input.empty() ? "input" : options.input, Datatype::Fp64, false};
  }
  if (options.input.empty() && metadata.inputs.size() > 1) {
    throw ModelError("the server's model has " + std::to_string(metadata.inputs.size()) +
                     " inputs: " + namesOf(metadata.inputs) +
                     ". LAYOUT='COLUMNS' sends a tensor to each, INPUT='name' chooses one");
  }
  const TensorMetadata& tensor = findTensor(metadata.inputs, options.input, "input");
  requireManyRows(tensor, options);
  const Datatype datatype = requireKnown(tensor, "the server's input");
  if (datatype == Datatype::Bytes) {
    throw ModelError("the server's input " + shown(tensor) +
                     " takes strings, not one tensor of "
                     "numbers. LAYOUT='COLUMNS' sends them");
  }
  const std::optional<size_t> width = widthOf(tensor, "the server's input");
  if (!tensor.isOfAnyShape && tensor.shape.size() != 2) {
    throw ModelError("the server's input " + shown(tensor) + " is not of shape [rows, features]");
  }
  if (width && *width != features.size()) {
    throw ModelError("the model has " + std::to_string(features.size()) +
                     " inputs, but the server's input " + shown(tensor) + " takes " +
                     std::to_string(*width) + " a row");
  }
  return {tensor.name, datatype, false};
}

void resolveOutput(const RemoteModelOptions& options, const RemoteMetadata& metadata,
                   RemoteSignature& signature) {
  signature.output = options.output;
  if (metadata.outputs.empty()) {
    return;
  }
  if (options.output.empty() && metadata.outputs.size() > 1) {
    throw ModelError("the server's model has several outputs: " + namesOf(metadata.outputs) +
                     ". OUTPUT='name' chooses the one that holds the score");
  }
  const TensorMetadata& tensor = findTensor(metadata.outputs, options.output, "output");
  if (!tensor.known || *tensor.known == Datatype::Bytes) {
    throw ModelError("the server's output " + shown(tensor) +
                     " is not of numbers. OUTPUT='name' "
                     "chooses another");
  }
  signature.output = tensor.name;
  signature.numOutputs = widthOf(tensor, "the server's output").value_or(signature.numOutputs);
}

}  // namespace

std::string shapeText(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

std::vector<FeatureInfo> featuresOf(const RemoteModelOptions& options,
                                    const RemoteMetadata& metadata) {
  if (metadata.inputs.empty()) {
    throw ModelError(
        "the server does not tell the model's inputs: name them in the statement, as "
        "in CREATE MODEL m (amount DOUBLE, country VARCHAR) WITH (...)");
  }
  std::vector<FeatureInfo> features;
  if (options.layout == RemoteLayout::Columns) {
    for (const TensorMetadata& tensor : metadata.inputs) {
      FeatureInfo feature;
      feature.name = tensor.name;
      feature.declaredAsString = tensor.known == Datatype::Bytes;
      features.push_back(feature);
    }
    if (options.protocol == RemoteProtocol::TfsRest ||
        options.protocol == RemoteProtocol::TfsGrpc) {
      // TensorFlow Serving keeps them in a map, which comes in another order each time.
      std::sort(
          features.begin(), features.end(),
          [](const FeatureInfo& left, const FeatureInfo& right) { return left.name < right.name; });
    }
    return features;
  }
  const bool choosesOne = !options.input.empty() || metadata.inputs.size() == 1;
  std::optional<size_t> width;
  if (choosesOne) {
    width = widthOf(findTensor(metadata.inputs, options.input, "input"), "the server's input");
  }
  if (choosesOne && !width) {
    throw ModelError(
        "the server does not tell how many features its input takes: name them in the "
        "statement, as in CREATE MODEL m (amount DOUBLE, country VARCHAR) WITH (...)");
  }
  // Several inputs and one tensor do not go together, which resolveSignature tells.
  features.resize(width.value_or(metadata.inputs.size()));
  return features;
}

RemoteSignature resolveSignature(const RemoteModelOptions& options,
                                 const std::vector<FeatureInfo>& features,
                                 const RemoteMetadata& metadata, size_t numOutputs) {
  if (features.empty() || features.size() > static_cast<size_t>(kMaxWidth)) {
    throw ModelError("a model server's model needs between 1 and " + std::to_string(kMaxWidth) +
                     " inputs");
  }
  RemoteSignature signature;
  signature.layout = options.layout;
  signature.numFeatures = features.size();
  signature.numOutputs = numOutputs;
  if (options.layout == RemoteLayout::Columns) {
    for (const FeatureInfo& feature : features) {
      signature.inputs.push_back(columnTensor(options, metadata, feature));
    }
    for (const TensorMetadata& tensor : metadata.inputs) {
      const bool isFed =
          std::any_of(signature.inputs.begin(), signature.inputs.end(),
                      [&](const InputTensor& input) { return input.name == tensor.name; });
      if (!isFed) {
        throw ModelError("the server's input " + shown(tensor) +
                         " is none of the model's inputs, so it would be missing");
      }
    }
  } else {
    signature.inputs.push_back(wholeTensor(options, metadata, features));
  }
  resolveOutput(options, metadata, signature);
  const bool alwaysHasRaw = options.protocol == RemoteProtocol::V2Grpc ||
                            options.protocol == RemoteProtocol::TfsGrpc ||
                            options.protocol == RemoteProtocol::Seldon;
  signature.isBinary = options.binary && (alwaysHasRaw || metadata.takesBinary);
  return signature;
}

}  // namespace auspex::operators
