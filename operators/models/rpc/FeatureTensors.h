// SPDX-License-Identifier: Apache-2.0
// Rows of feature columns as the elements of tensors: raw bytes, or numbers of JSON text.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "operators/models/Predictor.h"
#include "operators/models/rpc/RemoteSignature.h"

namespace auspex::operators {

/// Rows [begin, end) of a batch of columns, to be asked for together with others.
struct FeatureRows {
  const FeatureBatch* batch = nullptr;
  size_t begin = 0;
  size_t end = 0;
};

size_t countRows(std::span<const FeatureRows> rows);

/// What a protocol can say besides finite numbers.
enum class NonFinite : uint8_t {
  All,      ///< NaN and infinities: raw tensors, TensorFlow Serving's JSON
  NanOnly,  ///< NaN alone, as null: JSON
};

/// The rows of a batch that cannot be said in the tensors' types: NULL, fractions or numbers out of
/// range where integers are taken, text where numbers are. In row order, reason Refused.
std::vector<RowFailure> findUnsendable(const FeatureBatch& batch, const RemoteSignature& signature,
                                       NonFinite nonFinite);

/// Appends tensor `index` of the signature raw: little-endian, packed, strings behind their 32-bit
/// length. The rows must be sendable. NULL among floats is NaN.
void appendRawTensor(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                     size_t index, std::string& out);

/// Calls each(text) with every string of a tensor of strings.
template <typename Each>
void forEachString(std::span<const FeatureRows> rows, size_t column, Each each) {
  for (const FeatureRows& run : rows) {
    const auto& values = std::get<std::vector<std::string>>(run.batch->columns[column].values);
    for (size_t row = run.begin; row < run.end; ++row) {
      each(std::string_view(values[row]));
    }
  }
}

/// How JSON says what is no finite number.
enum class JsonNonFinite : uint8_t {
  Null,  ///< NaN is null; infinities are not there
  Bare,  ///< NaN, Infinity, -Infinity
};

/// Appends one value of a feature as JSON, in the precision of the tensor's type.
void appendJsonFeature(const FeatureColumn& column, size_t row, Datatype datatype,
                       JsonNonFinite nonFinite, std::string& out);

/// Appends tensor `index` as one flat JSON array, row by row.
void appendJsonTensor(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                      size_t index, JsonNonFinite nonFinite, std::string& out);

/// Appends the one column of tensor `index` as [[v],[v],..]; RemoteLayout::Columns.
void appendJsonColumn(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                      size_t index, JsonNonFinite nonFinite, std::string& out);

/// Appends all features of each row as [[..],[..]]; RemoteLayout::Tensor.
void appendJsonRows(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                    JsonNonFinite nonFinite, std::string& out);

}  // namespace auspex::operators
