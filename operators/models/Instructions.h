// SPDX-License-Identifier: Apache-2.0
// Which of the processor's instruction sets score. The best there is, unless a test or a benchmark
// asks for less.
#pragma once

#include <cstdint>

namespace auspex::operators {

/// In ascending order: what has one of them has those before it. Scores are the same to the bit.
enum class Instructions : uint8_t { Portable, Avx2, Avx512 };

/// The best that this processor has.
Instructions bestInstructions();

}  // namespace auspex::operators
