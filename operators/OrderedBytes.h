// SPDX-License-Identifier: Apache-2.0
// Numbers as bytes whose order is that of the numbers: for keys of stores that are scanned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "stateStore/ByteParser.h"

namespace auspex::operators {

/// Bytes of a number.
inline constexpr size_t kOrderedBytes = 8;
inline constexpr uint64_t kOrderedSign = uint64_t{1} << 63;

/// Appends kOrderedBytes bytes.
inline void appendOrdered(std::string& out, int64_t value) {
  stateStore::appendFixed64(out, static_cast<uint64_t>(value) ^ kOrderedSign);
}

/// The way back, from the front of `bytes`. Throws StoreError when they are too few.
inline int64_t readOrdered(std::string_view bytes) {
  return static_cast<int64_t>(stateStore::ByteParser(bytes, "ordered key").readFixed64() ^
                              kOrderedSign);
}

}  // namespace auspex::operators
