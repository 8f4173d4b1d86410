// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonTypeError.h"

#include "operators/data/NumberText.h"
#include "operators/formats/json/JsonNumber.h"

namespace auspex::operators {

namespace {

/// A type as ksqlDB's statements spell it (VARCHAR, INT), which is what it puts into messages about
/// nested types.
std::string statementText(const SqlType& type) {
  switch (type.kind()) {
    case TypeKind::String:
      return "VARCHAR";
    case TypeKind::Integer:
      return "INT";
    case TypeKind::Array:
      return "ARRAY<" + statementText(type.element()) + ">";
    case TypeKind::Map:
      return "MAP<" + statementText(type.mapKey()) + ", " + statementText(type.mapValue()) + ">";
    case TypeKind::Struct: {
      std::string text = "STRUCT<";
      for (const StructField& field : type.fields()) {
        text += (text.back() == '<' ? "" : ", ") + field.name + " " + statementText(field.type);
      }
      return text + ">";
    }
    default:
      return type.toString();
  }
}

std::string requiredText(const SqlType& type) {
  return type.is(TypeKind::Integer) || type.is(TypeKind::String) ? type.toString()
                                                                 : statementText(type);
}

/// Kind of a JSON value by the names that ksqlDB's users see: those of Jackson's tree.
std::string_view sourceTypeOf(const JsonTokens& tokens, uint32_t i) {
  switch (tokens.kind(i)) {
    case '{':
      return "ObjectNode";
    case '[':
      return "ArrayNode";
    case '"':
      return "TextNode";
    case 't':
    case 'f':
      return "BooleanNode";
    default:
      break;
  }
  const std::string_view number = tokens.rawScalar(i);
  if (number.find_first_of(".eE") != std::string_view::npos) {
    return "DecimalNode";
  }
  const auto value = parseBigint(number);
  return !value ? "BigIntegerNode" : parseInteger(number) ? "IntNode" : "LongNode";
}

bool isWord(const JsonTokens& tokens, uint32_t i) {
  const std::string_view word = tokens.rawScalar(i);
  return word == "true" || word == "false" || word == "null";
}

std::string describeText(const SqlType& type, std::string_view path) {
  const std::string place = ", path: " + std::string(path);
  if (type.is(TypeKind::Bytes)) {
    return "Value is not a valid Base64 encoded string" + place;
  }
  if (type.is(TypeKind::String)) {
    return "Malformed JSON: wrong escape in a string" + place;
  }
  return "Can't coerce string to type. targetType: " + requiredText(type) + place;
}

}  // namespace

std::string jsonMismatchText(std::string_view sourceType, const SqlType& type,
                             std::string_view path) {
  return "Can't convert type. sourceType: " + std::string(sourceType) +
         ", requiredType: " + requiredText(type) + ", path: " + std::string(path);
}

std::string describeJsonMismatch(const JsonTokens& tokens, uint32_t i, const SqlType& type,
                                 std::string_view path) {
  const char kind = tokens.kind(i);
  const bool isContainer = kind == '{' || kind == '[';
  const bool isNumber = kind == '-' || (kind >= '0' && kind <= '9');
  if (kind == '"' && !type.is(TypeKind::Boolean) && !type.is(TypeKind::Array) &&
      !type.is(TypeKind::Map) && !type.is(TypeKind::Struct) && !type.isDecimal()) {
    return describeText(type, path);
  }
  const bool wellFormed =
      isContainer || kind == '"' ||
      (isNumber ? findJsonNumberEnd(tokens.text + tokens.at[i]) != nullptr : isWord(tokens, i));
  if (!wellFormed) {
    return std::string("Malformed JSON: ") + (isNumber ? "not a number" : "unknown word") +
           ", path: " + std::string(path);
  }
  if (type.isDecimal() && (isNumber || kind == '"')) {
    return "Cannot fit the value into " + type.toString() +
           " without rounding or overflow, path: " + std::string(path);
  }
  return jsonMismatchText(sourceTypeOf(tokens, i), type, path);
}

}  // namespace auspex::operators
