// SPDX-License-Identifier: Apache-2.0
// Stored rows of any bytes: damage throws, and what is a row encodes to a row with the same values.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include "operators/data/RowCodec.h"
#include "operators/formats/json/JsonText.h"

using namespace auspex::operators;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const RowCodec codec(
      {SqlType::boolean(), SqlType::integer(), SqlType::string(),
       SqlType::array(SqlType::array(SqlType::bytes())),
       SqlType::map(SqlType::string(), SqlType::bigint()), SqlType::decimal(30, 2),
       SqlType::structOf({{"A", SqlType::doubleType()}, {"B", SqlType::array(SqlType::date())}})});
  const auto exact = std::make_unique<char[]>(size);
  std::string_view(reinterpret_cast<const char*>(bytes), size).copy(exact.get(), size);
  const std::string_view row(exact.get(), size);
  std::vector<ColumnPtr> columns;
  try {
    columns = codec.decode({&row, 1}, nullptr);
  } catch (const std::runtime_error&) {
    return 0;
  }
  std::string encoded;
  codec.encode(columns, 0, encoded);
  const std::string_view view = encoded;
  const std::vector<ColumnPtr> again = codec.decode({&view, 1}, nullptr);
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string before;
    std::string after;
    appendJson(*columns[i], 0, before);
    appendJson(*again[i], 0, after);
    AUSPEX_ASSERT(before == after);
  }
  return 0;
}
