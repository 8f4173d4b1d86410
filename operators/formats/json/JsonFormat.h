// SPDX-License-Identifier: Apache-2.0
// The JSON format: any type, any number of columns, single values wrapped or not.
#pragma once

#include "operators/formats/Format.h"

namespace auspex::operators {

class JsonFormat final : public Format {
 public:
  std::string_view name() const override { return "JSON"; }
  void check(std::span<const SchemaColumn> columns, const FormatOptions& options) const override;
  std::unique_ptr<Decoder> makeDecoder(std::span<const SchemaColumn> columns,
                                       const std::vector<bool>& used,
                                       const FormatOptions& options) const override;
  std::unique_ptr<Encoder> makeEncoder(std::span<const SchemaColumn> columns,
                                       const FormatOptions& options) const override;
};

}  // namespace auspex::operators
