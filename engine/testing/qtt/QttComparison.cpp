// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttComparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/testing/RecordComparison.h"
#include "operators/data/Ascii.h"

namespace auspex::engine {
namespace {

using Kind = JsonTree::Kind;
using operators::SqlType;
using operators::TypeKind;

/// Numbers of type DOUBLE that are nearer than this are equal.
constexpr double kDoubleTolerance = 0.000001;
/// Exponents beyond this are not expanded.
constexpr int kMaxExponent = 10'000;

/// A decimal number as it is written: its digits without leading zeros, and its scale.
struct ExactNumber {
  bool negative = false;
  std::string digits;  // empty: zero
  int scale = 0;
  bool operator==(const ExactNumber&) const = default;
};

std::optional<ExactNumber> parseExact(std::string_view text) {
  ExactNumber number;
  size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) {
    number.negative = text[at++] == '-';
  }
  bool inFraction = false;
  bool any = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !inFraction) {
      inFraction = true;
    } else if (c >= '0' && c <= '9') {
      any = true;
      number.scale += inFraction ? 1 : 0;
      if (c != '0' || !number.digits.empty()) {
        number.digits += c;
      }
    } else {
      break;
    }
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    at += at < text.size() && text[at] == '+' ? 1 : 0;
    int exponent = 0;
    const auto parsed = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
    if (parsed.ec != std::errc() || std::abs(exponent) > kMaxExponent) {
      return std::nullopt;
    }
    number.scale -= exponent;
    at = static_cast<size_t>(parsed.ptr - text.data());
  }
  if (!any || at != text.size()) {
    return std::nullopt;
  }
  number.negative = number.negative && !number.digits.empty();
  return number;
}

bool isFractional(const std::string& text) {
  return text.find_first_of(".eE") != std::string::npos;
}

/// The whole part, towards zero.
ExactNumber wholePart(ExactNumber number) {
  while (number.scale > 0 && !number.digits.empty()) {
    number.digits.pop_back();
    --number.scale;
  }
  while (number.scale < 0 && !number.digits.empty()) {
    number.digits += '0';
    ++number.scale;
  }
  number.scale = 0;
  number.negative = number.negative && !number.digits.empty();
  return number;
}

std::string shortened(const JsonTree& tree) {
  constexpr size_t kMaxBytes = 80;
  std::string text = tree.toText();
  return text.size() > kMaxBytes ? text.substr(0, kMaxBytes) + "..." : text;
}

class QttDifference {
 public:
  explicit QttDifference(const QttRules& rules) : rules_(rules) {}

  std::optional<std::string> compare(const JsonTree& expected, const JsonTree& found,
                                     const SqlType* type, const std::string& path) const {
    if (expected.kind == Kind::Null || found.kind == Kind::Null) {
      return expected.kind == found.kind ? std::nullopt : different(expected, found, path);
    }
    switch (found.kind) {
      case Kind::Object:
        return compareObjects(expected, found, type, path);
      case Kind::Array:
        return compareArrays(expected, found, type, path);
      case Kind::Number:
        return isSameNumber(expected, found, type) ? std::nullopt
                                                   : different(expected, found, path);
      case Kind::String:
        return expected.kind == Kind::String && expected.text == found.text
                   ? std::nullopt
                   : different(expected, found, path);
      default:
        return expected.kind == found.kind ? std::nullopt : different(expected, found, path);
    }
  }

 private:
  static std::optional<std::string> different(const JsonTree& expected, const JsonTree& found,
                                              const std::string& path) {
    return fmt::format("{}{}expected {}, found {}", path, path.empty() ? "" : ": ",
                       shortened(expected), shortened(found));
  }

  bool isSameNumber(const JsonTree& expected, const JsonTree& found, const SqlType* type) const {
    if (expected.kind != Kind::Number && expected.kind != Kind::String) {
      return false;
    }
    const std::optional<ExactNumber> left = parseExact(expected.text);
    const std::optional<ExactNumber> right = parseExact(found.text);
    if (!left || !right) {
      return false;
    }
    const bool isDouble = type != nullptr ? type->is(TypeKind::Double)
                                          : isFractional(found.text) && !rules_.exactNumbers;
    const bool isDecimal =
        type != nullptr ? type->isDecimal() : !isDouble && isFractional(found.text);
    if (isDecimal) {
      // 1.0E12 has no fraction, so that it is the whole number it is.
      const bool isWhole = right->scale <= 0 && !isFractional(expected.text);
      return isWhole ? wholePart(*left) == wholePart(*right) : *left == *right;
    }
    if (expected.kind == Kind::String) {
      return false;
    }
    if (isDouble) {
      return std::abs(toDouble(expected.text) - toDouble(found.text)) < kDoubleTolerance;
    }
    return wholePart(*left) == wholePart(*right);
  }

  static double toDouble(const std::string& text) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }

  static const SqlType* elementType(const SqlType* type) {
    return type != nullptr && type->is(TypeKind::Array) ? &type->element() : nullptr;
  }

  static const SqlType* memberType(const SqlType* type, const std::string& name) {
    if (type != nullptr && type->is(TypeKind::Map)) {
      return &type->mapValue();
    }
    if (type != nullptr && type->is(TypeKind::Struct)) {
      for (const operators::StructField& field : type->fields()) {
        if (field.name == name) {
          return &field.type;
        }
      }
    }
    return nullptr;
  }

  std::optional<std::string> compareArrays(const JsonTree& expected, const JsonTree& found,
                                           const SqlType* type, const std::string& path) const {
    if (expected.kind != Kind::Array || expected.elements.size() != found.elements.size()) {
      return different(expected, found, path);
    }
    for (size_t i = 0; i < expected.elements.size(); ++i) {
      if (auto difference = compare(expected.elements[i], found.elements[i], elementType(type),
                                    fmt::format("{}[{}]", path, i))) {
        return difference;
      }
    }
    return std::nullopt;
  }

  std::optional<std::string> compareObjects(const JsonTree& expected, const JsonTree& found,
                                            const SqlType* type, const std::string& path) const {
    if (expected.kind != Kind::Object) {
      return different(expected, found, path);
    }
    const std::string prefix = path.empty() ? "" : path + ".";
    for (const auto& [name, value] : expected.members) {
      std::string actualName = name;
      const JsonTree* member = found.find(name);
      if (member == nullptr) {
        actualName = operators::asciiUpper(name);
        member = found.find(actualName);
      }
      if (member == nullptr && value.kind == Kind::Null) {
        continue;  // what is not there is null to ksqlDB's comparison; the numbers must still agree
      }
      if (member == nullptr) {
        return fmt::format("{}{}: expected {}, not there", prefix, name, shortened(value));
      }
      if (auto difference = compare(value, *member, memberType(type, actualName), prefix + name)) {
        return difference;
      }
    }
    if (expected.members.size() != found.members.size()) {
      return fmt::format("{}{}expected {} members, found {}", path, path.empty() ? "" : ": ",
                         expected.members.size(), found.members.size());
    }
    return std::nullopt;
  }

  const QttRules& rules_;
};

std::string shownWindow(const std::optional<QttWindow>& window) {
  return window ? fmt::format("{} {}-{}", window->isSession ? "session" : "time", window->start,
                              window->end)
                : "none";
}

std::optional<std::string> differenceOfRecords(const QttRecord& expected, const QttFound& found,
                                               const QttRules& rules) {
  const auto named = [](const char* what, const std::optional<std::string>& difference) {
    return difference ? std::optional(fmt::format("{}: {}", what, *difference)) : std::nullopt;
  };
  if (auto key =
          named("key", differenceOfValues(expected.key, found.record.key, found.keyType, rules))) {
    return key;
  }
  if (auto value = named("value", differenceOfValues(expected.value, found.record.value,
                                                     found.valueType, rules))) {
    return value;
  }
  const bool anyTime = !expected.timestamp || (rules.anyTimeForZero && *expected.timestamp == 0);
  if (!anyTime && expected.timestamp != found.record.timestamp) {
    return fmt::format("timestamp: expected {}, found {}", *expected.timestamp,
                       found.record.timestamp.value_or(0));
  }
  if (expected.window != found.record.window) {
    return fmt::format("window: expected {}, found {}", shownWindow(expected.window),
                       shownWindow(found.record.window));
  }
  if (expected.headers != found.record.headers) {
    return "the headers differ";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> differenceOfValues(const JsonTree& expected, const JsonTree& found,
                                              const std::optional<SqlType>& type,
                                              const QttRules& rules) {
  return QttDifference(rules).compare(expected, found, type ? &*type : nullptr, "");
}

std::optional<std::string> compareTopic(const std::vector<QttRecord>& expected,
                                        const std::vector<QttFound>& found, const QttRules& rules) {
  std::vector<std::string> left;
  std::vector<std::string> right;
  for (const QttRecord& record : expected) {
    left.push_back(record.toText());
  }
  for (const QttFound& entry : found) {
    right.push_back(entry.record.toText());
  }
  return compareLists(left, right, false, [&](size_t i, size_t j) {
    return differenceOfRecords(expected[i], found[j], rules);
  });
}

}  // namespace auspex::engine
