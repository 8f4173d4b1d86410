// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/Crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace auspex::engine {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // of RFC 3720, bits reversed

constexpr std::array<uint32_t, 256> makeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1) != 0 ? (crc >> 1) ^ kPolynomial : crc >> 1;
    }
    table[i] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = makeTable();

uint32_t byTable(const char* bytes, size_t size, uint32_t crc) {
  for (size_t i = 0; i < size; ++i) {
    crc = kTable[(crc ^ static_cast<uint8_t>(bytes[i])) & 0xFF] ^ (crc >> 8);
  }
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t byInstruction(const char* bytes, size_t size,
                                                         uint32_t crc) {
  uint64_t wide = crc;
  while (size >= sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof(word));
    wide = _mm_crc32_u64(wide, word);
    bytes += sizeof(word);
    size -= sizeof(word);
  }
  crc = static_cast<uint32_t>(wide);
  for (size_t i = 0; i < size; ++i) {
    crc = _mm_crc32_u8(crc, static_cast<uint8_t>(bytes[i]));
  }
  return crc;
}
#endif

}  // namespace

uint32_t crc32c(std::string_view bytes, uint32_t seed) {
#if defined(__x86_64__)
  static const bool hasInstruction = __builtin_cpu_supports("sse4.2") != 0;
  if (hasInstruction) {
    return ~byInstruction(bytes.data(), bytes.size(), ~seed);
  }
#endif
  return ~byTable(bytes.data(), bytes.size(), ~seed);
}

}  // namespace auspex::engine
