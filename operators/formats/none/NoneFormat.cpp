// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/none/NoneFormat.h"

#include "operators/formats/TypeSupport.h"

namespace auspex::operators {

namespace {

/// Ignores whatever bytes there are.
class NoneDecoder final : public Decoder {
 public:
  void decode(std::span<const std::optional<std::string_view>>, const Owner&,
              std::vector<ColumnPtr>& columns, std::vector<FormatRowError>&) override {
    columns.clear();
  }
};

class NoneEncoder final : public Encoder {
 public:
  void encode(std::span<const ColumnPtr>, size_t numRows, Arena&,
              std::vector<std::optional<std::string_view>>& result,
              std::vector<FormatRowError>&) override {
    result.assign(numRows, std::nullopt);
  }
};

}  // namespace

void NoneFormat::check(std::span<const SchemaColumn> columns, const FormatOptions&) const {
  if (!columns.empty()) {
    throw FormatError("The 'NONE' format can only be used when no columns are defined. Got: " +
                      columnList(columns));
  }
}

std::unique_ptr<Decoder> NoneFormat::makeDecoder(std::span<const SchemaColumn> columns,
                                                 const std::vector<bool>&,
                                                 const FormatOptions&) const {
  AUSPEX_ASSERT(columns.empty());
  return std::make_unique<NoneDecoder>();
}

std::unique_ptr<Encoder> NoneFormat::makeEncoder(std::span<const SchemaColumn> columns,
                                                 const FormatOptions&) const {
  AUSPEX_ASSERT(columns.empty());
  return std::make_unique<NoneEncoder>();
}

}  // namespace auspex::operators
