// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/operators/expressions/LiteralReader.h"

#include <cctype>
#include <cstdlib>
#include <limits>
#include <stdexcept>

namespace auspex::operators {

namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<ExpressionPtr> readList() {
    std::vector<ExpressionPtr> list;
    skipBlanks();
    while (!text_.empty()) {
      list.push_back(read());
      skipBlanks();
      if (!text_.empty()) {
        expect(",");
      }
    }
    return list;
  }

 private:
  void skipBlanks() {
    while (!text_.empty() && text_[0] == ' ') {
      text_.remove_prefix(1);
    }
  }
  bool take(std::string_view token) {
    skipBlanks();
    if (!text_.starts_with(token)) {
      return false;
    }
    text_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!take(token)) {
      throw std::runtime_error("expected " + std::string(token) + " at " + std::string(text_));
    }
  }
  std::string takeWhile(int (*accepts)(int)) {
    std::string word;
    while (!text_.empty() && accepts(static_cast<unsigned char>(text_[0])) != 0) {
      word += text_[0];
      text_.remove_prefix(1);
    }
    return word;
  }

  ExpressionPtr read() {
    skipBlanks();
    if (text_.empty()) {
      throw std::runtime_error("expected a literal");
    }
    if (text_[0] == '\'') {
      return literal(readText());
    }
    if (std::isalpha(static_cast<unsigned char>(text_[0])) != 0) {
      return readWord();
    }
    return readNumber();
  }

  std::string readText() {
    expect("'");
    std::string text;
    while (!text_.starts_with("'") || text_.starts_with("''")) {
      text += text_.at(0);
      text_.remove_prefix(text_.starts_with("''") ? 2 : 1);
    }
    text_.remove_prefix(1);
    return text;
  }

  ExpressionPtr readNumber() {
    const std::string digits = takeWhile(
        [](int c) { return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '+' ? 1 : 0; });
    if (digits.empty()) {
      throw std::runtime_error("no literal: " + std::string(text_));
    }
    if (digits.back() == 'L') {
      return literal(Value{static_cast<int64_t>(std::stoll(digits))}, SqlType::bigint());
    }
    if (digits.find_first_of("eE") != std::string::npos) {
      return doubleLiteral(std::stod(digits));
    }
    return digits.find('.') != std::string::npos ? decimalLiteral(digits)
                                                 : integerLiteral(std::stoll(digits));
  }

  ExpressionPtr readWord() {
    const std::string word =
        takeWhile([](int c) { return std::isalnum(c) != 0 || c == '_' ? 1 : 0; });
    if (word == "NULL") {
      return nullLiteral();
    }
    if (word == "TRUE" || word == "FALSE") {
      return literal(word == "TRUE");
    }
    if (word == "NAN") {
      return doubleLiteral(std::numeric_limits<double>::quiet_NaN());
    }
    if (word == "INF") {
      return doubleLiteral(std::numeric_limits<double>::infinity());
    }
    if (word == "EMPTY_INTS") {
      return literal(Value{Value::Parts{}}, SqlType::array(SqlType::integer()));
    }
    for (const SqlType& type : {SqlType::date(), SqlType::time(), SqlType::timestamp(),
                                SqlType::bytes(), SqlType::integer(), SqlType::bigint(),
                                SqlType::doubleType(), SqlType::string(), SqlType::boolean()}) {
      if (type.toString() != word) {
        continue;
      }
      skipBlanks();
      return take("NULL") ? literal(Value{}, type) : cast(literal(readText()), type);
    }
    return readNested(word);
  }

  ExpressionPtr readNested(const std::string& word) {
    if (word == "ARRAY") {
      std::vector<ExpressionPtr> elements;
      expect("[");
      while (!take("]")) {
        elements.push_back(read());
        take(",");
      }
      return arrayOf(std::move(elements));
    }
    if (word == "MAP") {
      std::vector<ExpressionPtr> keys;
      std::vector<ExpressionPtr> values;
      expect("(");
      while (!take(")")) {
        keys.push_back(read());
        expect(":=");
        values.push_back(read());
        take(",");
      }
      return mapOf(std::move(keys), std::move(values));
    }
    if (word == "STRUCT") {
      std::vector<std::pair<std::string, ExpressionPtr>> fields;
      expect("(");
      while (!take(")")) {
        skipBlanks();
        const std::string name =
            takeWhile([](int c) { return std::isalnum(c) != 0 || c == '_' ? 1 : 0; });
        expect(":=");
        fields.emplace_back(name, read());
        take(",");
      }
      return structOf(std::move(fields));
    }
    return timeUnit(word);
  }

  std::string_view text_;
};

}  // namespace

std::vector<ExpressionPtr> readLiterals(std::string_view text) {
  return Reader(text).readList();
}

ExpressionPtr readLiteral(std::string_view text) {
  const std::vector<ExpressionPtr> list = readLiterals(text);
  if (list.size() != 1) {
    throw std::runtime_error("not one literal: " + std::string(text));
  }
  return list[0];
}

}  // namespace auspex::operators
