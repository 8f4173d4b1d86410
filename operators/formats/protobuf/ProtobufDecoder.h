// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers messages to columns.
#pragma once

#include <string>
#include <vector>

#include "operators/data/ColumnBuilder.h"
#include "operators/formats/Format.h"

namespace auspex::operators {

/// Reads what ProtobufEncoder writes, and what others write of the same message: field n is column
/// n. As proto3 has it, a number, text or boolean that is missing is 0, "" or false, a list that is
/// missing is empty, and only messages (STRUCT, DECIMAL, times) can be NULL, unless `nullable` says
/// otherwise. Unknown fields are passed over; of a field that comes twice the last one counts.
class ProtobufDecoder final : public Decoder {
 public:
  ProtobufDecoder(std::span<const SchemaColumn> columns, const std::vector<bool>& used,
                  bool unwrapped, NullableRepresentation nullable);

  void decode(std::span<const std::optional<std::string_view>> data, const Owner& owner,
              std::vector<ColumnPtr>& columns, std::vector<FormatRowError>& errors) override;

 private:
  std::vector<SqlType> types_;
  std::vector<bool> used_;
  bool isStruct_;
  NullableRepresentation nullable_;
};

}  // namespace auspex::operators
