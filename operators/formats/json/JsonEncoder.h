// SPDX-License-Identifier: Apache-2.0
// Columns to JSON documents.
#pragma once

#include <string>
#include <vector>

#include "operators/formats/Format.h"

namespace auspex::operators {

/// Writes `{"A":1,"B":null}` with the columns in order, or the bare value of the only column when
/// `unwrapped` (absent where it is NULL).
class JsonEncoder final : public Encoder {
 public:
  JsonEncoder(std::span<const SchemaColumn> columns, bool unwrapped);

  void encode(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
              std::vector<std::optional<std::string_view>>& result,
              std::vector<FormatRowError>& errors) override;

 private:
  /// A column with its memory at hand; all writing goes through one switch on `kind`.
  struct Source {
    const Column* column = nullptr;
    TypeKind kind = TypeKind::Boolean;
    int scale = 0;
    const void* values = nullptr;
    const uint8_t* validity = nullptr;

    bool isNull(size_t row) const {
      return column == nullptr || (validity != nullptr && validity[row] == 0);
    }
  };

  static Source sourceOf(const ColumnPtr& column);
  size_t variableBound(size_t row);
  char* writeValue(char* out, const Source& source, size_t row);

  bool unwrapped_;
  std::vector<std::string> prefixes_;  // `{"A":`, `,"B":`
  size_t fixedBound_ = 0;              // of what does not depend on the row
  std::vector<Source> sources_;
  std::string rendered_;      // BYTES and nested values of the row being written, in order
  std::vector<size_t> ends_;  // where each of them ends
  size_t nextRendered_ = 0;
};

}  // namespace auspex::operators
