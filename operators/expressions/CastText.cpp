// SPDX-License-Identifier: Apache-2.0
// Values of every type as the text that CAST(... AS STRING) gives.
#include <fmt/format.h>

#include <iterator>

#include "operators/data/NumberText.h"
#include "operators/expressions/Base64.h"
#include "operators/expressions/CastKernels.h"
#include "operators/expressions/DecimalMath.h"
#include "operators/expressions/TimeText.h"

namespace auspex::operators {

namespace {

void appendNested(std::string& out, const Column& column, size_t row) {
  const SqlType& type = column.type();
  if (type.is(TypeKind::Struct)) {
    out += "Struct{";
    bool first = true;
    for (size_t i = 0; i < column.children().size(); ++i) {
      // Connect's form leaves out fields that are null.
      if (column.children()[i]->isNull(row)) {
        continue;
      }
      out += first ? "" : ",";
      first = false;
      out += type.fields()[i].name + "=";
      appendText(out, *column.children()[i], row);
    }
    out += '}';
    return;
  }
  const bool isMap = type.is(TypeKind::Map);
  out += isMap ? '{' : '[';
  const uint32_t begin = column.offsets()[row];
  for (uint32_t i = begin; i < column.offsets()[row + 1]; ++i) {
    out += i == begin ? "" : ", ";
    appendText(out, *column.children()[0], i);
    if (isMap) {
      out += '=';
      appendText(out, *column.children()[1], i);
    }
  }
  out += isMap ? '}' : ']';
}

}  // namespace

void appendText(std::string& out, const Column& column, size_t row) {
  if (column.isNull(row)) {
    out += "null";
    return;
  }
  switch (column.type().kind()) {
    case TypeKind::Boolean:
      out += column.values<uint8_t>()[row] != 0 ? "true" : "false";
      return;
    case TypeKind::Integer:
      fmt::format_to(std::back_inserter(out), "{}", column.values<int32_t>()[row]);
      return;
    case TypeKind::Bigint:
      fmt::format_to(std::back_inserter(out), "{}", column.values<int64_t>()[row]);
      return;
    case TypeKind::Double:
      appendJavaDouble(out, column.values<double>()[row]);
      return;
    case TypeKind::Decimal:
      out += decimalText(column.values<Int128>()[row], column.type().scale());
      return;
    case TypeKind::String:
    case TypeKind::BigDecimal:
      out += column.values<std::string_view>()[row];
      return;
    case TypeKind::Bytes:
      out += encodeBase64(column.values<std::string_view>()[row]);
      return;
    case TypeKind::Time:
      out += timeText(column.values<int32_t>()[row]);
      return;
    case TypeKind::Date:
      out += dateText(column.values<int32_t>()[row]);
      return;
    case TypeKind::Timestamp:
      out += timestampText(column.values<int64_t>()[row]);
      return;
    case TypeKind::Array:
    case TypeKind::Map:
    case TypeKind::Struct:
      break;
  }
  appendNested(out, column, row);
}

std::string textOf(const SqlType& type, const Value& value) {
  std::string text;
  appendText(text, *makeColumn(type, {&value, 1}), 0);
  return text;
}

}  // namespace auspex::operators
