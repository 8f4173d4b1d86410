// SPDX-License-Identifier: Apache-2.0
#include "operators/models/embedded/XgboostBooster.h"

#include <xgboost/c_api.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "operators/models/ModelError.h"

namespace auspex::operators {

namespace {

constexpr std::string_view kBaseScore = "base_score";

void check(int status) {
  if (status != 0) {
    // The first line says what; a stack trace follows.
    const std::string_view reason = XGBGetLastError();
    throw ModelError("XGBoost: " + std::string(reason.substr(0, reason.find('\n'))));
  }
}

/// The base score as the file writes it, and where its text lies in the bytes.
struct BaseScore {
  std::string text;
  size_t position = 0;
  bool isUbjson = false;
};

/// Finds "base_score":"..." or, in UBJSON, base_score S L <length> <text>. The text is empty when
/// the file has none.
BaseScore findBaseScore(std::string_view bytes) {
  BaseScore found;
  const size_t key = bytes.find(kBaseScore);
  if (key == std::string_view::npos) {
    return found;
  }
  const size_t after = key + kBaseScore.size();
  if (bytes.substr(after, 2) == "SL" && after + 10 <= bytes.size()) {
    uint64_t length = 0;
    for (const char letter : bytes.substr(after + 2, 8)) {
      length = (length << 8U) | static_cast<unsigned char>(letter);
    }
    found.isUbjson = true;
    found.position = after + 10;
    found.text = bytes.substr(found.position, length);
    return found;
  }
  const size_t opening = bytes.find('"', after + 1);
  const size_t closing = opening == std::string_view::npos ? opening : bytes.find('"', opening + 1);
  if (closing != std::string_view::npos) {
    found.position = opening + 1;
    found.text = bytes.substr(found.position, closing - found.position);
  }
  return found;
}

/// The bytes with another base score in place of the one found.
std::string replaceBaseScore(std::string_view bytes, const BaseScore& found,
                             const std::string& text) {
  std::string repaired(bytes.substr(0, found.position));
  if (found.isUbjson) {
    repaired.resize(repaired.size() - 8);
    for (int shift = 56; shift >= 0; shift -= 8) {
      repaired += static_cast<char>((uint64_t{text.size()} >> static_cast<unsigned>(shift)) & 255U);
    }
  }
  repaired += text;
  repaired += bytes.substr(found.position + found.text.size());
  return repaired;
}

std::vector<float> parseList(const std::string& text) {
  std::vector<float> values;
  const char* next = text.c_str();
  while (*next != '\0') {
    char* end = nullptr;
    values.push_back(std::strtof(next, &end));
    if (end == next) {
      throw ModelError("base_score: '" + text + "' is no list of numbers");
    }
    next = *end == ',' ? end + 1 : end;
  }
  return values;
}

/// Results lie in a buffer of the library that its next call on this thread overwrites.
std::vector<float> copyResult(const uint64_t* shape, uint64_t numDimensions, const float* result) {
  size_t numValues = 1;
  for (uint64_t i = 0; i < numDimensions; ++i) {
    numValues *= shape[i];
  }
  return {result, result + numValues};
}

bool libraryReadsLists() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  XGBoostVersion(&major, &minor, &patch);
  return major > 3 || (major == 3 && minor >= 1);
}

/// Owns a data matrix of the library for one prediction.
class Matrix {
 public:
  explicit Matrix(FeatureMatrix features) {
    check(XGDMatrixCreateFromMat(features.values, features.rows, features.features,
                                 std::numeric_limits<float>::quiet_NaN(), &handle_));
  }
  ~Matrix() { XGDMatrixFree(handle_); }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;

  DMatrixHandle get() const { return handle_; }

 private:
  DMatrixHandle handle_ = nullptr;
};

}  // namespace

struct XgboostBooster::Handle {
  Handle() { check(XGBoosterCreate(nullptr, 0, &booster)); }
  ~Handle() { XGBoosterFree(booster); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  BoosterHandle booster = nullptr;
};

XgboostBooster::XgboostBooster(std::string_view bytes) : handle_(std::make_unique<Handle>()) {
  std::string repaired(bytes);
  const BaseScore found = findBaseScore(bytes);
  if (!libraryReadsLists() && found.text.size() >= 2 && found.text.front() == '[') {
    const std::string list = found.text.substr(1, found.text.size() - 2);
    std::vector<float> values = parseList(list);
    if (values.size() == 1) {
      repaired = replaceBaseScore(bytes, found, list);
    } else {
      // Several base scores are margins already: objectives with a link have one output.
      repaired = replaceBaseScore(bytes, found, "0E0");
      baseMargins_ = std::move(values);
    }
  }
  check(XGBoosterSetParam(handle_->booster, "nthread", "1"));
  check(XGBoosterLoadModelFromBuffer(handle_->booster, repaired.data(), repaired.size()));
  check(XGBoosterSetParam(handle_->booster, "nthread", "1"));
}

XgboostBooster::~XgboostBooster() = default;

std::string XgboostBooster::libraryVersion() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  XGBoostVersion(&major, &minor, &patch);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::vector<float> XgboostBooster::predict(FeatureMatrix features, bool asMargins) {
  std::string config = std::string(R"({"type":)") + (asMargins ? "1" : "0") +
                       R"(,"training":false,"iteration_begin":0,"iteration_end":0,)"
                       R"("strict_shape":false)";
  const uint64_t* shape = nullptr;
  uint64_t numDimensions = 0;
  const float* result = nullptr;
  if (baseMargins_.empty()) {
    config += R"(,"missing":NaN,"cache_id":0})";
    const std::string values =
        R"({"data":[)" + std::to_string(reinterpret_cast<uintptr_t>(features.values)) +
        R"(,true],"shape":[)" + std::to_string(features.rows) + "," +
        std::to_string(features.features) + R"(],"typestr":"<f4","version":3})";
    check(XGBoosterPredictFromDense(handle_->booster, values.c_str(), config.c_str(), nullptr,
                                    &shape, &numDimensions, &result));
    return copyResult(shape, numDimensions, result);
  }
  const Matrix matrix(features);
  std::vector<float> margins;
  margins.reserve(features.rows * baseMargins_.size());
  for (size_t row = 0; row < features.rows; ++row) {
    margins.insert(margins.end(), baseMargins_.begin(), baseMargins_.end());
  }
  check(XGDMatrixSetFloatInfo(matrix.get(), "base_margin", margins.data(), margins.size()));
  check(XGBoosterPredictFromDMatrix(handle_->booster, matrix.get(), (config + "}").c_str(), &shape,
                                    &numDimensions, &result));
  return copyResult(shape, numDimensions, result);
}

std::vector<float> XgboostBooster::predictMargins(FeatureMatrix features) {
  return predict(features, true);
}

std::vector<float> XgboostBooster::predictValues(FeatureMatrix features) {
  return predict(features, false);
}

}  // namespace auspex::operators
