// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/delimited/DelimitedFormat.h"

#include "operators/formats/TypeSupport.h"
#include "operators/formats/delimited/DelimitedDecoder.h"
#include "operators/formats/delimited/DelimitedEncoder.h"

namespace auspex::operators {

char delimiterOf(const std::string& option) {
  if (option.empty()) {
    return ',';
  }
  if (option == "SPACE" || option == "TAB") {
    return option == "SPACE" ? ' ' : '\t';
  }
  if (option.size() != 1 || option == "\"" || option == "\n" || option == "\r" ||
      static_cast<unsigned char>(option[0]) >= 0x80) {
    throw FormatError("Invalid delimiter value: '" + option +
                      "'. Delimiter must be a single character or TAB,SPACE");
  }
  return option[0];
}

void DelimitedFormat::check(std::span<const SchemaColumn> columns,
                            const FormatOptions& options) const {
  refuseWrapping(name(), options);
  delimiterOf(options.delimiter);
  for (const SchemaColumn& column : columns) {
    if (column.type.is(TypeKind::Array) || column.type.is(TypeKind::Map) ||
        column.type.is(TypeKind::Struct)) {
      throw FormatError("The 'DELIMITED' format does not support type '" +
                        baseTypeName(column.type) + "', column: `" + column.name + "`");
    }
  }
}

std::unique_ptr<Decoder> DelimitedFormat::makeDecoder(std::span<const SchemaColumn> columns,
                                                      const std::vector<bool>& used,
                                                      const FormatOptions& options) const {
  return std::make_unique<DelimitedDecoder>(columns, used, delimiterOf(options.delimiter));
}

std::unique_ptr<Encoder> DelimitedFormat::makeEncoder(std::span<const SchemaColumn> columns,
                                                      const FormatOptions& options) const {
  return std::make_unique<DelimitedEncoder>(columns, delimiterOf(options.delimiter));
}

}  // namespace auspex::operators
