// SPDX-License-Identifier: Apache-2.0
// Numbers as text and back, in the forms that ksqlDB's users know from Java: for formats, casts and
// results.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "operators/data/Column.h"

namespace auspex::operators {

/// Room that writeJavaDouble and writeDecimal need at most (a decimal of any scale up to 64).
inline constexpr size_t kMaxNumberChars = 112;

/// Largest power of ten that an Int128 holds.
inline constexpr int kMaxDecimalDigits = 38;

/// Writes `value` as Java's Double.toString does (`1.0`, `0.001`, `1.0E7`, `NaN`, `-Infinity`),
/// with the fewest digits that read back to the same double. Returns the end.
char* writeJavaDouble(char* out, double value);
void appendJavaDouble(std::string& out, double value);

/// Writes `unscaled / 10^scale` plainly with all `scale` fraction digits (`10.0000`).
/// 0 <= scale <= 64 (asserted). Returns the end.
char* writeDecimal(char* out, Int128 unscaled, int scale);
void appendDecimal(std::string& out, Int128 unscaled, int scale);

/// Writes a whole number. Returns the end.
char* writeInteger(char* out, int64_t value);

/// Java's Long.parseLong and Integer.parseInt: an optional sign and digits, nothing else; absent
/// when it does not fit.
std::optional<int64_t> parseBigint(std::string_view text);
std::optional<int32_t> parseInteger(std::string_view text);

/// Java's Double.parseDouble without its hexadecimal form: blanks around, a sign, digits, an
/// exponent, a type suffix (d, f), NaN, Infinity. Correctly rounded; too large gives infinity.
std::optional<double> parseDouble(std::string_view text);

/// A decimal number of any scale; `unscaled / 10^scale`, scale may be negative.
struct ScaledNumber {
  Int128 unscaled = 0;
  int scale = 0;
};

enum class DecimalFit : uint8_t {
  Fits,
  Malformed,     ///< not a number, or more than 38 significant digits
  Overflow,      ///< more whole digits than precision - scale
  NeedsRounding  ///< more fraction digits than scale
};

/// Reads `[+-]digits[.digits][E[+-]digits]`, the form of Java's BigDecimal. Trailing zeros may come
/// back as a smaller scale. Absent when malformed or beyond 38 significant digits.
std::optional<ScaledNumber> parseScaledNumber(std::string_view text);

/// Brings `number` to DECIMAL(precision, scale) without rounding.
DecimalFit fitDecimal(ScaledNumber number, int precision, int scale, Int128& result);

/// parseScaledNumber and fitDecimal in one.
DecimalFit parseFitting(std::string_view text, int precision, int scale, Int128& result);

/// Brings `number` to DECIMAL(precision, scale), rounding half up; absent when it overflows.
std::optional<Int128> roundDecimal(ScaledNumber number, int precision, int scale);

}  // namespace auspex::operators
