// SPDX-License-Identifier: Apache-2.0
// The list of formats.
#include <algorithm>
#include <array>
#include <cctype>

#include "operators/data/Ascii.h"
#include "operators/formats/Format.h"
#include "operators/formats/delimited/DelimitedFormat.h"
#include "operators/formats/json/JsonFormat.h"
#include "operators/formats/kafka/KafkaFormat.h"
#include "operators/formats/none/NoneFormat.h"
#include "operators/formats/protobuf/ProtobufFormat.h"

namespace auspex::operators {

namespace {

const std::array<const Format*, 5>& allFormats() {
  static const DelimitedFormat delimited;
  static const JsonFormat json;
  static const KafkaFormat kafka;
  static const NoneFormat none;
  static const ProtobufFormat protobuf;
  static const std::array<const Format*, 5> formats = {&delimited, &json, &kafka, &none, &protobuf};
  return formats;
}

}  // namespace

bool isUnwrapped(std::span<const SchemaColumn> columns, const FormatOptions& options) {
  return columns.size() == 1 && (options.isKey || !options.wrapSingleValue.value_or(true));
}

const Format* findFormat(std::string_view name) {
  for (const Format* const format : allFormats()) {
    if (equalsIgnoringCase(format->name(), name)) {
      return format;
    }
  }
  return nullptr;
}

std::vector<std::string> formatNames() {
  std::vector<std::string> names;
  for (const Format* const format : allFormats()) {
    names.emplace_back(format->name());
  }
  return names;
}

}  // namespace auspex::operators
