// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/Signature.h"

#include <cctype>

#include "operators/data/Assert.h"

namespace auspex::operators {

namespace {

/// Reads signatures; they are constants of the code, so anything unexpected is a bug.
class SignatureReader {
 public:
  explicit SignatureReader(std::string_view text) : text_(text) {}

  Signature read() {
    Signature signature;
    expect("(");
    while (!take(")")) {
      if (!signature.parameters.empty()) {
        expect(",");
      }
      signature.parameters.push_back(readPattern());
      signature.names.emplace_back(takeWord());
      if (take("...")) {
        AUSPEX_ASSERT(!signature.variadic);
        signature.variadic = true;
        signature.repeated = signature.parameters.size() - 1;
      }
    }
    expect("->");
    signature.result = readPattern();
    skipBlanks();
    AUSPEX_ASSERT(text_.empty());
    return signature;
  }

 private:
  using Kind = TypePattern::Kind;

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
    const bool found = take(token);
    AUSPEX_ASSERT(found);
  }
  std::string_view takeWord() {
    skipBlanks();
    size_t length = 0;
    while (length < text_.size() && std::isalpha(static_cast<unsigned char>(text_[length])) != 0) {
      ++length;
    }
    const std::string_view word = text_.substr(0, length);
    text_.remove_prefix(length);
    return word;
  }

  TypePattern concrete(SqlType type) { return {Kind::Concrete, std::move(type), 0, {}}; }

  TypePattern readPattern() {
    const std::string_view word = takeWord();
    if (word.size() == 1) {
      return {Kind::Generic, {}, word[0], {}};
    }
    if (word == "ARRAY") {
      TypePattern pattern{Kind::Array, {}, 0, {}};
      expect("<");
      pattern.nested.push_back(readPattern());
      expect(">");
      return pattern;
    }
    if (word == "MAP") {
      TypePattern pattern{Kind::Map, {}, 0, {}};
      expect("<");
      pattern.nested.push_back(readPattern());
      expect(",");
      pattern.nested.push_back(readPattern());
      expect(">");
      return pattern;
    }
    if (word == "STRUCT") {
      return readStruct();
    }
    return word == "LAMBDA" ? readLambda() : readPrimitive(word);
  }

  TypePattern readStruct() {
    std::vector<StructField> fields;
    expect("<");
    do {
      std::string name(takeWord());
      fields.push_back({std::move(name), readPattern().type});
    } while (take(","));
    expect(">");
    return concrete(SqlType::structOf(std::move(fields)));
  }

  TypePattern readLambda() {
    TypePattern pattern{Kind::Lambda, {}, 0, {}};
    expect("(");
    do {
      pattern.nested.push_back(readPattern());
    } while (take(","));
    expect("=>");
    pattern.nested.push_back(readPattern());
    expect(")");
    return pattern;
  }

  TypePattern readPrimitive(std::string_view word) {
    if (word == "DECIMAL") {
      return {Kind::AnyDecimal, {}, 0, {}};
    }
    if (word == "ANY") {
      return {Kind::Any, {}, 0, {}};
    }
    if (word == "UNIT") {
      return {Kind::Unit, {}, 0, {}};
    }
    for (const SqlType& type :
         {SqlType::boolean(), SqlType::bigint(), SqlType::doubleType(), SqlType::string(),
          SqlType::bytes(), SqlType::date(), SqlType::time(), SqlType::timestamp()}) {
      if (type.toString() == word) {
        return concrete(type);
      }
    }
    AUSPEX_ASSERT(word == "INT");
    return concrete(SqlType::integer());
  }

  std::string_view text_;
};

std::string joined(const std::vector<TypePattern>& patterns, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "" : ", ") + patterns[i].toString();
  }
  return text;
}

}  // namespace

std::string TypePattern::toString() const {
  switch (kind) {
    case Kind::Concrete:
      return type.is(TypeKind::Integer) ? "INT" : type.toString();
    case Kind::AnyDecimal:
      return "DECIMAL";
    case Kind::Generic:
      return std::string(1, generic);
    case Kind::Any:
      return "ANY";
    case Kind::Array:
      return "ARRAY<" + nested[0].toString() + ">";
    case Kind::Map:
      return "MAP<" + nested[0].toString() + ", " + nested[1].toString() + ">";
    case Kind::Unit:
      return "INTERVALUNIT";
    case Kind::Lambda:
      break;
  }
  return "LAMBDA (" + joined(nested, nested.size() - 1) + ") => " + nested.back().toString();
}

std::optional<SqlType> substitute(const TypePattern& pattern, const GenericTypes& generics) {
  using Kind = TypePattern::Kind;
  switch (pattern.kind) {
    case Kind::Concrete:
      return pattern.type;
    case Kind::Generic:
      return generics[static_cast<size_t>(pattern.generic - 'A')];
    case Kind::Array: {
      const std::optional<SqlType> element = substitute(pattern.nested[0], generics);
      return element ? std::optional<SqlType>(SqlType::array(*element)) : std::nullopt;
    }
    case Kind::Map: {
      const std::optional<SqlType> key = substitute(pattern.nested[0], generics);
      const std::optional<SqlType> value = substitute(pattern.nested[1], generics);
      return key && value ? std::optional<SqlType>(SqlType::map(*key, *value)) : std::nullopt;
    }
    case Kind::AnyDecimal:
    case Kind::Any:
    case Kind::Unit:
    case Kind::Lambda:
      break;
  }
  return std::nullopt;
}

Signature Signature::parse(std::string_view text) {
  return SignatureReader(text).read();
}

const TypePattern& Signature::parameterAt(size_t index, size_t numArguments) const {
  AUSPEX_ASSERT(acceptsCount(numArguments));
  AUSPEX_ASSERT(index < numArguments);
  if (!variadic || index < repeated) {
    return parameters[index];
  }
  const size_t numBehind = parameters.size() - 1 - repeated;
  const bool isBehind = index >= numArguments - numBehind;
  return isBehind ? parameters[index + parameters.size() - numArguments] : parameters[repeated];
}

bool Signature::acceptsCount(size_t numArguments) const {
  return variadic ? numArguments + 1 >= parameters.size() : numArguments == parameters.size();
}

std::string Signature::toString(std::string_view name) const {
  std::string text = std::string(name) + "(";
  for (size_t i = 0; i < parameters.size(); ++i) {
    text += (i == 0 ? "" : ", ") + parameters[i].toString();
    text += variadic && i == repeated ? "..." : "";
    text += names[i].empty() ? "" : " " + names[i];
  }
  return text + ")";
}

}  // namespace auspex::operators
