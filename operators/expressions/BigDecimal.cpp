// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/BigDecimal.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "operators/data/Ascii.h"
#include "operators/data/Naturals.h"
#include "operators/data/NumberText.h"

namespace auspex::operators {

namespace {

// The digits of a number are a natural one, see Naturals.h.

std::string timesPowerOfTen(std::string digits, int exponent) {
  if (!digits.empty()) {
    digits.append(static_cast<size_t>(exponent), '0');
  }
  return digits;
}

std::string complement(std::string bytes) {
  std::transform(bytes.begin(), bytes.end(), bytes.begin(),
                 [](char byte) { return static_cast<char>(~byte); });
  return bytes;
}

/// Whether what is cut off raises the magnitude by one; cut is not all zeros.
bool raisesMagnitude(std::string_view cut, bool negative, DecimalRounding rounding) {
  const bool isHalf = cut[0] == '5' && cut.find_first_not_of('0', 1) == std::string_view::npos;
  switch (rounding) {
    case DecimalRounding::HalfUp:
      return cut[0] >= '5';
    case DecimalRounding::HalfTowardsInfinity:
      return cut[0] >= '5' && !(negative && isHalf);
    case DecimalRounding::Up:
      return !negative;
    case DecimalRounding::Down:
      return negative;
    case DecimalRounding::Exact:
    case DecimalRounding::TowardsZero:
      break;
  }
  return false;
}

/// Reads `E-12`, or nothing; nullopt when it is neither, or too large to be written out.
std::optional<int> readWrittenExponent(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  const bool begins = text[0] == 'e' || text[0] == 'E';
  text.remove_prefix(1);
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    text.remove_prefix(1);
  }
  constexpr size_t kMostDigits = 5;
  if (!begins || text.empty() || text.size() > kMostDigits ||
      !std::all_of(text.begin(), text.end(), isDigit)) {
    return std::nullopt;
  }
  const int exponent = std::atoi(std::string(text).c_str());
  return negative ? -exponent : exponent;
}

}  // namespace

BigDecimal::BigDecimal(bool negative, std::string digits, int scale)
    : negative_(negative && !digits.empty()), digits_(std::move(digits)), scale_(scale) {
  AUSPEX_ASSERT(scale >= 0);
}

BigDecimal::BigDecimal(Int128 unscaled, int scale) : negative_(unscaled < 0), scale_(scale) {
  for (Int128 rest = unscaled; rest != 0; rest /= 10) {
    const auto digit = static_cast<int>(rest % 10);
    digits_.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  std::reverse(digits_.begin(), digits_.end());
}

std::optional<BigDecimal> BigDecimal::parse(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    text.remove_prefix(1);
  }
  const auto takeDigits = [&text] {
    const auto end = std::find_if_not(text.begin(), text.end(), isDigit);
    const std::string_view taken(text.data(), static_cast<size_t>(end - text.begin()));
    text.remove_prefix(taken.size());
    return taken;
  };
  std::string digits(takeDigits());
  std::string_view fraction;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = takeDigits();
    digits += fraction;
  }
  const std::optional<int> exponent = readWrittenExponent(text);
  constexpr int kMost = kMaxDecimalTypePrecision;
  if (digits.empty() || !exponent || digits.size() > size_t{kMost} * 2) {
    return std::nullopt;
  }
  digits = withoutLeadingZeros(std::move(digits));
  const int scale = static_cast<int>(fraction.size()) - *exponent;
  const int numWhole = static_cast<int>(digits.size()) - scale;
  if (scale > kMost || numWhole > kMost || digits.size() > size_t{kMost}) {
    return digits.empty() && scale <= 0 ? std::optional<BigDecimal>(BigDecimal()) : std::nullopt;
  }
  if (scale < 0) {
    digits = timesPowerOfTen(std::move(digits), -scale);
  }
  return BigDecimal(negative, std::move(digits), std::max(scale, 0));
}

BigDecimal BigDecimal::fromBytes(std::string_view bytes, int scale) {
  const bool negative = !bytes.empty() && (static_cast<uint8_t>(bytes[0]) & 0x80) != 0;
  if (!negative) {
    return {false, naturalOfBytes(bytes), scale};
  }
  // The complement, to which one is missing.
  return {true, addNaturals(naturalOfBytes(complement(std::string(bytes))), "1"), scale};
}

std::string BigDecimal::toString() const {
  std::string text = digits_;
  const auto scale = static_cast<size_t>(scale_);
  if (text.size() <= scale) {
    text.insert(0, scale + 1 - text.size(), '0');
  }
  if (scale > 0) {
    text.insert(text.size() - scale, 1, '.');
  }
  return negative_ ? "-" + text : text;
}

std::string BigDecimal::toBytes() const {
  std::string bytes = bytesOfNatural(negative_ ? subtractNaturals(digits_, "1") : digits_);
  if (bytes.empty() || (static_cast<uint8_t>(bytes[0]) & 0x80) != 0) {
    bytes.insert(bytes.begin(), '\0');  // the sign
  }
  return negative_ ? complement(std::move(bytes)) : bytes;
}

int BigDecimal::precision() const {
  return std::max<int>(static_cast<int>(digits_.size()), 1);
}

BigDecimal BigDecimal::negated() const {
  return {!negative_, digits_, scale_};
}

BigDecimal BigDecimal::absolute() const {
  return {false, digits_, scale_};
}

std::optional<BigDecimal> BigDecimal::atScale(int scale, DecimalRounding rounding) const {
  if (scale >= scale_) {
    return BigDecimal(negative_, timesPowerOfTen(digits_, scale - scale_), scale);
  }
  const auto numCut = static_cast<size_t>(scale_ - scale);
  std::string all = digits_;
  if (all.size() < numCut) {
    all.insert(0, numCut - all.size(), '0');
  }
  const std::string cut = all.substr(all.size() - numCut);
  std::string kept = withoutLeadingZeros(all.substr(0, all.size() - numCut));
  if (cut.find_first_not_of('0') != std::string::npos) {
    if (rounding == DecimalRounding::Exact) {
      return std::nullopt;
    }
    if (raisesMagnitude(cut, negative_, rounding)) {
      kept = addNaturals(kept, "1");
    }
  }
  if (scale < 0) {
    return BigDecimal(negative_, timesPowerOfTen(std::move(kept), -scale), 0);
  }
  return BigDecimal(negative_, std::move(kept), scale);
}

std::optional<BigDecimal> BigDecimal::fitted(const SqlType& type, DecimalRounding rounding) const {
  std::optional<BigDecimal> result = atScale(type.scale(), rounding);
  return result && result->precision() <= type.precision() ? result : std::nullopt;
}

std::optional<Int128> BigDecimal::unscaled() const {
  if (digits_.size() > kMaxDecimalDigits) {
    return std::nullopt;
  }
  Int128 value = 0;
  for (const char digit : digits_) {
    value = value * 10 + (digit - '0');
  }
  return negative_ ? -value : value;
}

int64_t BigDecimal::wholeBits() const {
  uint64_t bits = 0;
  const std::string whole = atScale(0, DecimalRounding::TowardsZero)->digits_;
  for (const char digit : whole) {
    bits = bits * 10 + static_cast<uint64_t>(digit - '0');
  }
  return static_cast<int64_t>(negative_ ? uint64_t{0} - bits : bits);
}

double BigDecimal::toDouble() const {
  return std::strtod(toString().c_str(), nullptr);
}

BigDecimal operator+(const BigDecimal& left, const BigDecimal& right) {
  const int scale = std::max(left.scale_, right.scale_);
  std::string a = timesPowerOfTen(left.digits_, scale - left.scale_);
  std::string b = timesPowerOfTen(right.digits_, scale - right.scale_);
  if (left.negative_ == right.negative_) {
    return {left.negative_, addNaturals(a, b), scale};
  }
  return compareNaturals(a, b) >= 0 ? BigDecimal(left.negative_, subtractNaturals(a, b), scale)
                                    : BigDecimal(right.negative_, subtractNaturals(b, a), scale);
}

BigDecimal operator-(const BigDecimal& left, const BigDecimal& right) {
  return left + right.negated();
}

BigDecimal operator*(const BigDecimal& left, const BigDecimal& right) {
  return {left.negative_ != right.negative_, multiplyNaturals(left.digits_, right.digits_),
          left.scale_ + right.scale_};
}

std::optional<BigDecimal> BigDecimal::quotient(const BigDecimal& left, const BigDecimal& right,
                                               int scale) {
  if (right.isZero()) {
    return std::nullopt;
  }
  // The numerator takes the digits that the result's scale asks for, or the denominator does.
  const int shift = scale + right.scale_ - left.scale_;
  const auto [digits, rest] = divideNaturals(timesPowerOfTen(left.digits_, std::max(shift, 0)),
                                             timesPowerOfTen(right.digits_, std::max(-shift, 0)));
  if (!rest.empty()) {
    return std::nullopt;
  }
  return BigDecimal(left.negative_ != right.negative_, digits, scale);
}

std::optional<BigDecimal> BigDecimal::remainder(const BigDecimal& left, const BigDecimal& right) {
  if (right.isZero()) {
    return std::nullopt;
  }
  const int scale = std::max(left.scale_, right.scale_);
  const std::string rest = divideNaturals(timesPowerOfTen(left.digits_, scale - left.scale_),
                                          timesPowerOfTen(right.digits_, scale - right.scale_))
                               .second;
  return BigDecimal(left.negative_, rest, scale);
}

int BigDecimal::compare(const BigDecimal& left, const BigDecimal& right) {
  if (left.negative_ != right.negative_) {
    return left.negative_ ? -1 : 1;
  }
  const int scale = std::max(left.scale_, right.scale_);
  const int order = compareNaturals(timesPowerOfTen(left.digits_, scale - left.scale_),
                                    timesPowerOfTen(right.digits_, scale - right.scale_));
  return left.negative_ ? -order : order;
}

BigDecimal bigDecimalAt(const Column& column, size_t row) {
  switch (column.type().kind()) {
    case TypeKind::Integer:
      return {column.values<int32_t>()[row], 0};
    case TypeKind::Bigint:
      return {column.values<int64_t>()[row], 0};
    case TypeKind::Decimal:
      return {column.values<Int128>()[row], column.type().scale()};
    default:
      break;
  }
  AUSPEX_ASSERT(column.type().is(TypeKind::BigDecimal));
  const std::optional<BigDecimal> value = BigDecimal::parse(column.values<std::string_view>()[row]);
  AUSPEX_ASSERT(value.has_value());
  return *value;
}

}  // namespace auspex::operators
