// SPDX-License-Identifier: Apache-2.0
// Which tensors a model server takes and gives: what its metadata say, and what requests are made
// of once these have been held against the statement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/models/Model.h"
#include "operators/models/rpc/Datatype.h"
#include "operators/models/rpc/RemoteModel.h"

namespace auspex::operators {

/// One input or output as a server describes it.
struct TensorMetadata {
  std::string name;
  std::string datatype;                ///< as the server writes it, for messages
  std::optional<Datatype> known = {};  ///< nullopt when it is none of ours
  std::vector<int64_t> shape = {};     ///< -1: any
  bool isOfAnyShape = false;           ///< the server does not tell the shape
};

/// What a server tells of a model. Both lists are empty when it tells nothing.
struct RemoteMetadata {
  std::vector<TensorMetadata> inputs;
  std::vector<TensorMetadata> outputs;
  bool takesBinary = false;  ///< it lists the binary tensor extension
};

/// One tensor of a request.
struct InputTensor {
  std::string name;
  Datatype datatype = Datatype::Fp64;
  /// RemoteLayout::Columns: shape [rows, 1] rather than [rows].
  bool hasUnitDimension = false;
};

/// How to ask for scores.
struct RemoteSignature {
  RemoteLayout layout = RemoteLayout::Tensor;
  /// Tensor: one, of shape [rows, numFeatures]. Columns: one per feature, in the model's order.
  std::vector<InputTensor> inputs;
  size_t numFeatures = 0;
  std::string output;     ///< empty: the only one
  size_t numOutputs = 1;  ///< numbers per row
  bool isBinary = false;  ///< tensors travel raw
};

/// The features that a server names, for a statement without an input list: named inputs in the
/// server's order (TensorFlow Serving's have none and come by name), or as many nameless ones as
/// its one tensor is wide. Throws ModelError when it tells neither.
std::vector<FeatureInfo> featuresOf(const RemoteModelOptions& options,
                                    const RemoteMetadata& metadata);

/// Holds the model's features against the server's metadata, where it tells any. Throws ModelError,
/// naming tensor, shape and type, when rows of such features could not be asked for.
/// numOutputs: numbers per row where the metadata leave them open.
RemoteSignature resolveSignature(const RemoteModelOptions& options,
                                 const std::vector<FeatureInfo>& features,
                                 const RemoteMetadata& metadata, size_t numOutputs);

/// A shape for people: "[-1, 4]".
std::string shapeText(const std::vector<int64_t>& shape);

}  // namespace auspex::operators
