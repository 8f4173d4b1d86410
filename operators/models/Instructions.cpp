// SPDX-License-Identifier: Apache-2.0
#include "operators/models/Instructions.h"

namespace auspex::operators {

Instructions bestInstructions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0) {
    return Instructions::Avx512;
  }
  if (__builtin_cpu_supports("avx2") != 0) {
    return Instructions::Avx2;
  }
#endif
  return Instructions::Portable;
}

}  // namespace auspex::operators
