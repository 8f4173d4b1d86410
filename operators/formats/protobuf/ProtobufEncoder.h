// SPDX-License-Identifier: Apache-2.0
// Columns to Protocol Buffers messages.
#pragma once

#include <string>
#include <vector>

#include "operators/formats/Format.h"

namespace auspex::operators {

/// Writes a message per row: field n is column n, counted from 1; NULL fields are left out. A row
/// whose only column is NULL and unwrapped has no bytes.
class ProtobufEncoder final : public Encoder {
 public:
  /// unwrapped: the only column is the message itself if it is a STRUCT, else its field 1.
  ProtobufEncoder(std::span<const SchemaColumn> columns, bool unwrapped,
                  NullableRepresentation nullable);

  void encode(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
              std::vector<std::optional<std::string_view>>& result,
              std::vector<FormatRowError>& errors) override;

 private:
  bool unwrapped_;
  bool isStruct_;
  bool wraps_;  // scalars stand in messages of their own
};

}  // namespace auspex::operators
