// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/string/Utf16.h"

#include <algorithm>
#include <cstring>

namespace auspex::operators {

bool isAscii(std::string_view text) {
  size_t i = 0;
  uint64_t seen = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    seen |= word;
  }
  for (; i < text.size(); ++i) {
    seen |= static_cast<unsigned char>(text[i]);
  }
  return (seen & 0x8080808080808080U) == 0;
}

size_t characterBytes(std::string_view text, size_t position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  const size_t length = lead < 0xC0 ? 1 : (lead < 0xE0 ? 2 : (lead < 0xF0 ? 3 : 4));
  return std::min(length, text.size() - position);
}

size_t utf16Length(std::string_view text) {
  size_t length = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    length += (byte & 0xC0) != 0x80 ? 1 : 0;
    length += byte >= 0xF0 ? 1 : 0;
  }
  return length;
}

size_t bytePosition(std::string_view text, size_t index) {
  size_t position = 0;
  size_t units = 0;
  while (position < text.size() && units < index) {
    const size_t numBytes = characterBytes(text, position);
    units += numBytes == 4 ? 2 : 1;
    position += numBytes;
  }
  return position;
}

CodePoint codePointAt(std::string_view text, size_t position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  const size_t numBytes = characterBytes(text, position);
  if (numBytes == 1) {
    return {lead, 1};
  }
  char32_t value = lead & (0x7FU >> numBytes);
  for (size_t i = 1; i < numBytes; ++i) {
    value = value << 6 | (static_cast<unsigned char>(text[position + i]) & 0x3FU);
  }
  return {value, numBytes};
}

void appendCodePoint(std::string& out, char32_t codePoint) {
  const auto byte = [&](char32_t bits) {
    out += static_cast<char>(static_cast<unsigned char>(bits));
  };
  if (codePoint < 0x80) {
    byte(codePoint);
  } else if (codePoint < 0x800) {
    byte(0xC0 | codePoint >> 6);
    byte(0x80 | (codePoint & 0x3F));
  } else if (codePoint < 0x10000) {
    byte(0xE0 | codePoint >> 12);
    byte(0x80 | (codePoint >> 6 & 0x3F));
    byte(0x80 | (codePoint & 0x3F));
  } else {
    byte(0xF0 | codePoint >> 18);
    byte(0x80 | (codePoint >> 12 & 0x3F));
    byte(0x80 | (codePoint >> 6 & 0x3F));
    byte(0x80 | (codePoint & 0x3F));
  }
}

char32_t toUpper(char32_t c) {
  if (c < 0x80) {
    return c >= 'a' && c <= 'z' ? c - 32 : c;
  }
  if ((c >= 0xE0 && c <= 0xFE && c != 0xF7) || (c >= 0x3B1 && c <= 0x3CB && c != 0x3C2) ||
      (c >= 0x430 && c <= 0x44F)) {
    return c - 32;
  }
  if (c >= 0x450 && c <= 0x45F) {
    return c - 80;
  }
  if (c == 0xFF) {
    return 0x178;
  }
  // Latin Extended-A comes in pairs of upper and lower; the parity changes at its gaps.
  const bool oddIsLower = (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177);
  const bool evenIsLower = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  if ((oddIsLower && c % 2 == 1 && c != 0x131) || (evenIsLower && c % 2 == 0)) {
    return c - 1;
  }
  return c;
}

char32_t toLower(char32_t c) {
  if (c < 0x80) {
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
  }
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3AB && c != 0x3A2) ||
      (c >= 0x410 && c <= 0x42F)) {
    return c + 32;
  }
  if (c >= 0x400 && c <= 0x40F) {
    return c + 80;
  }
  if (c == 0x178) {
    return 0xFF;
  }
  const bool evenIsUpper = (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177);
  const bool oddIsUpper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  if ((evenIsUpper && c % 2 == 0 && c != 0x130) || (oddIsUpper && c % 2 == 1)) {
    return c + 1;
  }
  return c;
}

}  // namespace auspex::operators
