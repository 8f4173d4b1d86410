// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/DecimalMath.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"
#include "operators/data/NumberText.h"

namespace auspex::operators {

namespace {

constexpr std::array<Int128, kMaxDecimalPrecision + 1> makeDecimalPowers() {
  std::array<Int128, kMaxDecimalPrecision + 1> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) {
    powers[i] = powers[i - 1] * 10;
  }
  return powers;
}

constexpr std::array<Int128, kMaxDecimalPrecision + 1> kPowers = makeDecimalPowers();

/// Takes the digits of `text` into `number`; false when there are too many.
bool addDigits(DecimalNumber& number, int& numDigits, std::string_view digits) {
  for (const char c : digits) {
    if (numDigits > 0 || c != '0') {
      ++numDigits;
    }
    if (numDigits > kMaxDecimalPrecision) {
      return false;
    }
    number.unscaled = number.unscaled * 10 + (c - '0');
  }
  return true;
}

std::string_view takeDigits(std::string_view& text) {
  size_t length = 0;
  while (length < text.size() && isDigit(text[length])) {
    ++length;
  }
  const std::string_view digits = text.substr(0, length);
  text.remove_prefix(length);
  return digits;
}

/// Reads `e-12` at the end of a number; nullopt when something else stands there.
std::optional<int> readExponentPart(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  if (text[0] != 'e' && text[0] != 'E') {
    return std::nullopt;
  }
  text.remove_prefix(1);
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    text.remove_prefix(1);
  }
  if (text.empty() || text.size() > 4 || !std::all_of(text.begin(), text.end(), isDigit)) {
    return std::nullopt;
  }
  int exponent = 0;
  for (const char c : text) {
    exponent = exponent * 10 + (c - '0');
  }
  return negative ? -exponent : exponent;
}

}  // namespace

Int128 powerOfTen(int exponent) {
  AUSPEX_ASSERT(exponent >= 0 && exponent <= kMaxDecimalPrecision);
  return kPowers[static_cast<size_t>(exponent)];
}

bool fitsPrecision(Int128 unscaled, int precision) {
  if (precision >= kMaxDecimalPrecision) {
    precision = kMaxDecimalPrecision;
  }
  return unscaled < powerOfTen(precision) && unscaled > -powerOfTen(precision);
}

std::optional<Int128> rescaleExact(Int128 unscaled, int fromScale, int toScale) {
  if (unscaled == 0) {
    return Int128{0};
  }
  const int difference = toScale - fromScale;
  if (difference > kMaxDecimalPrecision || difference < -kMaxDecimalPrecision) {
    return std::nullopt;
  }
  if (difference >= 0) {
    Int128 result = 0;
    if (__builtin_mul_overflow(unscaled, powerOfTen(difference), &result)) {
      return std::nullopt;
    }
    return result;
  }
  const Int128 divisor = powerOfTen(-difference);
  return unscaled % divisor == 0 ? std::optional<Int128>(unscaled / divisor) : std::nullopt;
}

std::optional<Int128> rescaleHalfUp(Int128 unscaled, int fromScale, int toScale) {
  const int difference = toScale - fromScale;
  if (difference >= 0) {
    return rescaleExact(unscaled, fromScale, toScale);
  }
  if (difference < -kMaxDecimalPrecision) {
    return Int128{0};
  }
  const Int128 divisor = powerOfTen(-difference);
  const Int128 quotient = unscaled / divisor;
  const Int128 remainder = unscaled % divisor;
  const Int128 magnitude = remainder < 0 ? -remainder : remainder;
  if (magnitude < divisor - magnitude) {
    return quotient;
  }
  return unscaled < 0 ? quotient - 1 : quotient + 1;
}

int compareDecimals(Int128 left, int leftScale, Int128 right, int rightScale) {
  const int scale = std::max(leftScale, rightScale);
  const std::optional<Int128> scaledLeft = rescaleExact(left, leftScale, scale);
  const std::optional<Int128> scaledRight = rescaleExact(right, rightScale, scale);
  if (scaledLeft && scaledRight) {
    return *scaledLeft < *scaledRight ? -1 : (*scaledLeft > *scaledRight ? 1 : 0);
  }
  // Only the one of the smaller scale can overflow, and then its magnitude is the larger one.
  if (!scaledLeft) {
    return left < 0 ? -1 : 1;
  }
  return right < 0 ? 1 : -1;
}

std::optional<DecimalNumber> parseDecimal(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    text.remove_prefix(1);
  }
  DecimalNumber number;
  int numDigits = 0;
  const std::string_view whole = takeDigits(text);
  std::string_view fraction;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = takeDigits(text);
  }
  if (whole.empty() && fraction.empty()) {
    return std::nullopt;
  }
  const std::optional<int> exponent = readExponentPart(text);
  if (!exponent || !addDigits(number, numDigits, whole) ||
      !addDigits(number, numDigits, fraction)) {
    return std::nullopt;
  }
  number.scale = static_cast<int>(fraction.size()) - *exponent;
  if (number.scale < 0) {
    const std::optional<Int128> scaled = rescaleExact(number.unscaled, number.scale, 0);
    if (!scaled) {
      return std::nullopt;
    }
    number.unscaled = *scaled;
    number.scale = 0;
    numDigits =
        number.unscaled == 0 ? 0 : numDigits - static_cast<int>(fraction.size()) + *exponent;
  }
  number.precision = std::max({numDigits, number.scale + (whole == "" || whole == "0" ? 1 : 0), 1});
  if (number.precision > kMaxDecimalPrecision || number.scale > number.precision ||
      !fitsPrecision(number.unscaled, kMaxDecimalPrecision)) {
    return std::nullopt;
  }
  number.unscaled = negative ? -number.unscaled : number.unscaled;
  return number;
}

std::string decimalText(Int128 unscaled, int scale) {
  std::string text;
  appendDecimal(text, unscaled, scale);
  return text;
}

double decimalToDouble(Int128 unscaled, int scale) {
  // Both parts exact: one correctly rounded division. Else through text, which rounds once too.
  constexpr Int128 kExact = Int128{1} << 53;
  if (unscaled < kExact && unscaled > -kExact && scale <= 22) {
    return static_cast<double>(static_cast<int64_t>(unscaled)) /
           static_cast<double>(powerOfTen(scale));
  }
  return std::strtod(decimalText(unscaled, scale).c_str(), nullptr);
}

std::optional<Int128> decimalFromDouble(double value, int scale) {
  if (!std::isfinite(value) || std::fabs(value) >= 1e38) {
    return std::nullopt;
  }
  constexpr int kGuardDigits = 40;
  std::array<char, 160> buffer{};
  const int length =
      std::snprintf(buffer.data(), buffer.size(), "%.*f", scale + kGuardDigits, value);
  AUSPEX_ASSERT(length > 0 && static_cast<size_t>(length) < buffer.size());
  const bool negative = buffer[0] == '-';
  Int128 result = 0;
  int numDigits = 0;
  const char* const end = buffer.data() + length - kGuardDigits;
  for (const char* digit = buffer.data() + (negative ? 1 : 0); digit < end; ++digit) {
    if (*digit == '.') {
      continue;
    }
    numDigits += numDigits > 0 || *digit != '0' ? 1 : 0;
    if (numDigits > kMaxDecimalPrecision) {
      return std::nullopt;
    }
    result = result * 10 + (*digit - '0');
  }
  result += *end >= '5' ? 1 : 0;
  return negative ? -result : result;
}

}  // namespace auspex::operators
