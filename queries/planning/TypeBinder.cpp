// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/TypeBinder.h"

#include <fmt/format.h>

#include "parser/NearestName.h"
#include "queries/StatementError.h"

namespace auspex::queries {
namespace {

using operators::SqlType;

const std::map<std::string, SqlType, std::less<>>& primitives() {
  static const std::map<std::string, SqlType, std::less<>> types = {
      {"BOOLEAN", SqlType::boolean()},    {"INTEGER", SqlType::integer()},
      {"INT", SqlType::integer()},        {"BIGINT", SqlType::bigint()},
      {"DOUBLE", SqlType::doubleType()},  {"STRING", SqlType::string()},
      {"VARCHAR", SqlType::string()},     {"BYTES", SqlType::bytes()},
      {"TIME", SqlType::time()},          {"DATE", SqlType::date()},
      {"TIMESTAMP", SqlType::timestamp()}};
  return types;
}

SqlType bindNamed(const parser::TypeName& type, const Catalog& catalog) {
  const auto primitive = primitives().find(type.name.name);
  if (primitive != primitives().end()) {
    return primitive->second;
  }
  const auto custom = catalog.types.find(type.name.name);
  if (custom != catalog.types.end()) {
    return custom->second;
  }
  std::vector<std::string> names{"ARRAY", "MAP", "STRUCT", "DECIMAL"};
  for (const auto& [name, bound] : primitives()) {
    names.push_back(name);
  }
  for (const auto& [name, bound] : catalog.types) {
    names.push_back(name);
  }
  std::string message = fmt::format("Cannot resolve unknown type: {}", type.name.name);
  if (const auto nearest = parser::nearestName(type.name.name, names)) {
    message += fmt::format(". Did you mean {}?", *nearest);
  }
  throw StatementError(message, type.span);
}

}  // namespace

SqlType bindType(const parser::TypeName& type, const Catalog& catalog) {
  switch (type.kind) {
    case parser::TypeName::Kind::Named:
      return bindNamed(type, catalog);
    case parser::TypeName::Kind::Decimal:
      if (type.precision > operators::kMaxDecimalTypePrecision) {
        throw StatementError(
            fmt::format("DECIMAL precision must be <= {}: DECIMAL({},{})",
                        operators::kMaxDecimalTypePrecision, type.precision, type.scale),
            type.span);
      }
      if (type.precision < 1 || type.scale < 0 || type.scale > type.precision) {
        throw StatementError(
            fmt::format("DECIMAL precision must be >= 1 and scale between 0 and the precision: "
                        "DECIMAL({},{})",
                        type.precision, type.scale),
            type.span);
      }
      return SqlType::decimal(type.precision, type.scale);
    case parser::TypeName::Kind::Array:
      return SqlType::array(bindType(type.children[0], catalog));
    case parser::TypeName::Kind::Map:
      return SqlType::map(bindType(type.children[0], catalog), bindType(type.children[1], catalog));
    case parser::TypeName::Kind::Struct:
      break;
  }
  std::vector<operators::StructField> fields;
  for (const parser::TypeField& field : type.fields) {
    fields.push_back({field.name.name, bindType(field.type, catalog)});
  }
  return SqlType::structOf(std::move(fields));
}

}  // namespace auspex::queries
