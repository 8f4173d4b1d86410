// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/TypeSupport.h"

namespace auspex::operators {

std::string baseTypeName(const SqlType& type) {
  const std::string text = type.toString();
  return text.substr(0, text.find_first_of("(<"));
}

std::string columnList(std::span<const SchemaColumn> columns) {
  return "[" + Schema({columns.begin(), columns.end()}).toString() + "]";
}

void refuseWrapping(std::string_view format, const FormatOptions& options) {
  if (options.wrapSingleValue.value_or(false)) {
    throw FormatError("Format '" + std::string(format) +
                      "' does not support 'WRAP_SINGLE_VALUE' set to 'true'.");
  }
}

}  // namespace auspex::operators
