// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonNumber.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "operators/data/Ascii.h"
#include "operators/data/NumberText.h"

namespace auspex::operators {

namespace {

const char* skipDigits(const char* position) {
  while (isDigit(*position)) {
    ++position;
  }
  return position;
}

/// A number cut into what its grammar names.
struct NumberParts {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int64_t exponent = 0;
};

constexpr size_t kMaxExponentDigits = 9;

/// `number` follows JSON's grammar. Absent for an exponent of more than nine digits.
std::optional<NumberParts> cut(std::string_view number) {
  NumberParts parts;
  if (number.front() == '-') {
    parts.negative = true;
    number.remove_prefix(1);
  }
  const size_t exponentAt = number.find_first_of("eE");
  if (exponentAt != std::string_view::npos) {
    std::string_view exponent = number.substr(exponentAt + 1);
    const bool negative = exponent.front() == '-';
    if (exponent.front() == '+' || negative) {
      exponent.remove_prefix(1);
    }
    exponent.remove_prefix(std::min(exponent.find_first_not_of('0'), exponent.size()));
    if (exponent.size() > kMaxExponentDigits) {
      return std::nullopt;
    }
    for (const char c : exponent) {
      parts.exponent = parts.exponent * 10 + (c - '0');
    }
    parts.exponent = negative ? -parts.exponent : parts.exponent;
    number = number.substr(0, exponentAt);
  }
  const size_t point = number.find('.');
  parts.whole = number.substr(0, point);
  parts.fraction = point == std::string_view::npos ? std::string_view{} : number.substr(point + 1);
  return parts;
}

}  // namespace

const char* findJsonNumberEnd(const char* text) {
  const char* position = text + (*text == '-' ? 1 : 0);
  if (!isDigit(*position)) {
    return nullptr;
  }
  position = *position == '0' ? position + 1 : skipDigits(position);
  if (*position == '.') {
    ++position;
    if (!isDigit(*position)) {
      return nullptr;
    }
    position = skipDigits(position);
  }
  if (*position == 'e' || *position == 'E') {
    ++position;
    position += *position == '+' || *position == '-' ? 1 : 0;
    if (!isDigit(*position)) {
      return nullptr;
    }
    position = skipDigits(position);
  }
  return endsJsonScalar(*position) ? position : nullptr;
}

bool readJsonBigintSlowly(const char* text, int64_t& result) {
  const char* const end = findJsonNumberEnd(text);
  if (end == nullptr) {
    return false;
  }
  const auto parts = cut({text, static_cast<size_t>(end - text)});
  if (!parts) {
    return false;
  }
  // Digits before the point once the exponent has moved it.
  const int64_t numWhole = static_cast<int64_t>(parts->whole.size()) + parts->exponent;
  uint64_t value = 0;
  int64_t taken = 0;
  for (const std::string_view digits : {parts->whole, parts->fraction}) {
    for (size_t i = 0; i < digits.size() && taken < numWhole; ++i, ++taken) {
      value = value * 10 + static_cast<uint64_t>(digits[i] - '0');
    }
  }
  // 64 appended zeros leave no bit of a 64-bit number.
  for (int zeros = 0; taken < numWhole && zeros < 64; ++taken, ++zeros) {
    value *= 10;
  }
  result = static_cast<int64_t>(parts->negative ? uint64_t{0} - value : value);
  return true;
}

bool readJsonDoubleSlowly(const char* text, double& result) {
  const char* const end = findJsonNumberEnd(text);
  if (end == nullptr) {
    return false;
  }
  const std::optional<double> value = parseDouble({text, static_cast<size_t>(end - text)});
  if (!value) {
    return false;
  }
  result = *value;
  return true;
}

bool isPlainJsonInteger(std::string_view number) {
  const bool negative = number.starts_with('-');
  const std::string_view digits = number.substr(negative ? 1 : 0);
  if (digits.empty() || (digits.front() == '0' && (digits.size() > 1 || negative))) {
    return false;
  }
  return std::all_of(digits.begin(), digits.end(), isDigit);
}

bool appendJsonNumberText(std::string_view number, std::string& out) {
  const auto parts = cut(number);
  if (!parts) {
    return false;
  }
  std::string digits = std::string(parts->whole) + std::string(parts->fraction);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  const int64_t scale = static_cast<int64_t>(parts->fraction.size()) - parts->exponent;
  const auto numDigits = static_cast<int64_t>(digits.size());
  const int64_t adjusted = numDigits - 1 - scale;
  const bool isZero = digits == "0";
  if (parts->negative && !isZero) {
    out += '-';
  }
  if (scale == 0) {
    out += digits;
  } else if (scale > 0 && adjusted >= -6) {
    if (numDigits <= scale) {
      digits.insert(0, static_cast<size_t>(scale - numDigits + 1), '0');
    }
    digits.insert(digits.size() - static_cast<size_t>(scale), 1, '.');
    out += digits;
  } else {
    out += digits[0];
    if (numDigits > 1) {
      out += '.';
      out.append(digits, 1);
    }
    if (adjusted != 0) {
      out += adjusted > 0 ? "E+" : "E";
      out += std::to_string(adjusted);
    }
  }
  return true;
}

}  // namespace auspex::operators
