// SPDX-License-Identifier: Apache-2.0
// Type rules of CASE and of nested types.
#include <fmt/format.h>

#include <algorithm>

#include "operators/expressions/CastKernels.h"
#include "operators/expressions/ExpressionFactory.h"
#include "operators/expressions/TypeRules.h"

namespace auspex::operators {

namespace {

/// Coerces all items to their common type; nullopt when all of them are a bare NULL.
std::optional<SqlType> unify(std::vector<ExpressionPtr>& items) {
  const std::optional<SqlType> type = commonTypeOfList(items);
  if (type) {
    for (ExpressionPtr& item : items) {
      item = coerceTo(item, *type);
    }
  }
  return type;
}

void checkConditions(std::vector<ExpressionPtr>& conditions) {
  for (ExpressionPtr& condition : conditions) {
    if (condition->isUntypedNull()) {
      condition = literal(Value{}, SqlType::boolean());
    }
    if (!condition->type().is(TypeKind::Boolean)) {
      throw TypeError(fmt::format("WHEN operand type should be boolean.\nType for '{}' is {}",
                                  condition->toString(), condition->type().toString()));
    }
  }
}

}  // namespace

ExpressionPtr caseWhen(std::vector<ExpressionPtr> conditions, std::vector<ExpressionPtr> results,
                       ExpressionPtr otherwise) {
  AUSPEX_ASSERT(!conditions.empty());
  AUSPEX_ASSERT(conditions.size() == results.size());
  checkConditions(conditions);
  std::optional<SqlType> type;
  for (const ExpressionPtr& result : results) {
    if (result->isUntypedNull()) {
      continue;
    }
    const std::optional<SqlType> common =
        type ? commonType(*type, result->type()) : std::optional<SqlType>(result->type());
    if (!common) {
      throw TypeError(
          fmt::format("Invalid Case expression. Type for all 'THEN' clauses should be the same.\n"
                      "THEN expression '{}' has type: {}.\nPrevious THEN expression(s) type: {}.",
                      result->toString(), result->type().toString(), type->toString()));
    }
    type = common;
  }
  if (otherwise != nullptr && !otherwise->isUntypedNull()) {
    const std::optional<SqlType> common =
        type ? commonType(*type, otherwise->type()) : std::optional<SqlType>(otherwise->type());
    if (!common) {
      throw TypeError(fmt::format(
          "Invalid Case expression. Type for the default clause should be the same as for 'THEN' "
          "clauses.\nTHEN type: {}.\nDEFAULT type: {}.",
          type->toString(), otherwise->type().toString()));
    }
    type = common;
  }
  if (!type) {
    throw TypeError("Invalid Case expression. All case branches have NULL type");
  }
  for (ExpressionPtr& result : results) {
    result = implicitCast(result, *type);
  }
  if (otherwise != nullptr) {
    otherwise = implicitCast(otherwise, *type);
  }
  return makeExpression(*type,
                        CaseNode{std::move(conditions), std::move(results), std::move(otherwise)});
}

ExpressionPtr arrayOf(std::vector<ExpressionPtr> elements) {
  if (elements.empty()) {
    throw TypeError(
        "Array constructor cannot be empty. Please supply at least one element "
        "(see https://github.com/confluentinc/ksql/issues/4239).");
  }
  const std::optional<SqlType> type = unify(elements);
  if (!type) {
    throw TypeError(
        "Cannot construct an array with all NULL elements "
        "(see https://github.com/confluentinc/ksql/issues/4239). As a workaround, you may cast a "
        "NULL value to the desired type.");
  }
  return makeExpression(SqlType::array(*type), ArrayNode{std::move(elements)});
}

ExpressionPtr mapOf(std::vector<ExpressionPtr> keys, std::vector<ExpressionPtr> values) {
  AUSPEX_ASSERT(keys.size() == values.size());
  if (keys.empty()) {
    throw TypeError(
        "Map constructor cannot be empty. Please supply at least one key value pair "
        "(see https://github.com/confluentinc/ksql/issues/4239).");
  }
  const std::optional<SqlType> keyType = unify(keys);
  if (!keyType) {
    throw TypeError(
        "Cannot construct a map with all NULL keys "
        "(see https://github.com/confluentinc/ksql/issues/4239). As a workaround, you "
        "may cast a NULL key to the desired type.");
  }
  const std::optional<SqlType> valueType = unify(values);
  if (!valueType) {
    throw TypeError(
        "Cannot construct a map with all NULL values "
        "(see https://github.com/confluentinc/ksql/issues/4239). As a workaround, you "
        "may cast a NULL value to the desired type.");
  }
  return makeExpression(SqlType::map(*keyType, *valueType),
                        MapNode{std::move(keys), std::move(values)});
}

ExpressionPtr structOf(std::vector<std::pair<std::string, ExpressionPtr>> fields) {
  StructNode node;
  std::vector<StructField> types;
  for (auto& [name, value] : fields) {
    const bool isDuplicate =
        std::any_of(types.begin(), types.end(),
                    [&name = name](const StructField& field) { return field.name == name; });
    if (isDuplicate) {
      throw TypeError(fmt::format("Duplicate field names found in STRUCT: '{}'", name));
    }
    types.push_back({name, value->type()});
    node.fields.push_back(value->isUntypedNull() ? literal(Value{}, value->type()) : value);
  }
  return makeExpression(SqlType::structOf(std::move(types)), std::move(node));
}

ExpressionPtr subscript(ExpressionPtr base, ExpressionPtr index) {
  const SqlType& type = base->type();
  if (type.is(TypeKind::Array)) {
    if (!index->isUntypedNull() && !index->type().is(TypeKind::Integer) &&
        !index->type().is(TypeKind::Bigint)) {
      throw TypeError(fmt::format("Array index must be an integer, got {} ({})", index->toString(),
                                  index->type().toString()));
    }
    SqlType element = type.element();
    return makeExpression(std::move(element),
                          SubscriptNode{base, implicitCast(index, SqlType::integer())});
  }
  if (!type.is(TypeKind::Map)) {
    throw TypeError(fmt::format("[] works on ARRAY and MAP, not on {} ({})", base->toString(),
                                type.toString()));
  }
  const bool isLaxLiteral = index->isLiteral() && type.mapKey().is(TypeKind::String);
  if (!isLaxLiteral && !widensTo(index->type(), type.mapKey())) {
    throw TypeError(fmt::format("Key of {} must be {}, got {} ({})", base->toString(),
                                type.mapKey().toString(), index->toString(),
                                index->type().toString()));
  }
  SqlType value = type.mapValue();
  const SqlType key = type.mapKey();
  return makeExpression(std::move(value), SubscriptNode{std::move(base), implicitCast(index, key)});
}

ExpressionPtr dereference(ExpressionPtr base, std::string_view field) {
  if (!base->type().is(TypeKind::Struct)) {
    throw TypeError(fmt::format("-> works on STRUCT, not on {} ({})", base->toString(),
                                base->type().toString()));
  }
  const std::vector<StructField>& fields = base->type().fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == field) {
      SqlType type = fields[i].type;
      return makeExpression(std::move(type), DereferenceNode{std::move(base), i});
    }
  }
  std::string names;
  for (const StructField& candidate : fields) {
    names += (names.empty() ? "" : ", ") + candidate.name;
  }
  throw TypeError(fmt::format("Could not find field '{}' in '{}'. Fields are: {}", field,
                              base->toString(), names));
}

}  // namespace auspex::operators
