// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli), the checksum of the journal; with the processor's instruction where it has
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace auspex::engine {

/// Checksum of `bytes`, continuing from `seed` (the checksum of what stands before).
uint32_t crc32c(std::string_view bytes, uint32_t seed = 0);

}  // namespace auspex::engine
