// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonTree.h"

#include <algorithm>
#include <charconv>

#include "operators/data/Ascii.h"
#include "operators/formats/json/JsonText.h"

namespace auspex::operators {
namespace {

constexpr int kMaxTreeDepth = 100;

class TreeReader {
 public:
  explicit TreeReader(std::string_view text) : rest_(text) {}

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
    if (rest_.empty() || depth > kMaxTreeDepth) {
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

  void takeDigits() {
    const size_t size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(size);
  }

  bool startsWithDigit() const { return !rest_.empty() && isDigit(rest_[0]); }

  bool readNumber(JsonTree& tree) {
    tree.kind = JsonTree::Kind::Number;
    const std::string_view whole = rest_;
    take("-");
    if (!startsWithDigit()) {
      return false;
    }
    if (!take("0")) {
      takeDigits();
    }
    if (take(".")) {
      if (!startsWithDigit()) {
        return false;
      }
      takeDigits();
    }
    if (take("e") || take("E")) {
      take("+") || take("-");
      if (!startsWithDigit()) {
        return false;
      }
      takeDigits();
    }
    tree.text = whole.substr(0, whole.size() - rest_.size());
    return true;
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
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      }
    }
    if (code >= 0xD800 && code < 0xE000) {
      code = 0xFFFD;  // half of a pair
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

}  // namespace

JsonTree::JsonTree() = default;
JsonTree::JsonTree(const JsonTree&) = default;
JsonTree::JsonTree(JsonTree&&) noexcept = default;
JsonTree& JsonTree::operator=(const JsonTree&) = default;
JsonTree& JsonTree::operator=(JsonTree&&) noexcept = default;
JsonTree::~JsonTree() = default;

const JsonTree* JsonTree::find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == members.end() ? nullptr : &found->second;
}

std::optional<JsonTree> JsonTree::parse(std::string_view text) {
  JsonTree tree;
  if (!TreeReader(text).readAll(tree)) {
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
      appendJsonString(out, text);
      return out;
    case Kind::Array:
      for (const JsonTree& element : elements) {
        out += (out.empty() ? "" : ",") + element.toText();
      }
      return "[" + out + "]";
    case Kind::Object:
      for (const auto& [name, value] : members) {
        out += out.empty() ? "" : ",";
        appendJsonString(out, name);
        out += ":" + value.toText();
      }
      return "{" + out + "}";
  }
  return out;
}

}  // namespace auspex::operators
