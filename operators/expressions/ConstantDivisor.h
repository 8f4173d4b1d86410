// SPDX-License-Identifier: Apache-2.0
// Division of whole numbers by a divisor that is the same for many rows: a multiplication and a
// shift instead of the slowest instruction there is.
#pragma once

#include <bit>
#include <cstdint>

#include "operators/data/Assert.h"
#include "operators/data/Column.h"

namespace auspex::operators {

/// Quotients as C++ and Java cut them, towards zero. After Granlund and Montgomery, "Division by
/// invariant integers using multiplication", figure 5.2.
class ConstantDivisor {
 public:
  /// divisor: not 0, and not -1, whose quotients can overflow (asserted).
  explicit ConstantDivisor(int64_t divisor) : divisor_(divisor), sign_(divisor < 0 ? -1 : 0) {
    AUSPEX_ASSERT(divisor != 0 && divisor != -1);
    const uint64_t magnitude =
        divisor < 0 ? uint64_t{0} - static_cast<uint64_t>(divisor) : static_cast<uint64_t>(divisor);
    const int log = magnitude == 1 ? 1 : 64 - std::countl_zero(magnitude - 1);
    __extension__ typedef unsigned __int128 Wide;
    const Wide factor = (Wide{1} << (63 + log)) / magnitude + 1;
    factor_ = static_cast<int64_t>(static_cast<uint64_t>(factor));  // less 2^64
    shift_ = log - 1;
  }

  int64_t quotient(int64_t value) const {
    const auto high = static_cast<int64_t>((static_cast<Int128>(factor_) * value) >> 64);
    const auto sum =
        static_cast<int64_t>(static_cast<uint64_t>(value) + static_cast<uint64_t>(high));
    // Unsigned: the least value by 1 passes the largest one on its way.
    const uint64_t magnitude =
        static_cast<uint64_t>(sum >> shift_) - static_cast<uint64_t>(value >> 63);
    const auto sign = static_cast<uint64_t>(sign_);
    return static_cast<int64_t>((magnitude ^ sign) - sign);
  }

  int64_t remainder(int64_t value) const {
    return static_cast<int64_t>(static_cast<uint64_t>(value) -
                                static_cast<uint64_t>(quotient(value)) *
                                    static_cast<uint64_t>(divisor_));
  }

 private:
  int64_t divisor_;
  int64_t sign_;
  int64_t factor_ = 0;
  int shift_ = 0;
};

}  // namespace auspex::operators
