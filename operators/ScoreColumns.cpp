// SPDX-License-Identifier: Apache-2.0
#include "operators/ScoreColumns.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "operators/PredictOperator.h"
#include "operators/data/Assert.h"

namespace auspex::operators {

ContributionColumns::ContributionColumns(const ModelInfo& info, size_t top)
    : names_(std::make_shared<std::vector<std::string>>(featureNames(info))),
      numFeatures_(names_->size()),
      numShown_(top == 0 ? numFeatures_ : std::min(top, numFeatures_)),
      showsBias_(top == 0),
      numOutputs_(info.numOutputs),
      order_(numFeatures_) {
  names_->push_back(biasName(info));
}

ColumnPtr ContributionColumns::toColumn(const SqlType& type,
                                        const std::vector<double>& contributions) {
  const size_t perMap = numFeatures_ + 1;
  const size_t numMaps = contributions.size() / perMap;
  std::vector<std::string_view> keys;
  std::vector<double> values;
  std::vector<uint32_t> offsets{0};
  for (size_t map = 0; map < numMaps; ++map) {
    const double* const shares = contributions.data() + map * perMap;
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](size_t left, size_t right) {
      return std::abs(shares[left]) > std::abs(shares[right]);
    });
    for (size_t i = 0; i < numShown_; ++i) {
      keys.push_back((*names_)[order_[i]]);
      values.push_back(shares[order_[i]]);
    }
    if (showsBias_) {
      keys.push_back(names_->back());
      values.push_back(shares[numFeatures_]);
    }
    offsets.push_back(static_cast<uint32_t>(keys.size()));
  }
  const bool isArray = type.is(TypeKind::Array);
  const SqlType& mapType = isArray ? type.element() : type;
  ColumnPtr maps =
      Column::makeNested(mapType, std::move(offsets),
                         {Column::make(SqlType::string(), std::move(keys), {}, {names_}),
                          Column::make(SqlType::doubleType(), std::move(values))});
  return isArray ? byOutput(type, std::move(maps), numMaps) : maps;
}

ColumnPtr ContributionColumns::byOutput(const SqlType& type, ColumnPtr maps, size_t numMaps) const {
  std::vector<uint32_t> offsets;
  for (size_t map = 0; map <= numMaps; map += numOutputs_) {
    offsets.push_back(static_cast<uint32_t>(map));
  }
  return Column::makeNested(type, std::move(offsets), {std::move(maps)});
}

ColumnPtr scoresToColumn(const SqlType& type, RowScores scores, size_t numRows) {
  if (!type.is(TypeKind::Array)) {
    AUSPEX_ASSERT(scores.width == 1);
    return Column::make(SqlType::doubleType(), std::move(scores.values));
  }
  std::vector<uint32_t> offsets = std::move(scores.offsets);
  if (offsets.empty()) {
    offsets.resize(numRows + 1);
    for (size_t row = 0; row <= numRows; ++row) {
      offsets[row] = static_cast<uint32_t>(row * scores.width);
    }
  }
  if (type.element().is(TypeKind::Integer)) {
    std::vector<int32_t> leaves(scores.values.size());
    std::transform(scores.values.begin(), scores.values.end(), leaves.begin(),
                   [](double leaf) { return static_cast<int32_t>(leaf); });
    return Column::makeNested(type, std::move(offsets),
                              {Column::make(SqlType::integer(), std::move(leaves))});
  }
  return Column::makeNested(type, std::move(offsets),
                            {Column::make(SqlType::doubleType(), std::move(scores.values))});
}

ColumnPtr numbersToColumn(const SqlType& type, std::vector<double> numbers, size_t width,
                          std::vector<uint8_t> validity) {
  if (!type.is(TypeKind::Array)) {
    return Column::make(SqlType::doubleType(), std::move(numbers), std::move(validity));
  }
  std::vector<uint32_t> offsets;
  for (size_t end = 0; end <= numbers.size(); end += width) {
    offsets.push_back(static_cast<uint32_t>(end));
  }
  return Column::makeNested(type, std::move(offsets),
                            {Column::make(SqlType::doubleType(), std::move(numbers))},
                            std::move(validity));
}

}  // namespace auspex::operators
