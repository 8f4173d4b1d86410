// SPDX-License-Identifier: Apache-2.0
// Exact decimal arithmetic on unscaled 128-bit integers: what DECIMAL(p, s) up to 38 digits needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "operators/data/Column.h"

namespace auspex::operators {

/// Most digits that an unscaled Int128 can hold without exception.
inline constexpr int kMaxDecimalPrecision = 38;

/// A decimal number as written: unscaled * 10^-scale.
struct DecimalNumber {
  Int128 unscaled = 0;
  int precision = 1;
  int scale = 0;
};

/// 10^exponent; 0 <= exponent <= 38 (asserted).
Int128 powerOfTen(int exponent);

/// Whether |unscaled| has at most `precision` digits.
bool fitsPrecision(Int128 unscaled, int precision);

/// The same number at another scale, or nullopt when digits would be lost or it overflows.
std::optional<Int128> rescaleExact(Int128 unscaled, int fromScale, int toScale);

/// The same number at another scale, rounded half away from zero; nullopt when it overflows.
std::optional<Int128> rescaleHalfUp(Int128 unscaled, int fromScale, int toScale);

/// Order of two decimals of any scales: negative, 0 or positive.
int compareDecimals(Int128 left, int leftScale, Int128 right, int rightScale);

/// Reads `-12.50`, `.5`, `1.`, `1e3`; nullopt when the text is no number or exceeds 38 digits.
/// Precision and scale are those written; a number between -1 and 1 has precision scale + 1.
std::optional<DecimalNumber> parseDecimal(std::string_view text);

/// Plain text with all digits of the scale: `10.0000`.
std::string decimalText(Int128 unscaled, int scale);

double decimalToDouble(Int128 unscaled, int scale);

/// The exact value of `value` rounded half up to the scale; nullopt for NaN, infinities and numbers
/// of more than 38 digits.
std::optional<Int128> decimalFromDouble(double value, int scale);

}  // namespace auspex::operators
