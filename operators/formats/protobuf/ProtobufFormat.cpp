// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/protobuf/ProtobufFormat.h"

#include "operators/formats/protobuf/ProtobufDecoder.h"
#include "operators/formats/protobuf/ProtobufEncoder.h"

namespace auspex::operators {

bool isProtobufScalar(const SqlType& type) {
  return type.is(TypeKind::Boolean) || type.is(TypeKind::Integer) || type.is(TypeKind::Bigint) ||
         type.is(TypeKind::Double) || type.is(TypeKind::String) || type.is(TypeKind::Bytes);
}
namespace {

/// A single key column is always unwrapped, a single value column where WRAP_SINGLE_VALUE says so.
/// Lists of lists have no form in a message, and keys of maps are STRING.
void checkType(const SqlType& type, bool inList) {
  switch (type.kind()) {
    case TypeKind::Array:
    case TypeKind::Map:
      if (inList) {
        throw FormatError("PROTOBUF_NOSR cannot hold an ARRAY or MAP right inside of another");
      }
      if (type.is(TypeKind::Map) && !type.mapKey().is(TypeKind::String)) {
        throw FormatError("PROTOBUF_NOSR only supports MAP types with STRING keys");
      }
      return checkType(type.is(TypeKind::Array) ? type.element() : type.mapValue(), true);
    case TypeKind::Struct:
      for (const StructField& field : type.fields()) {
        checkType(field.type, false);
      }
      return;
    default:
      return;
  }
}

}  // namespace

void ProtobufFormat::check(std::span<const SchemaColumn> columns, const FormatOptions&) const {
  for (const SchemaColumn& column : columns) {
    checkType(column.type, false);
  }
}

std::unique_ptr<Decoder> ProtobufFormat::makeDecoder(std::span<const SchemaColumn> columns,
                                                     const std::vector<bool>& used,
                                                     const FormatOptions& options) const {
  return std::make_unique<ProtobufDecoder>(columns, used, isUnwrapped(columns, options),
                                           options.nullable);
}

std::unique_ptr<Encoder> ProtobufFormat::makeEncoder(std::span<const SchemaColumn> columns,
                                                     const FormatOptions& options) const {
  return std::make_unique<ProtobufEncoder>(columns, isUnwrapped(columns, options),
                                           options.nullable);
}

}  // namespace auspex::operators
