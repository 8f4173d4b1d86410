// SPDX-License-Identifier: Apache-2.0
// Whole numbers of any size and without sign, as text: digits without leading zeros, the highest
// first; zero is empty. By libcrypto.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace auspex::operators {

// All throw std::bad_alloc, and nothing else. Any thread.

std::string addNaturals(std::string_view left, std::string_view right);
/// left is not the smaller one (asserted).
std::string subtractNaturals(std::string_view left, std::string_view right);
std::string multiplyNaturals(std::string_view left, std::string_view right);
/// Quotient and remainder; right is not zero (asserted).
std::pair<std::string, std::string> divideNaturals(std::string_view left, std::string_view right);
/// Negative, 0 or positive.
int compareNaturals(std::string_view left, std::string_view right);

/// The number whose bytes these are, the highest first.
std::string naturalOfBytes(std::string_view bytes);
/// Its bytes, the highest first and no more than needed; none for zero.
std::string bytesOfNatural(std::string_view digits);

std::string withoutLeadingZeros(std::string digits);

}  // namespace auspex::operators
