// SPDX-License-Identifier: Apache-2.0
#include "operators/data/Schema.h"

#include <algorithm>

namespace auspex::operators {

namespace {

SqlType typeAsRead(const SqlType& type) {
  switch (type.kind()) {
    case TypeKind::BigDecimal:
      return SqlType::decimal(type.precision(), type.scale());
    case TypeKind::Array:
      return SqlType::array(typeAsRead(type.element()));
    case TypeKind::Map:
      return SqlType::map(typeAsRead(type.mapKey()), typeAsRead(type.mapValue()));
    case TypeKind::Struct: {
      std::vector<StructField> fields = type.fields();
      for (StructField& field : fields) {
        field.type = typeAsRead(field.type);
      }
      return SqlType::structOf(std::move(fields));
    }
    default:
      return type;
  }
}

}  // namespace

std::vector<SqlType> typesOf(std::span<const SchemaColumn> columns) {
  std::vector<SqlType> types;
  for (const SchemaColumn& column : columns) {
    types.push_back(column.type);
  }
  return types;
}

Schema::Schema(std::vector<SchemaColumn> columns) : columns_(std::move(columns)) {
  const auto firstValue = std::stable_partition(
      columns_.begin(), columns_.end(), [](const SchemaColumn& column) { return column.isKey; });
  numKeys_ = static_cast<size_t>(firstValue - columns_.begin());
}

std::vector<SchemaColumn> Schema::storedValues() const {
  std::vector<SchemaColumn> stored;
  for (size_t i = numKeys_; i < columns_.size(); ++i) {
    if (!columns_[i].isHeader) {
      stored.push_back(columns_[i]);
    }
  }
  return stored;
}

std::optional<size_t> Schema::find(std::string_view name) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) {
      return i;
    }
  }
  return std::nullopt;
}

Schema Schema::asRead() const {
  std::vector<SchemaColumn> columns = columns_;
  for (SchemaColumn& column : columns) {
    column.type = typeAsRead(column.type);
  }
  return Schema(std::move(columns));
}

std::string Schema::toString() const {
  std::string text;
  for (const SchemaColumn& column : columns_) {
    if (!text.empty()) {
      text += ", ";
    }
    text += "`" + column.name + "` " + column.type.toString() + (column.isKey ? " KEY" : "");
  }
  return text;
}

}  // namespace auspex::operators
