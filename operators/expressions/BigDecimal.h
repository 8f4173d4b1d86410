// SPDX-License-Identifier: Apache-2.0
// Decimals of any number of digits, each with a scale of its own: what DECIMAL(p, s) needs beyond
// 38 digits. Exact and slow: digits are kept as text, and libcrypto computes with them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "operators/data/Column.h"
#include "operators/data/SqlType.h"

namespace auspex::operators {

enum class DecimalRounding : uint8_t {
  Exact,                ///< digits that would be lost fail
  HalfUp,               ///< halves away from zero
  HalfTowardsInfinity,  ///< halves up
  TowardsZero,
  Up,   ///< to the number above
  Down  ///< to the number below
};

/// A number as Java's BigDecimal is one: digits and a scale, so that 1.0 and 1.00 differ as texts
/// and are equal as numbers.
class BigDecimal {
 public:
  /// Zero.
  BigDecimal() = default;
  BigDecimal(Int128 unscaled, int scale);

  /// Reads `[+-]digits[.digits][E[+-]digits]`; nullopt when it is none, or longer than
  /// kMaxDecimalTypePrecision digits when written out.
  static std::optional<BigDecimal> parse(std::string_view text);
  /// Reads a two's complement, the highest byte first.
  static BigDecimal fromBytes(std::string_view bytes, int scale);

  /// Plain text with all digits of the scale: `10.0000`.
  std::string toString() const;
  /// The unscaled number as a two's complement, the highest byte first and no more than needed.
  std::string toBytes() const;

  int scale() const { return scale_; }
  /// Digits of the unscaled number; 1 for zero.
  int precision() const;
  bool isZero() const { return digits_.empty(); }

  BigDecimal negated() const;
  BigDecimal absolute() const;
  /// The number at another scale; nullopt when Exact would lose digits.
  std::optional<BigDecimal> atScale(int scale, DecimalRounding rounding) const;
  /// At the type's scale, by the rounding; nullopt when it does not fit the type.
  std::optional<BigDecimal> fitted(const SqlType& type, DecimalRounding rounding) const;
  /// The unscaled number; nullopt beyond 38 digits.
  std::optional<Int128> unscaled() const;
  /// Without its fraction, the low 64 bits, as Java's longValue.
  int64_t wholeBits() const;
  double toDouble() const;

  friend BigDecimal operator+(const BigDecimal& left, const BigDecimal& right);
  friend BigDecimal operator-(const BigDecimal& left, const BigDecimal& right);
  friend BigDecimal operator*(const BigDecimal& left, const BigDecimal& right);
  /// left / right with this many fraction digits; nullopt when that is not exact or right is 0.
  static std::optional<BigDecimal> quotient(const BigDecimal& left, const BigDecimal& right,
                                            int scale);
  /// With the sign of left; nullopt when right is 0.
  static std::optional<BigDecimal> remainder(const BigDecimal& left, const BigDecimal& right);
  /// Order as numbers: negative, 0 or positive.
  static int compare(const BigDecimal& left, const BigDecimal& right);

 private:
  BigDecimal(bool negative, std::string digits, int scale);

  bool negative_ = false;
  std::string digits_;  // of the unscaled number, without leading zeros; zero has none
  int scale_ = 0;
};

/// The value of a row of a DECIMAL (of either form), INTEGER or BIGINT column that is not null.
BigDecimal bigDecimalAt(const Column& column, size_t row);

}  // namespace auspex::operators
