// SPDX-License-Identifier: Apache-2.0
// The DELIMITED format: one line of CSV per record, columns by position.
#pragma once

#include "operators/formats/Format.h"

namespace auspex::operators {

/// RFC 4180 with a delimiter of choice: quotes only where needed, doubled inside. An empty field is
/// NULL. No ARRAY, MAP, STRUCT.
class DelimitedFormat final : public Format {
 public:
  std::string_view name() const override { return "DELIMITED"; }
  void check(std::span<const SchemaColumn> columns, const FormatOptions& options) const override;
  std::unique_ptr<Decoder> makeDecoder(std::span<const SchemaColumn> columns,
                                       const std::vector<bool>& used,
                                       const FormatOptions& options) const override;
  std::unique_ptr<Encoder> makeEncoder(std::span<const SchemaColumn> columns,
                                       const FormatOptions& options) const override;
};

/// The delimiter that an option names: empty = comma, SPACE, TAB, or one character. Throws
/// FormatError.
char delimiterOf(const std::string& option);

}  // namespace auspex::operators
