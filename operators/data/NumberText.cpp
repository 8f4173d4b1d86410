// SPDX-License-Identifier: Apache-2.0
#include "operators/data/NumberText.h"
#include "operators/data/Ascii.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace auspex::operators {

namespace {

__extension__ typedef unsigned __int128 UInt128;

constexpr std::array<Int128, kMaxDecimalDigits + 1> makePowers() {
  std::array<Int128, kMaxDecimalDigits + 1> powers{};
  Int128 power = 1;
  for (int i = 0; i <= kMaxDecimalDigits; ++i) {
    powers[static_cast<size_t>(i)] = power;
    if (i < kMaxDecimalDigits) {
      power *= 10;
    }
  }
  return powers;
}

constexpr std::array<Int128, kMaxDecimalDigits + 1> kPowersOfTen = makePowers();

Int128 tenToThe(int exponent) {
  AUSPEX_ASSERT(exponent >= 0);
  AUSPEX_ASSERT(exponent <= kMaxDecimalDigits);
  return kPowersOfTen[static_cast<size_t>(exponent)];
}

char* copyText(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* writeUnsigned(char* out, uint64_t value) {
  return std::to_chars(out, out + 20, value).ptr;
}

/// Writes exactly `numDigits` digits of `value`, with leading zeros.
char* writePadded(char* out, uint64_t value, int numDigits) {
  for (int i = numDigits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + numDigits;
}

char* writeUnsigned128(char* out, UInt128 value) {
  constexpr uint64_t kPart = 1'000'000'000'000'000'000U;
  if (value < kPart) {
    return writeUnsigned(out, static_cast<uint64_t>(value));
  }
  out = writeUnsigned128(out, value / kPart);
  return writePadded(out, static_cast<uint64_t>(value % kPart), 18);
}

/// Writes values of at most six fraction digits, which most amounts and rates are, without the
/// general algorithm. A decimal of at most 15 digits that reads back to the same double is the
/// shortest one once its trailing zeros are gone. 0 < value < 1e7. Null when it is not that simple.
char* writeShortFraction(char* out, double value) {
  constexpr double kScale = 1e6;
  const auto scaled = static_cast<uint64_t>(value * kScale + 0.5);
  if (static_cast<double>(scaled) / kScale != value) {
    return nullptr;
  }
  out = writeUnsigned(out, scaled / 1'000'000);
  *out++ = '.';
  uint64_t fraction = scaled % 1'000'000;
  int numDigits = 6;
  while (numDigits > 1 && fraction % 10 == 0) {
    fraction /= 10;
    --numDigits;
  }
  return writePadded(out, fraction, numDigits);
}

/// Digits d1 d2 ... and the exponent of d1, from `d.ddde±xx`.
struct Digits {
  std::array<char, 24> text;
  int count = 0;
  int exponent = 0;
};

Digits shortestDigits(double value) {
  std::array<char, 48> buffer;
  char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                            std::chars_format::scientific)
                  .ptr;
  // Java always shows two digits, and where one would do it takes the nearest two: this differs
  // from an appended zero only among the smallest subnormals (4.9E-324).
  if (buffer[1] != '.' && value < 1e-300) {
    std::array<char, 48> twoDigits;
    char* const otherEnd = std::to_chars(twoDigits.data(), twoDigits.data() + twoDigits.size(),
                                         value, std::chars_format::scientific, 1)
                               .ptr;
    double readBack = 0;
    std::from_chars(twoDigits.data(), otherEnd, readBack);
    if (readBack == value) {
      end = copyText(buffer.data(),
                     {twoDigits.data(), static_cast<size_t>(otherEnd - twoDigits.data())});
    }
  }
  // The exponent has a sign and two or three digits.
  const char* const exponent = *(end - 4) == 'e' ? end - 4 : end - 5;
  AUSPEX_ASSERT(*exponent == 'e');
  Digits digits;
  digits.text[0] = buffer[0];
  digits.count = 1;
  if (buffer[1] == '.') {
    const auto rest = static_cast<size_t>(exponent - buffer.data()) - 2;
    std::memcpy(digits.text.data() + 1, buffer.data() + 2, rest);
    digits.count += static_cast<int>(rest);
  }
  std::from_chars(exponent + 2, end, digits.exponent);
  if (exponent[1] == '-') {
    digits.exponent = -digits.exponent;
  }
  return digits;
}

/// Java's layout of digits: plain from 1e-3 up to below 1e7, else scientific.
char* layOut(char* out, const Digits& digits) {
  const char* const text = digits.text.data();
  const auto count = static_cast<size_t>(digits.count);
  if (digits.exponent >= 7 || digits.exponent < -3) {
    *out++ = text[0];
    *out++ = '.';
    out = count > 1 ? copyText(out, {text + 1, count - 1}) : copyText(out, "0");
    *out++ = 'E';
    return writeInteger(out, digits.exponent);
  }
  if (digits.exponent < 0) {
    out = copyText(out, "0.");
    out =
        copyText(out, std::string_view("000").substr(0, static_cast<size_t>(-digits.exponent - 1)));
    return copyText(out, {text, count});
  }
  const auto numWhole = static_cast<size_t>(digits.exponent) + 1;
  for (size_t i = 0; i < numWhole; ++i) {
    *out++ = i < count ? text[i] : '0';
  }
  *out++ = '.';
  return count > numWhole ? copyText(out, {text + numWhole, count - numWhole}) : copyText(out, "0");
}

/// Collects digits of a number; zeros wait until another digit follows, so that they cost nothing
/// at the end.
struct DigitCollector {
  UInt128 value = 0;
  int pendingZeros = 0;
  bool overflow = false;

  void add(char digit) {
    if (digit == '0') {
      pendingZeros += value == 0 ? 0 : 1;
      return;
    }
    push(0, pendingZeros);
    pendingZeros = 0;
    push(static_cast<unsigned>(digit - '0'), 1);
  }

 private:
  void push(unsigned digit, int times) {
    constexpr UInt128 kLimit = static_cast<UInt128>(kPowersOfTen[kMaxDecimalDigits]) / 10;
    for (int i = 0; i < times && !overflow; ++i) {
      overflow = value >= kLimit;
      value = value * 10 + digit;
    }
  }
};

constexpr int kMaxExponent = 10'000;  // beyond it nothing fits any type; keeps sums small

/// Reads `[+-]digits` of an exponent; clamps it.
std::optional<int> parseExponent(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) {
    return std::nullopt;
  }
  int value = 0;
  for (const char c : text) {
    if (!isDigit(c)) {
      return std::nullopt;
    }
    value = std::min(kMaxExponent, value * 10 + (c - '0'));
  }
  return negative ? -value : value;
}

UInt128 magnitude(Int128 value) {
  return value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

Int128 withSign(UInt128 value, bool negative) {
  return static_cast<Int128>(negative ? UInt128{0} - value : value);
}

/// 10^precision, or more than any unscaled value where the precision exceeds what Int128 holds.
UInt128 precisionLimit(int precision) {
  return precision > kMaxDecimalDigits
             ? static_cast<UInt128>(std::numeric_limits<int64_t>::max()) << 64
             : static_cast<UInt128>(tenToThe(precision));
}

/// value * 10^exponent below `limit`.
std::optional<UInt128> scaleUp(UInt128 value, int exponent, UInt128 limit) {
  if (value == 0) {
    return value;
  }
  if (exponent > kMaxDecimalDigits) {
    return std::nullopt;
  }
  const auto power = static_cast<UInt128>(tenToThe(exponent));
  if (value > (limit - 1) / power) {
    return std::nullopt;
  }
  return value * power;
}

}  // namespace

char* writeInteger(char* out, int64_t value) {
  return std::to_chars(out, out + 20, value).ptr;
}

char* writeJavaDouble(char* out, double value) {
  if (std::isnan(value)) {
    return copyText(out, "NaN");
  }
  if (std::signbit(value)) {
    *out++ = '-';
    value = -value;
  }
  if (std::isinf(value)) {
    return copyText(out, "Infinity");
  }
  if (value == 0) {
    return copyText(out, "0.0");
  }
  if (value >= 1e-3 && value < 1e7) {
    char* const end = writeShortFraction(out, value);
    if (end != nullptr) {
      return end;
    }
  }
  return layOut(out, shortestDigits(value));
}

void appendJavaDouble(std::string& out, double value) {
  std::array<char, kMaxNumberChars> buffer;
  out.append(buffer.data(), writeJavaDouble(buffer.data(), value));
}

char* writeDecimal(char* out, Int128 unscaled, int scale) {
  AUSPEX_ASSERT(scale >= 0);
  AUSPEX_ASSERT(scale <= 64);
  if (unscaled < 0) {
    *out++ = '-';
  }
  std::array<char, 40> digits;
  const auto count =
      static_cast<int>(writeUnsigned128(digits.data(), magnitude(unscaled)) - digits.data());
  if (scale == 0) {
    return copyText(out, {digits.data(), static_cast<size_t>(count)});
  }
  const int numWhole = std::max(0, count - scale);
  if (numWhole == 0) {
    *out++ = '0';
  }
  out = copyText(out, {digits.data(), static_cast<size_t>(numWhole)});
  *out++ = '.';
  for (int i = count; i < scale; ++i) {
    *out++ = '0';
  }
  return copyText(out, {digits.data() + numWhole, static_cast<size_t>(count - numWhole)});
}

void appendDecimal(std::string& out, Int128 unscaled, int scale) {
  std::array<char, kMaxNumberChars> buffer;
  out.append(buffer.data(), writeDecimal(buffer.data(), unscaled, scale));
}

std::optional<int64_t> parseBigint(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') {
    text.remove_prefix(1);
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<int32_t> parseInteger(std::string_view text) {
  const std::optional<int64_t> value = parseBigint(text);
  if (!value || *value < INT32_MIN || *value > INT32_MAX) {
    return std::nullopt;
  }
  return static_cast<int32_t>(*value);
}

std::optional<double> parseDouble(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
    text.remove_suffix(1);
  }
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text == "NaN" || text == "Infinity") {
    const double value = text == "NaN" ? std::numeric_limits<double>::quiet_NaN()
                                       : std::numeric_limits<double>::infinity();
    return negative ? -value : value;
  }
  // from_chars knows names of its own ("inf", "nan(1)"): a number begins with a digit or a point.
  if (text.empty() || !(isDigit(text[0]) || text[0] == '.')) {
    return std::nullopt;
  }
  if (std::string_view("dDfF").find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) {
    return std::nullopt;
  }
  if (error == std::errc::result_out_of_range) {
    // The library does not say which end of the range: the decimal exponent of the number does.
    const size_t exponent = text.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos
                          ? text.substr(exponent + 1, 1) == "-"
                          : text.substr(0, text.find('.')).size() <= 1;
    value = tiny ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return negative ? -value : value;
}

std::optional<ScaledNumber> parseScaledNumber(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int exponent = 0;
  const size_t exponentAt = text.find_first_of("eE");
  if (exponentAt != std::string_view::npos) {
    const std::optional<int> parsed = parseExponent(text.substr(exponentAt + 1));
    if (!parsed) {
      return std::nullopt;
    }
    exponent = *parsed;
    text = text.substr(0, exponentAt);
  }
  DigitCollector digits;
  bool inFraction = false;
  size_t numDigits = 0;
  size_t numFraction = 0;
  for (const char c : text) {
    if (c == '.' && !inFraction) {
      inFraction = true;
    } else if (isDigit(c)) {
      digits.add(c);
      ++numDigits;
      numFraction += inFraction ? 1 : 0;
    } else {
      return std::nullopt;
    }
  }
  if (numDigits == 0 || numDigits > static_cast<size_t>(kMaxExponent) || digits.overflow) {
    return std::nullopt;
  }
  const int scale = static_cast<int>(numFraction) - exponent - digits.pendingZeros;
  return ScaledNumber{withSign(digits.value, negative), digits.value == 0 ? 0 : scale};
}

DecimalFit fitDecimal(ScaledNumber number, int precision, int scale, Int128& result) {
  UInt128 value = magnitude(number.unscaled);
  const UInt128 limit = precisionLimit(precision);
  if (number.scale > scale) {
    const int surplus = number.scale - scale;
    const auto power = static_cast<UInt128>(surplus > kMaxDecimalDigits ? 0 : tenToThe(surplus));
    if (power == 0 || value % power != 0) {
      const bool overflows = power != 0 && value / power >= limit;
      return overflows ? DecimalFit::Overflow
                       : (value == 0 ? DecimalFit::Fits : DecimalFit::NeedsRounding);
    }
    value /= power;
  } else {
    const std::optional<UInt128> scaled = scaleUp(value, scale - number.scale, limit);
    if (!scaled) {
      return DecimalFit::Overflow;
    }
    value = *scaled;
  }
  if (value >= limit) {
    return DecimalFit::Overflow;
  }
  result = withSign(value, number.unscaled < 0);
  return DecimalFit::Fits;
}

DecimalFit parseFitting(std::string_view text, int precision, int scale, Int128& result) {
  const std::optional<ScaledNumber> number = parseScaledNumber(text);
  return number ? fitDecimal(*number, precision, scale, result) : DecimalFit::Malformed;
}

std::optional<Int128> roundDecimal(ScaledNumber number, int precision, int scale) {
  if (number.scale <= scale) {
    Int128 result = 0;
    return fitDecimal(number, precision, scale, result) == DecimalFit::Fits
               ? std::optional<Int128>(result)
               : std::nullopt;
  }
  const int surplus = number.scale - scale;
  if (surplus > kMaxDecimalDigits) {
    return Int128{0};
  }
  const auto power = static_cast<UInt128>(tenToThe(surplus));
  const UInt128 value = magnitude(number.unscaled);
  const UInt128 rounded = value / power + (value % power >= power / 2 ? 1 : 0);
  if (rounded >= precisionLimit(precision)) {
    return std::nullopt;
  }
  return withSign(rounded, number.unscaled < 0);
}

}  // namespace auspex::operators
