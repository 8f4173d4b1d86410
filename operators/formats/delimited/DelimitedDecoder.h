// SPDX-License-Identifier: Apache-2.0
// Lines of CSV to columns.
#pragma once

#include <vector>

#include "operators/data/ColumnBuilder.h"
#include "operators/formats/Format.h"

namespace auspex::operators {

/// Reads the first line of each record; the number of fields must be the number of columns. Used
/// fields are converted as Java reads them: whole numbers, doubles, DECIMAL without rounding, true
/// (in any case) or else false, times as numbers, BYTES as Base64.
class DelimitedDecoder final : public Decoder {
 public:
  DelimitedDecoder(std::span<const SchemaColumn> columns, const std::vector<bool>& used,
                   char delimiter);

  void decode(std::span<const std::optional<std::string_view>> data, const Owner& owner,
              std::vector<ColumnPtr>& columns, std::vector<FormatRowError>& errors) override;

 private:
  std::string decodeRow(std::string_view text, Arena& arena);
  bool convert(std::string_view field, Arena& arena, ColumnBuilder& builder) const;

  std::vector<SchemaColumn> schema_;
  std::vector<bool> used_;
  char delimiter_;
  std::vector<ColumnBuilder> builders_;  // one per column; unused ones stay empty
  std::vector<std::string_view> fields_;
};

}  // namespace auspex::operators
