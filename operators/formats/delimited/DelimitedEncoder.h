// SPDX-License-Identifier: Apache-2.0
// Columns to lines of CSV without the line break.
#pragma once

#include <string>
#include <vector>

#include "operators/formats/Format.h"

namespace auspex::operators {

/// NULL is an empty field; a line of one column that is NULL is absent.
class DelimitedEncoder final : public Encoder {
 public:
  DelimitedEncoder(std::span<const SchemaColumn> columns, char delimiter);

  void encode(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
              std::vector<std::optional<std::string_view>>& result,
              std::vector<FormatRowError>& errors) override;

 private:
  size_t rowBound(std::span<const ColumnPtr> columns, size_t row) const;
  char* writeField(char* out, const Column& column, size_t row, bool isFirst) const;

  std::vector<SqlType> types_;
  char delimiter_;
};

}  // namespace auspex::operators
