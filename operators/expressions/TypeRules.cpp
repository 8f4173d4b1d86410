// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/TypeRules.h"

#include <fmt/format.h>

#include <algorithm>

#include "operators/data/NumberText.h"
#include "operators/expressions/BigDecimal.h"
#include "operators/expressions/CastKernels.h"
#include "operators/expressions/DecimalMath.h"
#include "operators/expressions/ExpressionFactory.h"

namespace auspex::operators {

namespace {

int rankOf(const SqlType& type) {
  switch (type.kind()) {
    case TypeKind::Integer:
      return 0;
    case TypeKind::Bigint:
      return 1;
    case TypeKind::Decimal:
    case TypeKind::BigDecimal:
      return 2;
    default:
      AUSPEX_ASSERT(type.is(TypeKind::Double));
      return 3;
  }
}

std::optional<SqlType> commonStruct(const SqlType& left, const SqlType& right) {
  std::vector<StructField> fields = left.fields();
  for (const StructField& field : right.fields()) {
    const auto own = std::find_if(fields.begin(), fields.end(), [&](const StructField& candidate) {
      return candidate.name == field.name;
    });
    if (own == fields.end()) {
      fields.push_back(field);
      continue;
    }
    const std::optional<SqlType> common = commonType(own->type, field.type);
    if (!common) {
      return std::nullopt;
    }
    own->type = *common;
  }
  return SqlType::structOf(std::move(fields));
}

const char* baseName(const SqlType& type, std::string& buffer) {
  buffer = type.toString();
  buffer.resize(std::min(buffer.find('('), buffer.size()));
  return buffer.c_str();
}

[[noreturn]] void throwNoOperator(const SqlType& common, const BoundExpression& item) {
  throw TypeError(fmt::format(
      "operator does not exist: {} = {} ({})\nHint: You might need to add explicit type casts.",
      common.toString(), item.type().toString(), item.toString()));
}

[[noreturn]] void throwBadInput(const SqlType& type, std::string_view text) {
  std::string buffer;
  throw TypeError(
      fmt::format("invalid input syntax for type {}: \"{}\".", baseName(type, buffer), text));
}

const std::string* stringLiteralText(const BoundExpression& item) {
  const auto* const node = item.as<LiteralNode>();
  return node != nullptr && item.type().is(TypeKind::String)
             ? std::get_if<std::string>(&node->value.data)
             : nullptr;
}

/// The type of the number that a string literal holds.
std::optional<SqlType> numberTypeOf(std::string_view text) {
  if (parseInteger(text)) {
    return SqlType::integer();
  }
  if (parseBigint(text)) {
    return SqlType::bigint();
  }
  if (const std::optional<DecimalNumber> number = parseDecimal(text)) {
    return SqlType::decimal(number->precision, number->scale);
  }
  if (const std::optional<BigDecimal> number = BigDecimal::parse(text)) {
    return SqlType::decimal(std::max(number->precision(), number->scale()), number->scale());
  }
  return parseDouble(text) ? std::optional<SqlType>(SqlType::doubleType()) : std::nullopt;
}

SqlType mergeItem(const SqlType& common, const ExpressionPtr& item);

template <typename Items>
SqlType mergeItems(SqlType common, const Items& items) {
  for (const ExpressionPtr& item : items) {
    if (!item->isNullLiteral()) {
      common = mergeItem(common, item);
    }
  }
  return common;
}

/// Constructors are merged by their parts, so that literals in them are lax as well.
std::optional<SqlType> mergeConstructor(const SqlType& common, const BoundExpression& item) {
  if (const auto* const node = item.as<ArrayNode>(); node && common.is(TypeKind::Array)) {
    return SqlType::array(mergeItems(common.element(), node->elements));
  }
  if (const auto* const node = item.as<MapNode>(); node && common.is(TypeKind::Map)) {
    return SqlType::map(mergeItems(common.mapKey(), node->keys),
                        mergeItems(common.mapValue(), node->values));
  }
  const auto* const node = item.as<StructNode>();
  if (node == nullptr || !common.is(TypeKind::Struct)) {
    return std::nullopt;
  }
  std::vector<StructField> fields = common.fields();
  for (size_t i = 0; i < node->fields.size(); ++i) {
    const StructField& field = item.type().fields()[i];
    const auto own = std::find_if(fields.begin(), fields.end(), [&](const StructField& candidate) {
      return candidate.name == field.name;
    });
    if (own == fields.end()) {
      fields.push_back(field);
    } else if (!node->fields[i]->isNullLiteral()) {
      own->type = mergeItem(own->type, node->fields[i]);
    }
  }
  return SqlType::structOf(std::move(fields));
}

SqlType mergeItem(const SqlType& common, const ExpressionPtr& item) {
  if (const std::optional<SqlType> merged = mergeConstructor(common, *item)) {
    return *merged;
  }
  if (const std::optional<SqlType> merged = commonType(common, item->type())) {
    return *merged;
  }
  const std::string* const text = stringLiteralText(*item);
  if (common.isNumeric() && text != nullptr) {
    const std::optional<SqlType> number = numberTypeOf(*text);
    if (!number) {
      throwBadInput(common, *text);
    }
    return *widerNumber(common, *number);
  }
  const bool isLaxLiteral = text != nullptr && !common.isNested();
  if (isLaxLiteral || (common.is(TypeKind::String) && item->isLiteral())) {
    return common;
  }
  throwNoOperator(common, *item);
}

ExpressionPtr coerceLiteral(const ExpressionPtr& operand, const SqlType& type) {
  const std::string* const text = stringLiteralText(*operand);
  if (text != nullptr && type.is(TypeKind::Boolean)) {
    // Stricter than a cast, which takes everything that is not true for false.
    std::string lower = *text;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    const auto isPrefixOf = [&](std::string_view word) {
      return !lower.empty() && word.starts_with(lower);
    };
    if (!isPrefixOf("true") && !isPrefixOf("yes") && !isPrefixOf("false") && !isPrefixOf("no")) {
      throwBadInput(type, *text);
    }
  }
  if (!isCastSupported(operand->type(), type)) {
    throwNoOperator(type, *operand);
  }
  const ExpressionPtr result = implicitCast(operand, type);
  if (text != nullptr && (!result->isLiteral() || result->isNullLiteral())) {
    throwBadInput(type, *text);
  }
  return result;
}

std::optional<ExpressionPtr> coerceConstructor(const BoundExpression& item, const SqlType& type) {
  const auto coerceEach = [](std::vector<ExpressionPtr> parts, const SqlType& partType) {
    for (ExpressionPtr& part : parts) {
      part = coerceTo(part, partType);
    }
    return parts;
  };
  if (const auto* const node = item.as<ArrayNode>(); node && type.is(TypeKind::Array)) {
    return makeExpression(type, ArrayNode{coerceEach(node->elements, type.element())});
  }
  if (const auto* const node = item.as<MapNode>(); node && type.is(TypeKind::Map)) {
    return makeExpression(type, MapNode{coerceEach(node->keys, type.mapKey()),
                                        coerceEach(node->values, type.mapValue())});
  }
  const auto* const node = item.as<StructNode>();
  if (node == nullptr || !type.is(TypeKind::Struct)) {
    return std::nullopt;
  }
  StructNode result;
  for (const StructField& field : type.fields()) {
    ExpressionPtr value = literal(Value{}, field.type);
    for (size_t i = 0; i < node->fields.size(); ++i) {
      if (item.type().fields()[i].name == field.name) {
        value = coerceTo(node->fields[i], field.type);
      }
    }
    result.fields.push_back(std::move(value));
  }
  return makeExpression(type, std::move(result));
}

}  // namespace

SqlType checkedDecimal(int precision, int scale) {
  if (precision > kMaxDecimalTypePrecision) {
    throw TypeError(fmt::format(
        "DECIMAL precision must be <= {}: DECIMAL({}, {}). Cast an operand to fewer digits.",
        kMaxDecimalTypePrecision, precision, scale));
  }
  return SqlType::decimal(precision, scale);
}

SqlType asDecimal(const SqlType& type) {
  if (type.is(TypeKind::Integer)) {
    return SqlType::decimal(10, 0);
  }
  if (type.is(TypeKind::Bigint)) {
    return SqlType::decimal(19, 0);
  }
  AUSPEX_ASSERT(type.isDecimal());
  return type;
}

std::optional<SqlType> widerNumber(const SqlType& left, const SqlType& right) {
  if (!left.isNumeric() || !right.isNumeric()) {
    return std::nullopt;
  }
  const SqlType& wider = rankOf(left) >= rankOf(right) ? left : right;
  if (!wider.isDecimal()) {
    return wider;
  }
  const SqlType a = asDecimal(left);
  const SqlType b = asDecimal(right);
  const int scale = std::max(a.scale(), b.scale());
  const SqlType widest =
      checkedDecimal(std::max(a.precision() - a.scale(), b.precision() - b.scale()) + scale, scale);
  const bool anyScale = a.is(TypeKind::BigDecimal) || b.is(TypeKind::BigDecimal);
  return anyScale ? SqlType::decimalOfAnyScale(widest.precision(), scale) : widest;
}

std::optional<SqlType> commonType(const SqlType& left, const SqlType& right) {
  if (left == right) {
    return left;
  }
  if (const std::optional<SqlType> number = widerNumber(left, right)) {
    return number;
  }
  if (left.kind() != right.kind()) {
    return std::nullopt;
  }
  if (left.is(TypeKind::Array)) {
    const std::optional<SqlType> element = commonType(left.element(), right.element());
    return element ? std::optional<SqlType>(SqlType::array(*element)) : std::nullopt;
  }
  if (left.is(TypeKind::Map)) {
    const std::optional<SqlType> key = commonType(left.mapKey(), right.mapKey());
    const std::optional<SqlType> value = commonType(left.mapValue(), right.mapValue());
    return key && value ? std::optional<SqlType>(SqlType::map(*key, *value)) : std::nullopt;
  }
  return left.is(TypeKind::Struct) ? commonStruct(left, right) : std::nullopt;
}

SqlType arithmeticType(ArithmeticOperator operation, const SqlType& left, const SqlType& right) {
  const SqlType& wider = rankOf(left) >= rankOf(right) ? left : right;
  if (!wider.isDecimal()) {
    return wider;
  }
  const SqlType a = asDecimal(left);
  const SqlType b = asDecimal(right);
  const int p1 = a.precision();
  const int s1 = a.scale();
  const int p2 = b.precision();
  const int s2 = b.scale();
  switch (operation) {
    case ArithmeticOperator::Add:
    case ArithmeticOperator::Subtract:
      return checkedDecimal(std::max(s1, s2) + std::max(p1 - s1, p2 - s2) + 1, std::max(s1, s2));
    case ArithmeticOperator::Multiply:
      return checkedDecimal(p1 + p2 + 1, s1 + s2);
    case ArithmeticOperator::Divide: {
      const int scale = std::max(6, s1 + p2 + 1);
      return checkedDecimal(p1 - s1 + s2 + scale, scale);
    }
    case ArithmeticOperator::Modulo:
      break;
  }
  return checkedDecimal(std::max(std::min(p1 - s1, p2 - s2) + std::max(s1, s2), 1),
                        std::max(s1, s2));
}

bool widensTo(const SqlType& from, const SqlType& to) {
  if (from == to) {
    return true;
  }
  if (!from.isNumeric() || !to.isNumeric() || rankOf(from) > rankOf(to)) {
    return false;
  }
  if (!to.isDecimal()) {
    return true;
  }
  const SqlType exact = asDecimal(from);
  return exact.scale() <= to.scale() &&
         exact.precision() - exact.scale() <= to.precision() - to.scale();
}

std::optional<SqlType> commonTypeOfList(std::span<const ExpressionPtr> items) {
  std::optional<SqlType> common;
  for (const ExpressionPtr& item : items) {
    if (!item->isUntypedNull()) {
      common = common ? mergeItem(*common, item) : item->type();
    }
  }
  return common;
}

ExpressionPtr coerceTo(const ExpressionPtr& operand, const SqlType& type) {
  if (operand->isNullLiteral()) {
    return literal(Value{}, type);
  }
  if (std::optional<ExpressionPtr> constructor = coerceConstructor(*operand, type)) {
    return *constructor;
  }
  if (operand->type() == type) {
    return operand;
  }
  if (operand->isLiteral() && !type.isNested()) {
    return coerceLiteral(operand, type);
  }
  if (!isCastSupported(operand->type(), type)) {
    throwNoOperator(type, *operand);
  }
  return implicitCast(operand, type);
}

ExpressionPtr implicitCast(const ExpressionPtr& operand, const SqlType& type) {
  if (operand->isNullLiteral()) {
    return literal(Value{}, type);
  }
  if (operand->type() == type) {
    return operand;
  }
  AUSPEX_ASSERT(isCastSupported(operand->type(), type));
  return fold(makeExpression(type, CastNode{operand, true}));
}

}  // namespace auspex::operators
