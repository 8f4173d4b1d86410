// SPDX-License-Identifier: Apache-2.0
// Short ways to decode texts and to see rows, for tests of formats.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operators/formats/Format.h"

namespace auspex::operators {

/// A document or line; absent: no value.
using Text = std::optional<std::string>;

/// What a decoder made of some texts. Rows are JSON arrays of the used columns, in order.
struct Decoded {
  std::vector<std::string> rows;
  std::vector<FormatRowError> errors;
  std::vector<ColumnPtr> columns;
};

/// Decodes `texts` from memory of exactly their size that is gone afterwards (except through the
/// columns), so that a sanitizer sees what reads beyond or too late.
Decoded decodeTexts(Decoder& decoder, const std::vector<Text>& texts);

/// All columns used.
Decoded decodeTexts(const std::string& format, const std::vector<SchemaColumn>& columns,
                    const std::vector<Text>& texts, const FormatOptions& options = {});

/// The only row, or the only error.
std::string decodeOne(const std::string& format, const SqlType& type, const std::string& text,
                      const FormatOptions& options);

/// What the encoder makes of the rows; `<absent>` for absent ones.
std::vector<std::string> encodeRows(const std::string& format,
                                    const std::vector<SchemaColumn>& schema,
                                    const std::vector<ColumnPtr>& columns,
                                    const FormatOptions& options = {});

}  // namespace auspex::operators
