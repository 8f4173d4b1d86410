// SPDX-License-Identifier: Apache-2.0
#include "parser/build/ClauseBuilder.h"

#include <fmt/format.h>

#include <cassert>
#include <charconv>
#include <limits>
#include <memory>
#include <utility>

#include "parser/Parser.h"
#include "parser/SyntaxError.h"
#include "parser/build/ExpressionBuilder.h"

namespace auspex::parser {
namespace {

std::int32_t buildSmallNumber(const Token& token) {
  const std::int64_t value = buildWholeNumber(token);
  if (value > std::numeric_limits<std::int32_t>::max()) {
    throw SyntaxError::invalidLiteral(fmt::format("Invalid numeric literal: {}", token.text),
                                      token.span);
  }
  return static_cast<std::int32_t>(value);
}

TypeName buildBaseType(const NodeReader& node) {
  TypeName type;
  type.span = node.span();
  switch (node.kind()) {
    case NodeKind::DecimalType: {
      const auto numbers = node.children(NodeKind::Number);
      type.kind = TypeName::Kind::Decimal;
      type.precision = buildSmallNumber(numbers.front().firstToken());
      type.scale = numbers.size() > 1 ? buildSmallNumber(numbers.back().firstToken()) : 0;
      return type;
    }
    case NodeKind::ArrayType:
    case NodeKind::MapType:
      type.kind = node.kind() == NodeKind::ArrayType ? TypeName::Kind::Array : TypeName::Kind::Map;
      for (const NodeReader& child : node.children(NodeKind::Type)) {
        type.children.push_back(buildType(child));
      }
      return type;
    case NodeKind::StructType:
      type.kind = TypeName::Kind::Struct;
      for (const NodeReader& field : node.children(NodeKind::TypeField)) {
        type.fields.push_back({nameOf(field), buildType(field.get(NodeKind::Type))});
      }
      return type;
    default:
      assert(node.kind() == NodeKind::NamedType);
      type.name = nameOf(node);
      for (const NodeReader& parameter : node.children(NodeKind::TypeParameter)) {
        type.parameters.push_back(buildIdentifier(parameter.firstToken()).name);
      }
      return type;
  }
}

Property buildProperty(const NodeReader& node) {
  Property property;
  property.span = node.span();
  const Token& name = node.first().firstToken();
  property.name = buildIdentifier(name);
  if (name.kind == TokenKind::StringText) {
    property.name = {name.text, true, name.span};
  }
  const NodeReader value = node.get(NodeKind::PropertyValue);
  property.value = buildPropertyValue(value);
  property.text = value.firstToken().text;
  if (value.firstToken().kind == TokenKind::MinusSign) {
    property.text += value.token(value.begin() + 1).text;
  } else if (value.firstToken().kind != TokenKind::StringText) {
    for (char& letter : property.text) {
      letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
  }
  return property;
}

}  // namespace

std::int64_t buildWholeNumber(const Token& token) {
  std::int64_t value = 0;
  const char* end = token.text.data() + token.text.size();
  const auto result = std::from_chars(token.text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) {
    throw SyntaxError::invalidLiteral(fmt::format("Invalid numeric literal: {}", token.text),
                                      token.span);
  }
  return value;
}

double buildNumber(const Token& token) {
  double value = 0;
  const char* end = token.text.data() + token.text.size();
  const auto result = std::from_chars(token.text.data(), end, value);
  if (result.ec == std::errc::result_out_of_range) {
    // Too small is zero to everybody; too large is no number.
    const std::string& text = token.text;
    const auto exponent = text.find_first_of("eE");
    if (exponent != std::string::npos && exponent + 1 < text.size() && text[exponent + 1] == '-') {
      return 0;
    }
    throw SyntaxError::invalidLiteral(fmt::format("Number overflows DOUBLE: {}", token.text),
                                      token.span);
  }
  if (result.ec != std::errc() || result.ptr != end) {
    throw SyntaxError::invalidLiteral(fmt::format("Invalid numeric literal: {}", token.text),
                                      token.span);
  }
  return value;
}

TimeUnit buildTimeUnit(TokenKind kind) {
  switch (kind) {
    case TokenKind::Year:
    case TokenKind::Years:
      return TimeUnit::Years;
    case TokenKind::Month:
    case TokenKind::Months:
      return TimeUnit::Months;
    case TokenKind::Day:
    case TokenKind::Days:
      return TimeUnit::Days;
    case TokenKind::Hour:
    case TokenKind::Hours:
      return TimeUnit::Hours;
    case TokenKind::Minute:
    case TokenKind::Minutes:
      return TimeUnit::Minutes;
    case TokenKind::Second:
    case TokenKind::Seconds:
      return TimeUnit::Seconds;
    default:
      return TimeUnit::Milliseconds;
  }
}

TypeName buildType(const NodeReader& node) {
  TypeName type = buildBaseType(node.first());
  // What follows the type itself are the words ARRAY.
  if (node.end() - node.first().end() > kMaxNesting) {
    throw SyntaxError(
        fmt::format("The type has more than {} ARRAYs inside each other.", kMaxNesting),
        node.span(), "");
  }
  for (std::size_t i = node.first().end(); i < node.end(); ++i) {
    TypeName array;
    array.kind = TypeName::Kind::Array;
    array.span = node.spanOf(node.begin(), i + 1);
    array.children.push_back(std::move(type));
    type = std::move(array);
  }
  return type;
}

Interval buildInterval(const NodeReader& node) {
  return {buildWholeNumber(node.get(NodeKind::Number).firstToken()),
          buildTimeUnit(node.get(NodeKind::TimeUnit).firstToken().kind), node.span()};
}

std::vector<Property> buildProperties(const NodeReader& node) {
  std::vector<Property> properties;
  for (const NodeReader& property : node.children(NodeKind::Property)) {
    properties.push_back(buildProperty(property));
  }
  return properties;
}

std::vector<TableElement> buildElements(const NodeReader& node) {
  std::vector<TableElement> elements;
  for (const NodeReader& child : node.children(NodeKind::Element)) {
    TableElement element;
    element.name = nameOf(child);
    element.type = buildType(child.get(NodeKind::Type));
    element.span = child.span();
    if (child.has(NodeKind::KeyRole)) {
      element.role = ColumnRole::Key;
    } else if (child.has(NodeKind::PrimaryKeyRole)) {
      element.role = ColumnRole::PrimaryKey;
    } else if (child.has(NodeKind::HeadersRole)) {
      element.role = ColumnRole::Headers;
    } else if (const auto header = child.find(NodeKind::HeaderRole)) {
      element.role = ColumnRole::Header;
      element.headerKey = header->get(NodeKind::Text).firstToken().text;
    }
    elements.push_back(std::move(element));
  }
  return elements;
}

std::vector<Property> propertiesOf(const NodeReader& parent) {
  const auto node = parent.find(NodeKind::Properties);
  return node ? buildProperties(*node) : std::vector<Property>{};
}

Identifier nameOf(const NodeReader& parent) {
  return buildIdentifier(parent.get(NodeKind::Name).firstToken());
}

std::vector<Identifier> namesOf(const NodeReader& parent) {
  std::vector<Identifier> names;
  for (const NodeReader& name : parent.children(NodeKind::Name)) {
    names.push_back(buildIdentifier(name.firstToken()));
  }
  return names;
}

}  // namespace auspex::parser
