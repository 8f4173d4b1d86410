// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648, padded): how BYTES are written as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace auspex::operators {

std::string encodeBase64(std::string_view bytes);
/// nullopt when the text is not padded Base64.
std::optional<std::string> decodeBase64(std::string_view text);

}  // namespace auspex::operators
