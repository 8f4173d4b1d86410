// SPDX-License-Identifier: Apache-2.0
// Random values of random types by seed, for tests that compare two ways to the same rows.
#pragma once

#include <random>
#include <vector>

#include "operators/data/Value.h"

namespace auspex::operators {

using Random = std::mt19937_64;

/// A type with at most `depth` levels of nesting.
SqlType randomType(Random& random, int depth);

/// A value of that type; null in about one of six.
Value randomValue(Random& random, const SqlType& type);

/// Up to ten rows of random types, at least one.
struct RandomSample {
  RandomSample(uint64_t seed, size_t minColumns, size_t maxColumns);

  std::vector<SqlType> types;
  std::vector<std::vector<Value>> values;  ///< by column
  std::vector<ColumnPtr> columns;
  size_t numRows = 0;
};

/// All values of a column.
std::vector<Value> valuesOf(const Column& column);

}  // namespace auspex::operators
