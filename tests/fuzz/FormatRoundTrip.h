// SPDX-License-Identifier: Apache-2.0
// Bytes of any kind as a record of a format: what was read must be written and read again
// unchanged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "operators/data/Assert.h"
#include "operators/formats/Format.h"
#include "operators/formats/json/JsonText.h"

namespace auspex::operators {

class FormatRoundTrip {
 public:
  /// mayRefuse: some of what the format reads it cannot write.
  FormatRoundTrip(std::string_view format, std::vector<SchemaColumn> schema, bool mayRefuse)
      : format_(*findFormat(format)), schema_(std::move(schema)), mayRefuse_(mayRefuse) {}

  void check(const uint8_t* bytes, size_t size) const {
    // A buffer of exactly this size, so that the sanitizer sees a read beyond its end.
    const auto exact = std::make_unique<char[]>(size);
    std::string_view(reinterpret_cast<const char*>(bytes), size).copy(exact.get(), size);
    const Row row = decode({exact.get(), size});
    if (!row.errors.empty()) {
      return;
    }
    Arena arena;
    std::vector<std::optional<std::string_view>> written;
    std::vector<FormatRowError> errors;
    format_.makeEncoder(schema_, {})->encode(row.columns, 1, arena, written, errors);
    AUSPEX_ASSERT(mayRefuse_ || errors.empty());
    if (!errors.empty()) {
      return;
    }
    const Row again = decode(*written[0]);
    AUSPEX_ASSERT(again.errors.empty());
    AUSPEX_ASSERT(text(again) == text(row));
  }

 private:
  struct Row {
    std::vector<ColumnPtr> columns;
    std::vector<FormatRowError> errors;
  };

  Row decode(std::string_view record) const {
    const auto decoder = format_.makeDecoder(schema_, std::vector<bool>(schema_.size(), true), {});
    const std::vector<std::optional<std::string_view>> data = {record};
    Row row;
    decoder->decode(data, nullptr, row.columns, row.errors);
    return row;
  }

  static std::string text(const Row& row) {
    std::string result;
    for (const ColumnPtr& column : row.columns) {
      appendJson(*column, 0, result);
      result += ' ';
    }
    return result;
  }

  const Format& format_;
  std::vector<SchemaColumn> schema_;
  bool mayRefuse_;
};

}  // namespace auspex::operators
