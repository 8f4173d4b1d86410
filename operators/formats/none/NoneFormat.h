// SPDX-License-Identifier: Apache-2.0
// The NONE format: keys that hold nothing.
#pragma once

#include "operators/formats/Format.h"

namespace auspex::operators {

class NoneFormat final : public Format {
 public:
  std::string_view name() const override { return "NONE"; }
  void check(std::span<const SchemaColumn> columns, const FormatOptions& options) const override;
  std::unique_ptr<Decoder> makeDecoder(std::span<const SchemaColumn> columns,
                                       const std::vector<bool>& used,
                                       const FormatOptions& options) const override;
  std::unique_ptr<Encoder> makeEncoder(std::span<const SchemaColumn> columns,
                                       const FormatOptions& options) const override;
};

}  // namespace auspex::operators
