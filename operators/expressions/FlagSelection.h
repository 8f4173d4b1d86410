// SPDX-License-Identifier: Apache-2.0
// From one flag per row to the list of rows: eight flags at a time, without branches.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

namespace auspex::operators {

/// For each of 256 sets of eight flags, the places of those that are set, in order.
inline constexpr std::array<std::array<uint8_t, 8>, 256> kPlacesOfFlags = [] {
  std::array<std::array<uint8_t, 8>, 256> table{};
  for (size_t set = 0; set < table.size(); ++set) {
    size_t count = 0;
    for (uint8_t place = 0; place < 8; ++place) {
      if ((set >> place & 1) != 0) {
        table[set][count++] = place;
      }
    }
  }
  return table;
}();

/// Writes the rows whose flag (0 or 1) is `wanted` to the beginning of `rows`, which grows where it
/// is too short and never shrinks. Returns how many.
inline size_t listFlaggedRows(const uint8_t* flags, size_t numRows, bool wanted,
                              std::vector<uint32_t>& rows) {
  static_assert(std::endian::native == std::endian::little);
  if (rows.size() < numRows + 8) {
    rows.resize(numRows + 8);  // eight places are written for every eight flags
  }
  const uint64_t flip = wanted ? 0 : 0x0101010101010101U;
  uint32_t* out = rows.data();
  size_t row = 0;
  for (; row + 8 <= numRows; row += 8) {
    uint64_t eight = 0;
    std::memcpy(&eight, flags + row, sizeof(eight));
    // Moves the lowest bit of byte i to bit i of the highest byte.
    const uint64_t set = ((eight ^ flip) * 0x0102040810204080U) >> 56;
    const std::array<uint8_t, 8>& places = kPlacesOfFlags[set];
    for (size_t i = 0; i < 8; ++i) {
      out[i] = static_cast<uint32_t>(row) + places[i];
    }
    out += std::popcount(set);
  }
  for (; row < numRows; ++row) {
    *out = static_cast<uint32_t>(row);
    out += (flags[row] != 0) == wanted ? 1 : 0;
  }
  return static_cast<size_t>(out - rows.data());
}

}  // namespace auspex::operators
