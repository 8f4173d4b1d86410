// SPDX-License-Identifier: Apache-2.0
// Numbers of JSON text as SQL values, by the dialect's rules: whole numbers are cut from fractions
// and wrap, doubles are rounded correctly.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace auspex::operators {

/// Whether a byte can follow a number or word: blanks, structure, quote, or the text's end.
inline constexpr std::array<bool, 256> kEndsJsonScalar = [] {
  std::array<bool, 256> ends{};
  for (const char c : {'\0', ' ', '\t', '\n', '\r', ',', ':', '[', ']', '{', '}', '"'}) {
    ends[static_cast<uint8_t>(c)] = true;
  }
  return ends;
}();

inline bool endsJsonScalar(char c) {
  return kEndsJsonScalar[static_cast<uint8_t>(c)];
}

/// End of the number that begins at `text` by JSON's grammar, or null when it is none. `text` must
/// be followed by a byte that ends a scalar.
const char* findJsonNumberEnd(const char* text);

/// The general cases of the two functions below.
bool readJsonBigintSlowly(const char* text, int64_t& result);
bool readJsonDoubleSlowly(const char* text, double& result);

/// Reads the number at `text` as a whole number: fractions are cut off, and what exceeds 64 bits
/// keeps the low ones (as Java's BigDecimal.longValue). False when it is not a JSON number.
inline bool readJsonBigint(const char* text, int64_t& result) {
  const bool negative = *text == '-';
  const char* position = text + (negative ? 1 : 0);
  const char* const firstDigit = position;
  uint64_t value = 0;
  while (static_cast<unsigned>(*position - '0') < 10) {
    value = value * 10 + static_cast<uint64_t>(*position - '0');
    ++position;
  }
  const auto numDigits = position - firstDigit;
  const bool plain = endsJsonScalar(*position) && numDigits > 0 && numDigits <= 18 &&
                     (*firstDigit != '0' || numDigits == 1);
  if (!plain) [[unlikely]] {
    return readJsonBigintSlowly(text, result);
  }
  result = negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
  return true;
}

/// Powers of ten that a double holds exactly.
inline constexpr std::array<double, 23> kExactPowersOfTen = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// Reads the number at `text` as a double. False when it is not a JSON number.
inline bool readJsonDouble(const char* text, double& result) {
  const bool negative = *text == '-';
  const char* position = text + (negative ? 1 : 0);
  const char* const firstDigit = position;
  uint64_t value = 0;
  while (static_cast<unsigned>(*position - '0') < 10) {
    value = value * 10 + static_cast<uint64_t>(*position - '0');
    ++position;
  }
  const auto numWhole = position - firstDigit;
  long numFraction = 0;
  bool grammatical = numWhole > 0 && (*firstDigit != '0' || numWhole == 1);
  if (*position == '.') {
    ++position;
    const char* const firstFraction = position;
    while (static_cast<unsigned>(*position - '0') < 10) {
      value = value * 10 + static_cast<uint64_t>(*position - '0');
      ++position;
    }
    numFraction = position - firstFraction;
    grammatical = grammatical && numFraction > 0;
  }
  // Both value and divisor are exact doubles, so that one division rounds once, correctly.
  const bool exact = grammatical && endsJsonScalar(*position) && numWhole + numFraction <= 19 &&
                     value <= (uint64_t{1} << 53);
  if (!exact) [[unlikely]] {
    return readJsonDoubleSlowly(text, result);
  }
  const double magnitude =
      static_cast<double>(value) / kExactPowersOfTen[static_cast<size_t>(numFraction)];
  result = negative ? -magnitude : magnitude;
  return true;
}

/// Appends a JSON number as Java's BigDecimal.toString writes it (`1.50`, `1E+3`). False when it is
/// not a JSON number or its exponent exceeds nine digits.
bool appendJsonNumberText(std::string_view number, std::string& out);

/// Whether a JSON number is an integer that is its own text in Java: digits only.
bool isPlainJsonInteger(std::string_view number);

}  // namespace auspex::operators
