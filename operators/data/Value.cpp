// SPDX-License-Identifier: Apache-2.0
#include "operators/data/Value.h"

#include "operators/data/Arena.h"
#include "operators/data/ColumnBuilder.h"

namespace auspex::operators {

namespace {

Value partsOf(const Column& column, size_t row) {
  Value::Parts parts;
  if (column.type().is(TypeKind::Struct)) {
    for (const ColumnPtr& child : column.children()) {
      parts.push_back(valueAt(*child, row));
    }
  } else {
    for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
      for (const ColumnPtr& child : column.children()) {
        parts.push_back(valueAt(*child, i));
      }
    }
  }
  return Value{std::move(parts)};
}

void append(ColumnBuilder& builder, const Value& value, Arena& arena) {
  if (value.isNull()) {
    builder.appendNull();
    return;
  }
  const SqlType type = builder.type();
  switch (type.kind()) {
    case TypeKind::Boolean:
      builder.append<uint8_t>(std::get<bool>(value.data) ? 1 : 0);
      return;
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      builder.append(std::get<int32_t>(value.data));
      return;
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      builder.append(std::get<int64_t>(value.data));
      return;
    case TypeKind::Double:
      builder.append(std::get<double>(value.data));
      return;
    case TypeKind::Decimal:
      builder.append(std::get<Int128>(value.data));
      return;
    case TypeKind::String:
    case TypeKind::Bytes:
    case TypeKind::BigDecimal:
      builder.append(arena.copy(std::get<std::string>(value.data)));
      return;
    case TypeKind::Array:
    case TypeKind::Map:
    case TypeKind::Struct:
      break;
  }
  const auto& parts = std::get<Value::Parts>(value.data);
  const size_t numChildren = type.is(TypeKind::Struct) ? type.fields().size()
                             : type.is(TypeKind::Map)  ? 2
                                                       : 1;
  AUSPEX_ASSERT(!type.is(TypeKind::Struct) || parts.size() == numChildren);
  AUSPEX_ASSERT(numChildren == 0 || parts.size() % numChildren == 0);
  for (size_t i = 0; i < parts.size(); ++i) {
    append(builder.child(i % numChildren), parts[i], arena);
  }
  builder.closeRow();
}

}  // namespace

Value valueAt(const Column& column, size_t row) {
  AUSPEX_ASSERT(row < column.size());
  if (column.isNull(row)) {
    return Value{};
  }
  switch (column.type().kind()) {
    case TypeKind::Boolean:
      return Value{column.values<uint8_t>()[row] != 0};
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return Value{column.values<int32_t>()[row]};
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return Value{column.values<int64_t>()[row]};
    case TypeKind::Double:
      return Value{column.values<double>()[row]};
    case TypeKind::Decimal:
      return Value{column.values<Int128>()[row]};
    case TypeKind::String:
    case TypeKind::Bytes:
    case TypeKind::BigDecimal:
      return Value{std::string(column.values<std::string_view>()[row])};
    case TypeKind::Array:
    case TypeKind::Map:
    case TypeKind::Struct:
      break;
  }
  return partsOf(column, row);
}

ColumnPtr makeConstant(const SqlType& type, const Value& value, size_t numRows) {
  if (value.isNull()) {
    return Column::makeNulls(type, numRows);
  }
  const std::vector<uint32_t> rows(numRows, 0);
  return gather(makeColumn(type, {&value, 1}), rows);
}

ColumnPtr makeColumn(const SqlType& type, std::span<const Value> values) {
  const auto arena = std::make_shared<Arena>(256);
  ColumnBuilder builder(type, values.size());
  for (const Value& value : values) {
    append(builder, value, *arena);
  }
  return builder.finish({arena});
}

}  // namespace auspex::operators
