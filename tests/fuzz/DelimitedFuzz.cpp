// SPDX-License-Identifier: Apache-2.0
// Lines of CSV of any bytes: what was read must be written and read again unchanged.
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
  static const std::vector<SchemaColumn> columns = {
      {"A", SqlType::string(), false},       {"B", SqlType::doubleType(), false},
      {"C", SqlType::decimal(10, 3), false}, {"D", SqlType::bytes(), false},
      {"E", SqlType::boolean(), false},      {"F", SqlType::string(), false}};
  return columns;
}

Row decode(std::string_view line) {
  const auto decoder =
      findFormat("DELIMITED")->makeDecoder(schema(), std::vector<bool>(schema().size(), true), {});
  const std::vector<std::optional<std::string_view>> data = {line};
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
  findFormat("DELIMITED")
      ->makeEncoder(schema(), {})
      ->encode(row.columns, 1, arena, written, errors);
  AUSPEX_ASSERT(errors.empty());
  const Row again = decode(*written[0]);
  AUSPEX_ASSERT(again.errors.empty());
  AUSPEX_ASSERT(text(again) == text(row));
  return 0;
}
