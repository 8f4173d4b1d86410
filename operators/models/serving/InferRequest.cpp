// SPDX-License-Identifier: Apache-2.0
#include "operators/models/serving/InferRequest.h"

#include <cstring>
#include <limits>
#include <type_traits>

#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/rpc/ScoreTensor.h"

namespace auspex::operators {

namespace {

template <typename Element, typename Wide>
void widenElements(std::string_view bytes, std::vector<Wide>& values) {
  values.resize(bytes.size() / sizeof(Element));
  const char* source = bytes.data();
  for (Wide& value : values) {
    Element element{};
    std::memcpy(&element, source, sizeof(Element));
    source += sizeof(Element);
    value = static_cast<Wide>(element);
  }
}

void readRawStrings(std::string_view bytes, size_t count, std::vector<std::string>& values) {
  constexpr size_t kLengthBytes = 4;
  for (; !bytes.empty(); bytes.remove_prefix(values.back().size() + kLengthBytes)) {
    uint32_t length = 0;
    if (values.size() == count || bytes.size() < kLengthBytes) {
      throw ModelError("the bytes are not " + std::to_string(count) + " strings");
    }
    std::memcpy(&length, bytes.data(), kLengthBytes);
    if (length > bytes.size() - kLengthBytes) {
      throw ModelError("a string claims " + std::to_string(length) + " bytes where " +
                       std::to_string(bytes.size() - kLengthBytes) + " are left");
    }
    values.emplace_back(bytes.substr(kLengthBytes, length));
  }
  if (values.size() != count) {
    throw ModelError("the bytes hold " + std::to_string(values.size()) + " strings, not " +
                     std::to_string(count));
  }
}

template <typename Element>
void readRawIntegers(std::string_view bytes, FeatureColumn& column) {
  widenElements<Element>(bytes, column.values.emplace<std::vector<int64_t>>());
}

template <typename Element>
bool isOf(int64_t value) {
  return value >= static_cast<int64_t>(std::numeric_limits<Element>::min()) &&
         value <= static_cast<int64_t>(std::numeric_limits<Element>::max());
}

bool isInRange(int64_t value, Datatype datatype) {
  switch (datatype) {
    case Datatype::Uint8:
      return isOf<uint8_t>(value);
    case Datatype::Uint16:
      return isOf<uint16_t>(value);
    case Datatype::Uint32:
      return isOf<uint32_t>(value);
    case Datatype::Uint64:
      return value >= 0;
    case Datatype::Int8:
      return isOf<int8_t>(value);
    case Datatype::Int16:
      return isOf<int16_t>(value);
    case Datatype::Int32:
      return isOf<int32_t>(value);
    default:
      return true;
  }
}

}  // namespace

std::optional<size_t> countElements(const std::vector<int64_t>& shape) {
  size_t count = 1;
  for (const int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, static_cast<size_t>(size), &count)) {
      return std::nullopt;
    }
  }
  return count;
}

bool hasAllFeatures(const InferRequest& request, size_t numFeatures) {
  if (request.inputs.size() != 1) {
    return false;
  }
  const std::vector<int64_t>& shape = request.inputs[0].shape;
  const size_t fewestDimensions = numFeatures == 1 ? 1 : 2;
  return shape.size() >= fewestDimensions &&
         countElements({shape.begin() + 1, shape.end()}) == numFeatures;
}

bool isOneColumn(const InferTensor& input) {
  return input.shape.size() == 1 || (input.shape.size() == 2 && input.shape[1] == 1);
}

std::string shownInput(const InferTensor& input) {
  return "input '" + presentable(input.elements.name) + "' of shape " +
         (input.shape.size() > 8 ? "of " + std::to_string(input.shape.size()) + " dimensions"
                                 : shapeText(input.shape));
}

void refuseMissingFeature(const InferRequest& request, const std::string& feature,
                          size_t numFeatures) {
  throw ModelError(request.inputs.size() == 1
                       ? shownInput(request.inputs[0]) + " is neither of shape [rows, " +
                             std::to_string(numFeatures) + "] nor the model's feature '" + feature +
                             "'"
                       : "no input is the model's feature '" + feature + "'");
}

void requireInRange(int64_t value, Datatype datatype) {
  if (!isInRange(value, datatype)) {
    // What is beyond 2^63 comes here as a negative number.
    throw ModelError("a number is out of the range that is taken of " +
                     std::string(v2NameOf(datatype)));
  }
}

void readRawElements(std::string_view bytes, Datatype datatype, size_t count,
                     FeatureColumn& column) {
  if (datatype == Datatype::Bytes) {
    return readRawStrings(bytes, count, column.values.emplace<std::vector<std::string>>());
  }
  const size_t size = sizeOf(datatype);
  if (bytes.size() % size != 0 || bytes.size() / size != count) {
    throw ModelError(std::to_string(bytes.size()) + " bytes are not " + std::to_string(count) +
                     " elements of " + std::string(v2NameOf(datatype)));
  }
  switch (datatype) {
    case Datatype::Bool:
      return widenElements<uint8_t>(bytes, column.values.emplace<std::vector<uint8_t>>());
    case Datatype::Uint8:
      return readRawIntegers<uint8_t>(bytes, column);
    case Datatype::Uint16:
      return readRawIntegers<uint16_t>(bytes, column);
    case Datatype::Uint32:
      return readRawIntegers<uint32_t>(bytes, column);
    case Datatype::Int8:
      return readRawIntegers<int8_t>(bytes, column);
    case Datatype::Int16:
      return readRawIntegers<int16_t>(bytes, column);
    case Datatype::Int32:
      return readRawIntegers<int32_t>(bytes, column);
    case Datatype::Int64:
    case Datatype::Uint64:
      readRawIntegers<int64_t>(bytes, column);
      for (const int64_t value : std::get<std::vector<int64_t>>(column.values)) {
        requireInRange(value, datatype);
      }
      return;
    case Datatype::Fp32:
      return widenElements<float>(bytes, column.values.emplace<std::vector<double>>());
    case Datatype::Fp64:
      return widenElements<double>(bytes, column.values.emplace<std::vector<double>>());
    case Datatype::Fp16:
      widenElements<uint16_t>(bytes, column.values.emplace<std::vector<double>>());
      for (double& value : std::get<std::vector<double>>(column.values)) {
        value = widenHalf(static_cast<uint16_t>(value));
      }
      return;
    case Datatype::Bytes:
      break;
  }
}

void appendRawScores(const InferOutput& output, std::string& out) {
  const size_t size = sizeOf(output.datatype);
  size_t place = out.size();
  out.resize(place + output.scores.size() * size);
  for (const double score : output.scores) {
    if (output.datatype == Datatype::Fp64) {
      std::memcpy(out.data() + place, &score, size);
    } else {
      const auto narrow = static_cast<float>(score);
      std::memcpy(out.data() + place, &narrow, size);
    }
    place += size;
  }
}

}  // namespace auspex::operators
