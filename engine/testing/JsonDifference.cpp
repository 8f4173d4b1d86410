// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/JsonDifference.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace auspex::engine {
namespace {

std::string shown(const JsonTree& tree) {
  switch (tree.kind) {
    case JsonTree::Kind::Null:
      return "null";
    case JsonTree::Kind::True:
      return "true";
    case JsonTree::Kind::False:
      return "false";
    case JsonTree::Kind::Number:
      return tree.text;
    case JsonTree::Kind::String:
      return "\"" + tree.text + "\"";
    case JsonTree::Kind::Array:
      return fmt::format("an array of {}", tree.elements.size());
    case JsonTree::Kind::Object:
      return fmt::format("an object of {}", tree.members.size());
  }
  return "";
}

bool isInteger(const std::string& text) {
  return text.find_first_of(".eE") == std::string::npos;
}

bool isSameNumber(const std::string& expected, const std::string& actual, double tolerance) {
  if (expected == actual) {
    return true;
  }
  if (isInteger(expected) && isInteger(actual)) {
    return false;  // integers beyond 2^53 must not become equal by way of double
  }
  double left = 0;
  double right = 0;
  std::from_chars(expected.data(), expected.data() + expected.size(), left);
  std::from_chars(actual.data(), actual.data() + actual.size(), right);
  return std::abs(left - right) <= tolerance * std::max(std::abs(left), std::abs(right));
}

class JsonComparison {
 public:
  explicit JsonComparison(double tolerance) : tolerance_(tolerance) {}

  std::optional<std::string> compare(const JsonTree& expected, const JsonTree& actual,
                                     const std::string& path) const {
    if (expected.kind != actual.kind) {
      return different(expected, actual, path);
    }
    switch (expected.kind) {
      case JsonTree::Kind::Null:
      case JsonTree::Kind::True:
      case JsonTree::Kind::False:
        return std::nullopt;
      case JsonTree::Kind::Number:
        return isSameNumber(expected.text, actual.text, tolerance_)
                   ? std::nullopt
                   : different(expected, actual, path);
      case JsonTree::Kind::String:
        return expected.text == actual.text ? std::nullopt : different(expected, actual, path);
      case JsonTree::Kind::Array:
        return compareArrays(expected, actual, path);
      case JsonTree::Kind::Object:
        return compareObjects(expected, actual, path);
    }
    return std::nullopt;
  }

 private:
  static std::optional<std::string> different(const JsonTree& expected, const JsonTree& actual,
                                              const std::string& path) {
    return fmt::format("{}{}expected {}, found {}", path, path.empty() ? "" : ": ", shown(expected),
                       shown(actual));
  }

  std::optional<std::string> compareArrays(const JsonTree& expected, const JsonTree& actual,
                                           const std::string& path) const {
    if (expected.elements.size() != actual.elements.size()) {
      return different(expected, actual, path);
    }
    for (size_t i = 0; i < expected.elements.size(); ++i) {
      const auto found =
          compare(expected.elements[i], actual.elements[i], fmt::format("{}[{}]", path, i));
      if (found) {
        return found;
      }
    }
    return std::nullopt;
  }

  std::optional<std::string> compareObjects(const JsonTree& expected, const JsonTree& actual,
                                            const std::string& path) const {
    const std::string prefix = path.empty() ? "" : path + ".";
    for (const auto& [name, value] : expected.members) {
      const JsonTree* const other = actual.find(name);
      if (other == nullptr) {
        return fmt::format("{}{}: expected {}, not there", prefix, name, shown(value));
      }
      if (auto found = compare(value, *other, prefix + name)) {
        return found;
      }
    }
    for (const auto& [name, value] : actual.members) {
      if (expected.find(name) == nullptr) {
        return fmt::format("{}{}: not expected, found {}", prefix, name, shown(value));
      }
    }
    return std::nullopt;
  }

  double tolerance_;
};

}  // namespace

std::optional<std::string> differenceOf(const JsonTree& expected, const JsonTree& actual,
                                        double tolerance) {
  return JsonComparison(tolerance).compare(expected, actual, "");
}

}  // namespace auspex::engine
