// SPDX-License-Identifier: Apache-2.0
// A request for scores as a model server gets it, and what is answered: the same for every protocol
// that carries them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "operators/models/Predictor.h"
#include "operators/models/rpc/RemoteSignature.h"

namespace auspex::operators {

/// Why a request gets no scores.
struct InferFault {
  enum class Kind : uint8_t {
    Malformed,  ///< the request is not of the protocol, or its tensors do not fit the model
    NotFound,   ///< there is no such model, version or method
    Busy,       ///< as much waits as may wait: the same request may go well later
    Internal,   ///< the model could not score
  };
  Kind kind = Kind::Malformed;
  std::string message;
};

/// One tensor of a request. Floats are doubles, integers int64, booleans bytes; null elements are
/// not valid.
struct InferTensor {
  FeatureColumn elements;  ///< row-major
  std::vector<int64_t> shape;
};

/// An output that a request asks for by name.
struct RequestedOutput {
  std::string name;
  std::optional<bool> isBinary;  ///< said for this output
};

struct InferRequest {
  std::string model;    ///< empty where the request itself does not tell
  std::string version;  ///< as the request tells it; empty: the server chooses
  std::optional<std::string> id;
  std::vector<InferTensor> inputs;
  std::vector<RequestedOutput> outputs;  ///< empty: the prediction alone
  bool wantsBinary = false;              ///< outputs raw, where nothing else is said for one
};

/// One tensor of an answer, of shape [rows, width].
struct InferOutput {
  std::string name;
  Datatype datatype = Datatype::Fp32;  ///< Fp32 or Fp64
  size_t numRows = 0;
  size_t width = 1;
  std::vector<double> scores;
  bool isBinary = false;
};

struct InferResponse {
  std::string model;
  std::string version;
  std::optional<std::string> id;  ///< the request's own
  std::vector<InferOutput> outputs;
};

/// What a server tells of a model.
struct InferMetadata {
  std::string name;
  std::vector<std::string> versions;
  std::string platform;
  std::vector<TensorMetadata> inputs;
  std::vector<TensorMetadata> outputs;
};

using DecodedInfer = std::variant<InferRequest, InferFault>;

/// Elements of a shape; nullopt when one of its factors is negative or the product overflows.
std::optional<size_t> countElements(const std::vector<int64_t>& shape);

/// Outputs as MLServer calls them: the prediction, and the probabilities of all classes.
inline constexpr std::string_view kPredictOutput = "predict";
inline constexpr std::string_view kProbabilityOutput = "predict_proba";

/// Whether the only tensor holds all features of each row: of shape [rows, features], and [rows] of
/// a model with one.
bool hasAllFeatures(const InferRequest& request, size_t numFeatures);
/// Whether a tensor holds one value a row: of shape [rows] or [rows, 1].
bool isOneColumn(const InferTensor& input);
/// For messages: "input 'x' of shape [1, 4]".
std::string shownInput(const InferTensor& input);
/// Throws ModelError: no tensor is that feature of the model, which has so many.
[[noreturn]] void refuseMissingFeature(const InferRequest& request, const std::string& feature,
                                       size_t numFeatures);

/// Reads a raw tensor of `count` elements: little-endian, packed, strings behind their 32-bit
/// length. Throws ModelError when the bytes are not exactly that.
void readRawElements(std::string_view bytes, Datatype datatype, size_t count,
                     FeatureColumn& column);

/// Throws ModelError when a whole number is none of an integer type's.
void requireInRange(int64_t value, Datatype datatype);

/// Appends the scores raw.
void appendRawScores(const InferOutput& output, std::string& out);

}  // namespace auspex::operators
