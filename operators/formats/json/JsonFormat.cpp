// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonFormat.h"

#include "operators/formats/json/JsonDecoder.h"
#include "operators/formats/json/JsonEncoder.h"

namespace auspex::operators {

namespace {

/// A single key column is always unwrapped, a single value column where WRAP_SINGLE_VALUE says so.
void checkType(const SqlType& type) {
  switch (type.kind()) {
    case TypeKind::Array:
      return checkType(type.element());
    case TypeKind::Map:
      if (!type.mapKey().is(TypeKind::String)) {
        throw FormatError("JSON only supports MAP types with STRING keys");
      }
      return checkType(type.mapValue());
    case TypeKind::Struct:
      for (const StructField& field : type.fields()) {
        checkType(field.type);
      }
      return;
    default:
      return;
  }
}

}  // namespace

void JsonFormat::check(std::span<const SchemaColumn> columns, const FormatOptions&) const {
  for (const SchemaColumn& column : columns) {
    checkType(column.type);
  }
}

std::unique_ptr<Decoder> JsonFormat::makeDecoder(std::span<const SchemaColumn> columns,
                                                 const std::vector<bool>& used,
                                                 const FormatOptions& options) const {
  return std::make_unique<JsonDecoder>(columns, used, isUnwrapped(columns, options));
}

std::unique_ptr<Encoder> JsonFormat::makeEncoder(std::span<const SchemaColumn> columns,
                                                 const FormatOptions& options) const {
  return std::make_unique<JsonEncoder>(columns, isUnwrapped(columns, options));
}

}  // namespace auspex::operators
