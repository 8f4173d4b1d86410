// SPDX-License-Identifier: Apache-2.0
// Lines of CSV (RFC 4180) cut into fields and written back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/data/Arena.h"

namespace auspex::operators {

/// Cuts the first line of `text` that is not empty into fields: views into `text`, or into `arena`
/// where doubled quotes had to be undone. Quotes count at the beginning of a field only; a quoted
/// field may hold line breaks. Returns what is wrong, empty when nothing is.
std::string cutCsvLine(std::string_view text, char delimiter, Arena& arena,
                       std::vector<std::string_view>& fields);

/// Most bytes that a field of `size` bytes takes.
inline size_t csvFieldBound(size_t size) {
  return 2 * size + 2;
}

/// Writes one field, quoted where a reader needs it; isFirst: it opens the line. Returns the end.
char* writeCsvField(char* out, std::string_view field, char delimiter, bool isFirst);

}  // namespace auspex::operators
