// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/RowOrder.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "operators/expressions/BigDecimal.h"
#include "operators/expressions/DecimalMath.h"
#include "operators/expressions/PhysicalTypes.h"

namespace auspex::operators {

namespace {

int compareDoubles(double left, double right) {
  if (left < right) {
    return -1;
  }
  if (left > right) {
    return 1;
  }
  if (left == right) {
    return static_cast<int>(std::signbit(right)) - static_cast<int>(std::signbit(left));
  }
  return static_cast<int>(std::isnan(left)) - static_cast<int>(std::isnan(right));
}

bool equalMaps(const Column& left, size_t leftRow, const Column& right, size_t rightRow) {
  const uint32_t leftBegin = left.offsets()[leftRow];
  const uint32_t leftEnd = left.offsets()[leftRow + 1];
  const uint32_t rightBegin = right.offsets()[rightRow];
  const uint32_t rightEnd = right.offsets()[rightRow + 1];
  if (leftEnd - leftBegin != rightEnd - rightBegin) {
    return false;
  }
  for (uint32_t i = leftBegin; i < leftEnd; ++i) {
    bool found = false;
    for (uint32_t j = rightBegin; j < rightEnd && !found; ++j) {
      found = equalRows(*left.children()[0], i, *right.children()[0], j) &&
              equalRows(*left.children()[1], i, *right.children()[1], j);
    }
    if (!found) {
      return false;
    }
  }
  return true;
}

bool equalArrays(const Column& left, size_t leftRow, const Column& right, size_t rightRow) {
  const uint32_t leftBegin = left.offsets()[leftRow];
  const uint32_t rightBegin = right.offsets()[rightRow];
  const uint32_t length = left.offsets()[leftRow + 1] - leftBegin;
  if (right.offsets()[rightRow + 1] - rightBegin != length) {
    return false;
  }
  for (uint32_t i = 0; i < length; ++i) {
    if (!equalRows(*left.children()[0], leftBegin + i, *right.children()[0], rightBegin + i)) {
      return false;
    }
  }
  return true;
}

}  // namespace

int compareText(std::string_view left, std::string_view right) {
  const size_t common = std::min(left.size(), right.size());
  const auto [l, r] =
      std::mismatch(left.begin(), left.begin() + static_cast<ptrdiff_t>(common), right.begin());
  if (l == left.begin() + static_cast<ptrdiff_t>(common)) {
    return left.size() < right.size() ? -1 : (left.size() > right.size() ? 1 : 0);
  }
  const auto a = static_cast<unsigned char>(*l);
  const auto b = static_cast<unsigned char>(*r);
  // Characters beyond U+FFFF are surrogates in UTF-16 and come before U+E000 .. U+FFFF.
  const bool leftIsPair = a >= 0xF0;
  const bool rightIsPair = b >= 0xF0;
  if (leftIsPair != rightIsPair && std::min(a, b) >= 0xEE) {
    return leftIsPair ? -1 : 1;
  }
  return a < b ? -1 : 1;
}

int compareRows(const Column& left, size_t leftRow, const Column& right, size_t rightRow) {
  const TypeKind kind = left.type().kind();
  AUSPEX_ASSERT(kind == right.type().kind());
  return visitPhysical(kind, [&](auto identity) {
    using T = typename decltype(identity)::type;
    const T& a = left.values<T>()[leftRow];
    const T& b = right.values<T>()[rightRow];
    if constexpr (std::is_same_v<T, std::string_view>) {
      if (kind == TypeKind::BigDecimal) {
        return BigDecimal::compare(bigDecimalAt(left, leftRow), bigDecimalAt(right, rightRow));
      }
      return kind == TypeKind::String ? compareText(a, b) : a.compare(b);
    } else if constexpr (std::is_same_v<T, double>) {
      return compareDoubles(a, b);
    } else if constexpr (std::is_same_v<T, Int128>) {
      return compareDecimals(a, left.type().scale(), b, right.type().scale());
    } else {
      return a < b ? -1 : (a > b ? 1 : 0);
    }
  });
}

bool equalRows(const Column& left, size_t leftRow, const Column& right, size_t rightRow) {
  if (left.isNull(leftRow) || right.isNull(rightRow)) {
    return left.isNull(leftRow) && right.isNull(rightRow);
  }
  AUSPEX_ASSERT(left.type().kind() == right.type().kind());
  switch (left.type().kind()) {
    case TypeKind::Array:
      return equalArrays(left, leftRow, right, rightRow);
    case TypeKind::Map:
      return equalMaps(left, leftRow, right, rightRow);
    case TypeKind::Struct:
      break;
    default:
      return compareRows(left, leftRow, right, rightRow) == 0;
  }
  for (size_t i = 0; i < left.children().size(); ++i) {
    if (!equalRows(*left.children()[i], leftRow, *right.children()[i], rightRow)) {
      return false;
    }
  }
  return true;
}

size_t hashRow(const Column& column, size_t row) {
  if (column.isNull(row)) {
    return 0;
  }
  const auto mix = [](size_t seed, size_t value) {
    return seed ^ (value + 0x9e3779b97f4a7c15U + (seed << 6) + (seed >> 2));
  };
  size_t hash = static_cast<size_t>(column.type().kind()) + 1;
  switch (column.type().kind()) {
    case TypeKind::Array:
      for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
        hash = mix(hash, hashRow(*column.children()[0], i));
      }
      return hash;
    case TypeKind::Map:  // In any order of the entries.
      for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
        hash += mix(hashRow(*column.children()[0], i), hashRow(*column.children()[1], i));
      }
      return hash;
    case TypeKind::Struct:
      for (const ColumnPtr& child : column.children()) {
        hash = mix(hash, hashRow(*child, row));
      }
      return hash;
    default:
      break;
  }
  return visitPhysical(column.type().kind(), [&](auto identity) {
    using T = typename decltype(identity)::type;
    const T value = column.values<T>()[row];
    if constexpr (std::is_same_v<T, Int128>) {
      return mix(mix(hash, static_cast<size_t>(value)), static_cast<size_t>(value >> 64));
    } else if constexpr (std::is_same_v<T, double>) {
      return mix(hash, std::isnan(value) ? 1 : std::hash<double>{}(value));
    } else {
      return mix(hash, std::hash<T>{}(value));
    }
  });
}

}  // namespace auspex::operators
