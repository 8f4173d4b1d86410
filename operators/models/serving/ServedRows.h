// SPDX-License-Identifier: Apache-2.0
// What requests to a served model give for its features: columns that grow request by request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "operators/data/Arena.h"
#include "operators/data/Column.h"
#include "operators/models/Model.h"

namespace auspex::operators {

/// What requests give for a feature.
enum class ServedKind : uint8_t { Number, Integer, Text };

/// A feature as those who send requests see it.
struct ServedFeature {
  std::string name;  ///< as the model calls it; f0, f1, ... by place where it has no names
  ServedKind kind = ServedKind::Number;
  bool hasDefault = false;  ///< may be left out

  /// DOUBLE, BIGINT or STRING.
  SqlType type() const;
};

/// The features of a model, in its order.
std::vector<ServedFeature> servedFeatures(const ModelInfo& info);

/// Most rows of a request: what a hostile one is cut at.
inline constexpr size_t kMaxServedRows = 65'536;

/// The rows of the requests of a draw. Values that a feature does not take throw ModelError, which
/// names it. One thread.
class ServedRows {
 public:
  explicit ServedRows(std::vector<ServedFeature> features);

  const std::vector<ServedFeature>& features() const { return features_; }
  /// The place of a feature by its name: exactly, else ignoring case if that is unique.
  std::optional<size_t> find(std::string_view name) const;

  size_t numRows() const { return numRows_; }
  /// Adds rows whose features are all NULL.
  void append(size_t numRows) { resize(numRows_ + numRows); }
  /// Takes back the rows from there on.
  void truncate(size_t numRows) { resize(numRows); }

  void setNumber(size_t row, size_t feature, double value);
  void setInteger(size_t row, size_t feature, int64_t value);
  /// The text is copied.
  void setText(size_t row, size_t feature, std::string_view text);

  /// The columns, one per feature; there are no rows afterwards.
  std::vector<ColumnPtr> finish();

 private:
  struct Values {
    std::vector<double> numbers;
    std::vector<int64_t> integers;
    std::vector<std::string_view> texts;
    std::vector<uint8_t> validity;
  };

  void resize(size_t numRows);

  std::vector<ServedFeature> features_;
  std::unordered_map<std::string, size_t> places_;
  std::unordered_map<std::string, std::optional<size_t>> placesIgnoringCase_;  // unset: not unique
  std::vector<Values> values_;                                                 // per feature
  size_t numRows_ = 0;
  std::shared_ptr<Arena> texts_;
};

}  // namespace auspex::operators
