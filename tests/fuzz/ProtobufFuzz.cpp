// SPDX-License-Identifier: Apache-2.0
// Messages of any bytes: what was read must be written and read again unchanged.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "operators/formats/Format.h"
#include "operators/formats/json/JsonText.h"

namespace {

using namespace auspex::operators;

struct Row {
  std::vector<ColumnPtr> columns;
  std::vector<FormatRowError> errors;
};

const std::vector<SchemaColumn>& schema() {
  static const SqlType inner =
      SqlType::structOf({{"X", SqlType::integer()}, {"Y", SqlType::array(SqlType::doubleType())}});
  static const std::vector<SchemaColumn> columns = {
      {"A", SqlType::string(), false},
      {"B", SqlType::decimal(10, 3), false},
      {"C", SqlType::array(SqlType::bigint()), false},
      {"D", SqlType::map(SqlType::string(), SqlType::bytes()), false},
      {"E", SqlType::array(inner), false},
      {"F", SqlType::date(), false},
      {"G", SqlType::time(), false},
      {"H", SqlType::timestamp(), false}};
  return columns;
}

Row decode(std::string_view message) {
  const auto decoder = findFormat("PROTOBUF_NOSR")
                           ->makeDecoder(schema(), std::vector<bool>(schema().size(), true), {});
  const std::vector<std::optional<std::string_view>> data = {message};
  Row row;
  decoder->decode(data, nullptr, row.columns, row.errors);
  return row;
}

std::string text(const Row& row) {
  std::string result;
  for (const ColumnPtr& column : row.columns) {
    appendJson(*column, 0, result);
    result += ' ';
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto exact = std::make_unique<char[]>(size);
  std::string_view(reinterpret_cast<const char*>(bytes), size).copy(exact.get(), size);
  const Row row = decode({exact.get(), size});
  if (!row.errors.empty()) {
    return 0;
  }
  Arena arena;
  std::vector<std::optional<std::string_view>> written;
  std::vector<FormatRowError> errors;
  findFormat("PROTOBUF_NOSR")
      ->makeEncoder(schema(), {})
      ->encode(row.columns, 1, arena, written, errors);
  if (!errors.empty()) {
    return 0;  // a NULL within a list: read from a message without its parts, written by none
  }
  const Row again = decode(*written[0]);
  AUSPEX_ASSERT(again.errors.empty());
  AUSPEX_ASSERT(text(again) == text(row));
  return 0;
}
