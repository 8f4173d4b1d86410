// SPDX-License-Identifier: Apache-2.0
#include "operators/data/KeyHash.h"

#include <bit>
#include <cstring>

#include "operators/data/Assert.h"

namespace auspex::operators {

static_assert(std::endian::native == std::endian::little);

uint32_t murmur2(std::string_view bytes) {
  constexpr uint32_t kSeed = 0x9747b28c;
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;
  const char* position = bytes.data();
  size_t remaining = bytes.size();
  uint32_t hash = kSeed ^ static_cast<uint32_t>(bytes.size());
  for (; remaining >= 4; remaining -= 4, position += 4) {
    uint32_t word;
    std::memcpy(&word, position, 4);
    word *= kMultiplier;
    word ^= word >> kShift;
    hash = (hash * kMultiplier) ^ (word * kMultiplier);
  }
  if (remaining > 0) {
    uint32_t tail = 0;
    std::memcpy(&tail, position, remaining);
    hash = (hash ^ tail) * kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  return hash ^ (hash >> 15);
}

int32_t partitionOf(std::string_view key, int32_t numPartitions) {
  AUSPEX_ASSERT(numPartitions > 0);
  return static_cast<int32_t>(murmur2(key) & 0x7fffffffU) % numPartitions;
}

}  // namespace auspex::operators
