// SPDX-License-Identifier: Apache-2.0
// Positions in UTF-8 text counted as in Java: in UTF-16 units, where a character beyond U+FFFF is
// two.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auspex::operators {

/// Whether every byte is a character of its own.
bool isAscii(std::string_view text);

/// Bytes of the UTF-8 character that begins with `lead`; never beyond what is there.
size_t characterBytes(std::string_view text, size_t position);

/// Length in UTF-16 units.
size_t utf16Length(std::string_view text);

/// Byte position of UTF-16 unit `index`; the text's size when it lies beyond. Inside a pair: behind
/// the character.
size_t bytePosition(std::string_view text, size_t index);

/// The code point at a byte position and its length in bytes; malformed bytes stand for themselves.
struct CodePoint {
  char32_t value = 0;
  size_t numBytes = 1;
};
CodePoint codePointAt(std::string_view text, size_t position);

/// Appends the UTF-8 form.
void appendCodePoint(std::string& out, char32_t codePoint);

// Java's mappings for Latin, Greek and Cyrillic letters, which have one simple counterpart; other
// characters stay as they are.
char32_t toUpper(char32_t c);
char32_t toLower(char32_t c);

}  // namespace auspex::operators
