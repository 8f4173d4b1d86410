// SPDX-License-Identifier: Apache-2.0
// JSON documents of any bytes: several in a batch (split at byte 0xFE) must give what each gives
// alone, and what was read must be written and read again unchanged.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "operators/formats/Format.h"
#include "operators/formats/json/JsonText.h"

namespace {

using namespace auspex::operators;

const std::vector<SchemaColumn>& schema() {
  static const std::vector<SchemaColumn> columns = {
      {"A", SqlType::integer(), false},
      {"B", SqlType::string(), false},
      {"C", SqlType::array(SqlType::doubleType()), false},
      {"D", SqlType::map(SqlType::string(), SqlType::boolean()), false},
      {"E", SqlType::structOf({{"F", SqlType::decimal(5, 2)}, {"G", SqlType::bytes()}}), false},
      {"H", SqlType::bigint(), false},
      {"I", SqlType::doubleType(), false},
      {"J", SqlType::timestamp(), false}};
  return columns;
}

using Data = std::vector<std::optional<std::string_view>>;

/// Documents in memory of exactly their size, so that reads beyond them are seen.
Data exactCopies(std::string_view bytes, std::vector<std::unique_ptr<char[]>>& memory) {
  Data data;
  while (true) {
    const size_t end = bytes.find('\xfe');
    const std::string_view document = bytes.substr(0, end);
    memory.push_back(std::make_unique<char[]>(document.size()));
    document.copy(memory.back().get(), document.size());
    data.emplace_back(std::string_view(memory.back().get(), document.size()));
    if (end == std::string_view::npos) {
      return data;
    }
    bytes.remove_prefix(end + 1);
  }
}

struct Rows {
  std::vector<ColumnPtr> columns;
  std::vector<FormatRowError> errors;
};

/// One decoder for all: what it remembers of earlier documents must not show.
Rows decode(const Data& data) {
  static const auto decoder =
      findFormat("JSON")->makeDecoder(schema(), std::vector<bool>(schema().size(), true), {});
  Rows rows;
  decoder->decode(data, nullptr, rows.columns, rows.errors);
  return rows;
}

std::string text(const Rows& rows, size_t row) {
  std::string result;
  for (const ColumnPtr& column : rows.columns) {
    appendJson(*column, row, result);
    result += ' ';
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  std::vector<std::unique_ptr<char[]>> memory;
  const Data data = exactCopies({reinterpret_cast<const char*>(bytes), size}, memory);
  const Rows together = decode(data);
  size_t numErrors = 0;
  for (size_t row = 0; row < data.size(); ++row) {
    const Rows alone = decode({data[row]});
    numErrors += alone.errors.size();
    AUSPEX_ASSERT(text(alone, 0) == text(together, row));
  }
  AUSPEX_ASSERT(numErrors == together.errors.size());

  Arena arena;
  Data written;
  std::vector<FormatRowError> errors;
  findFormat("JSON")
      ->makeEncoder(schema(), {})
      ->encode(together.columns, data.size(), arena, written, errors);
  const Rows again = decode(written);
  AUSPEX_ASSERT(errors.empty());
  AUSPEX_ASSERT(again.errors.empty());
  for (size_t row = 0; row < data.size(); ++row) {
    AUSPEX_ASSERT(text(again, row) == text(together, row));
  }
  return 0;
}
