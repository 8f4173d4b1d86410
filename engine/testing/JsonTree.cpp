// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/JsonTree.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "operators/formats/json/JsonText.h"

namespace auspex::engine {
namespace {

constexpr int kMaxDepth = 100;

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool readAll(JsonTree& tree) { return readValue(tree, 0) && (skipBlanks(), rest_.empty()); }

 private:
  void skipBlanks() {
    const size_t begin = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(std::min(begin, rest_.size()));
  }

  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) {
      return false;
    }
    rest_.remove_prefix(word.size());
    return true;
  }

  bool readValue(JsonTree& tree, int depth) {
    skipBlanks();
    if (rest_.empty() || depth > kMaxDepth) {
      return false;
    }
    switch (rest_.front()) {
      case '{':
        return readObject(tree, depth);
      case '[':
        return readArray(tree, depth);
      case '"':
        tree.kind = JsonTree::Kind::String;
        return readString(tree.text);
      case 't':
        tree.kind = JsonTree::Kind::True;
        return take("true");
      case 'f':
        tree.kind = JsonTree::Kind::False;
        return take("false");
      case 'n':
        return take("null");
      default:
        return readNumber(tree);
    }
  }

  bool readNumber(JsonTree& tree) {
    tree.kind = JsonTree::Kind::Number;
    const size_t size = std::min(rest_.find_first_not_of("+-.0123456789eE"), rest_.size());
    tree.text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    double value = 0;
    const char* const end = tree.text.data() + tree.text.size();
    const auto parsed = std::from_chars(tree.text.data(), end, value);
    return !tree.text.empty() && parsed.ptr == end && parsed.ec != std::errc::invalid_argument;
  }

  bool readArray(JsonTree& tree, int depth) {
    tree.kind = JsonTree::Kind::Array;
    take("[");
    skipBlanks();
    if (take("]")) {
      return true;
    }
    do {
      if (!readValue(tree.elements.emplace_back(), depth + 1)) {
        return false;
      }
      skipBlanks();
    } while (take(","));
    return take("]");
  }

  bool readObject(JsonTree& tree, int depth) {
    tree.kind = JsonTree::Kind::Object;
    take("{");
    skipBlanks();
    if (take("}")) {
      return true;
    }
    do {
      skipBlanks();
      auto& [name, value] = tree.members.emplace_back();
      if (!readString(name) || (skipBlanks(), !take(":")) || !readValue(value, depth + 1)) {
        return false;
      }
      skipBlanks();
    } while (take(","));
    return take("}");
  }

  bool readString(std::string& out) {
    if (!take("\"")) {
      return false;
    }
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') {
        return true;
      }
      if (c != '\\') {
        out += c;
      } else if (!readEscape(out)) {
        return false;
      }
    }
    return false;
  }

  bool readEscape(std::string& out) {
    if (rest_.empty()) {
      return false;
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view kWritten = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    const size_t index = kWritten.find(c);
    if (index != std::string_view::npos) {
      out += kMeant[index];
      return true;
    }
    uint32_t code = 0;
    if (c != 'u' || !readHex(code)) {
      return false;
    }
    uint32_t low = 0;
    if (code >= 0xD800 && code < 0xDC00 && take("\\u")) {
      if (!readHex(low)) {
        return false;
      }
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    appendUtf8(code, out);
    return true;
  }

  bool readHex(uint32_t& code) {
    if (rest_.size() < 4) {
      return false;
    }
    const auto parsed = std::from_chars(rest_.data(), rest_.data() + 4, code, 16);
    const bool whole = parsed.ptr == rest_.data() + 4;
    rest_.remove_prefix(4);
    return whole;
  }

  static void appendUtf8(uint32_t code, std::string& out) {
    const auto add = [&](uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
      add(code);
    } else if (code < 0x800) {
      add(0xC0 | (code >> 6));
      add(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      add(0xE0 | (code >> 12));
      add(0x80 | ((code >> 6) & 0x3F));
      add(0x80 | (code & 0x3F));
    } else {
      add(0xF0 | (code >> 18));
      add(0x80 | ((code >> 12) & 0x3F));
      add(0x80 | ((code >> 6) & 0x3F));
      add(0x80 | (code & 0x3F));
    }
  }

  std::string_view rest_;
};

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

class Comparison {
 public:
  explicit Comparison(double tolerance) : tolerance_(tolerance) {}

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

  static const JsonTree* member(const JsonTree& object, const std::string& name) {
    const auto found = std::find_if(object.members.begin(), object.members.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    return found == object.members.end() ? nullptr : &found->second;
  }

  std::optional<std::string> compareObjects(const JsonTree& expected, const JsonTree& actual,
                                            const std::string& path) const {
    const std::string prefix = path.empty() ? "" : path + ".";
    for (const auto& [name, value] : expected.members) {
      const JsonTree* const other = member(actual, name);
      if (other == nullptr) {
        return fmt::format("{}{}: expected {}, not there", prefix, name, shown(value));
      }
      if (auto found = compare(value, *other, prefix + name)) {
        return found;
      }
    }
    for (const auto& [name, value] : actual.members) {
      if (member(expected, name) == nullptr) {
        return fmt::format("{}{}: not expected, found {}", prefix, name, shown(value));
      }
    }
    return std::nullopt;
  }

  double tolerance_;
};

}  // namespace

std::optional<JsonTree> JsonTree::parse(std::string_view text) {
  JsonTree tree;
  if (!Reader(text).readAll(tree)) {
    return std::nullopt;
  }
  return tree;
}

std::string JsonTree::toText() const {
  std::string out;
  switch (kind) {
    case Kind::Null:
      return "null";
    case Kind::True:
      return "true";
    case Kind::False:
      return "false";
    case Kind::Number:
      return text;
    case Kind::String:
      operators::appendJsonString(out, text);
      return out;
    case Kind::Array:
      for (const JsonTree& element : elements) {
        out += (out.empty() ? "" : ",") + element.toText();
      }
      return "[" + out + "]";
    case Kind::Object:
      for (const auto& [name, value] : members) {
        out += out.empty() ? "" : ",";
        operators::appendJsonString(out, name);
        out += ":" + value.toText();
      }
      return "{" + out + "}";
  }
  return out;
}

std::optional<std::string> differenceOf(const JsonTree& expected, const JsonTree& actual,
                                        double tolerance) {
  return Comparison(tolerance).compare(expected, actual, "");
}

}  // namespace auspex::engine
