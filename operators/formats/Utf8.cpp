// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/Utf8.h"

#include <cstdint>
#include <cstring>
#include <string>

namespace auspex::operators {

namespace {

/// Length of the character at `bytes` (not empty), or minus the length of the malformed part there.
int characterLength(std::string_view bytes) {
  const auto byteAt = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t first = byteAt(0);
  if (first < 0x80) {
    return 1;
  }
  if (first < 0xc2 || first > 0xf4) {
    return -1;
  }
  const int length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  // The second byte's range excludes overlong forms, surrogates and what is beyond U+10FFFF.
  const uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  for (int i = 1; i < length; ++i) {
    const auto at = static_cast<size_t>(i);
    if (at >= bytes.size() || byteAt(at) < (i == 1 ? low : 0x80) ||
        byteAt(at) > (i == 1 ? high : 0xbf)) {
      return -i;
    }
  }
  return length;
}

template <typename Word>
bool isAsciiWord(const char* bytes) {
  Word word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return (word & static_cast<Word>(0x8080808080808080U)) == 0;
}

/// For less than 8 bytes, as many keys are: two words that overlap.
bool isShortAscii(std::string_view bytes) {
  const char* const end = bytes.data() + bytes.size();
  if (bytes.size() >= 4) {
    return isAsciiWord<uint32_t>(bytes.data()) && isAsciiWord<uint32_t>(end - 4);
  }
  if (bytes.size() >= 2) {
    return isAsciiWord<uint16_t>(bytes.data()) && isAsciiWord<uint16_t>(end - 2);
  }
  return bytes.empty() || isAsciiWord<uint8_t>(bytes.data());
}

}  // namespace

bool isUtf8(std::string_view bytes) {
  while (true) {
    while (bytes.size() >= 8 && isAsciiWord<uint64_t>(bytes.data())) {
      bytes.remove_prefix(8);
    }
    if (bytes.size() < 8 && isShortAscii(bytes)) {
      return true;
    }
    const int length = characterLength(bytes);
    if (length < 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(length));
  }
}

std::string_view replaceMalformedUtf8(std::string_view bytes, Arena& arena) {
  std::string text;
  text.reserve(bytes.size() + 16);
  while (!bytes.empty()) {
    const int length = characterLength(bytes);
    const auto size = static_cast<size_t>(length < 0 ? -length : length);
    text += length < 0 ? std::string_view("\xef\xbf\xbd") : bytes.substr(0, size);
    bytes.remove_prefix(size);
  }
  return arena.copy(text);
}

}  // namespace auspex::operators
