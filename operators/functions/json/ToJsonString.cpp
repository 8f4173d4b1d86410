// SPDX-License-Identifier: Apache-2.0
// TO_JSON_STRING: a value of any type as JSON text, with dates and times as ISO text.
#include "operators/data/NumberText.h"
#include "operators/expressions/Base64.h"
#include "operators/expressions/TimeText.h"
#include "operators/formats/json/JsonText.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"

namespace auspex::operators {

namespace {

void appendValue(const Column& column, size_t row, std::string& out);

void appendArray(const Column& column, size_t row, std::string& out) {
  out += '[';
  for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
    out += i == column.offsets()[row] ? "" : ",";
    appendValue(*column.children()[0], i, out);
  }
  out += ']';
}

/// Keys of other types than STRING are written as their JSON text within quotes.
void appendKey(const Column& keys, size_t row, std::string& out) {
  if (keys.type().is(TypeKind::String) && !keys.isNull(row)) {
    appendJsonString(out, keys.values<std::string_view>()[row]);
    return;
  }
  std::string text;
  appendValue(keys, row, text);
  appendJsonString(out, text);
}

void appendMap(const Column& column, size_t row, std::string& out) {
  out += '{';
  for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
    out += i == column.offsets()[row] ? "" : ",";
    appendKey(*column.children()[0], i, out);
    out += ':';
    appendValue(*column.children()[1], i, out);
  }
  out += '}';
}

void appendStruct(const Column& column, size_t row, std::string& out) {
  out += '{';
  const std::vector<StructField>& fields = column.type().fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    out += i == 0 ? "" : ",";
    appendJsonString(out, fields[i].name);
    out += ':';
    appendValue(*column.children()[i], row, out);
  }
  out += '}';
}

void appendValue(const Column& column, size_t row, std::string& out) {
  if (column.isNull(row)) {
    out += "null";
    return;
  }
  switch (column.type().kind()) {
    case TypeKind::Array:
      return appendArray(column, row, out);
    case TypeKind::Map:
      return appendMap(column, row, out);
    case TypeKind::Struct:
      return appendStruct(column, row, out);
    case TypeKind::Date:
      return appendJsonString(out, dateText(column.values<int32_t>()[row]));
    case TypeKind::Time:
      return appendJsonString(out, timeText(column.values<int32_t>()[row]));
    case TypeKind::Timestamp:
      return appendJsonString(out, timestampText(column.values<int64_t>()[row]));
    case TypeKind::Bytes:
      return appendJsonString(out, encodeBase64(column.values<std::string_view>()[row]));
    default:
      return appendJson(column, row, out);
  }
}

ColumnPtr toJsonKernel(const KernelInput& input) {
  const Operand& value = input.arguments[0];
  const auto arena = std::make_shared<Arena>();
  std::vector<std::string_view> texts(input.numRows, std::string_view("", 0));
  std::string text;
  input.rows.forEach([&](size_t row) {
    text.clear();
    appendValue(*value.column, value.rowOf(row), text);
    texts[row] = arena->copy(text);
  });
  return Column::make(input.resultType, std::move(texts), {}, {arena});
}

}  // namespace

void addToJsonString(FunctionRegistry& registry) {
  registry.add(ScalarFunction{"TO_JSON_STRING",
                              "JSON",
                              "A value of any type as JSON; `null` for NULL.",
                              "TO_JSON_STRING(ARRAY[1, 2]) -> '[1,2]'",
                              {{"(T) -> STRING", toJsonKernel}}});
}

}  // namespace auspex::operators
