// SPDX-License-Identifier: Apache-2.0
// Ways to write bytes as text: hex, utf8, ascii and base64.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace auspex::operators {

enum class TextEncoding { Hex, Utf8, Ascii, Base64 };

/// By its name in any case.
std::optional<TextEncoding> textEncodingOf(std::string_view name);

/// The bytes that the text stands for; nullopt when it is not written so. Characters that ASCII
/// does not have become `?`.
std::optional<std::string> bytesOfText(std::string_view text, TextEncoding encoding);

/// The text for bytes; what is no character in UTF-8 or ASCII becomes U+FFFD.
std::string textOfBytes(std::string_view bytes, TextEncoding encoding, bool upperCaseHex);

}  // namespace auspex::operators
