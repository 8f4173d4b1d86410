// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/string/TextEncoding.h"

#include <algorithm>

#include "operators/data/Ascii.h"
#include "operators/expressions/Base64.h"
#include "operators/formats/Utf8.h"
#include "operators/functions/string/Utf16.h"

namespace auspex::operators {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

int hexDigit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

std::optional<std::string> bytesOfHex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return std::nullopt;
  }
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = hexDigit(text[i]);
    const int low = hexDigit(text[i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string hexOf(std::string_view bytes, bool upperCase) {
  const std::string_view digits = upperCase ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string asciiOf(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = codePointAt(text, i);
    bytes += point.value < 0x80 ? static_cast<char>(point.value) : '?';
    i += point.numBytes;
  }
  return bytes;
}

std::string textOfAscii(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    (static_cast<unsigned char>(c) < 0x80) ? text += c : text.append(kReplacement);
  }
  return text;
}

}  // namespace

std::optional<TextEncoding> textEncodingOf(std::string_view name) {
  const std::string upper = asciiUpper(name);
  if (upper == "HEX") {
    return TextEncoding::Hex;
  }
  if (upper == "UTF8") {
    return TextEncoding::Utf8;
  }
  if (upper == "ASCII") {
    return TextEncoding::Ascii;
  }
  return upper == "BASE64" ? std::optional(TextEncoding::Base64) : std::nullopt;
}

std::optional<std::string> bytesOfText(std::string_view text, TextEncoding encoding) {
  switch (encoding) {
    case TextEncoding::Hex:
      return bytesOfHex(text);
    case TextEncoding::Base64:
      return decodeBase64(text);
    case TextEncoding::Ascii:
      return asciiOf(text);
    case TextEncoding::Utf8:
      break;
  }
  return std::string(text);
}

std::string textOfBytes(std::string_view bytes, TextEncoding encoding, bool upperCaseHex) {
  switch (encoding) {
    case TextEncoding::Hex:
      return hexOf(bytes, upperCaseHex);
    case TextEncoding::Base64:
      return encodeBase64(bytes);
    case TextEncoding::Ascii:
      return textOfAscii(bytes);
    case TextEncoding::Utf8:
      break;
  }
  if (isUtf8(bytes)) {
    return std::string(bytes);
  }
  Arena arena;
  return std::string(replaceMalformedUtf8(bytes, arena));
}

}  // namespace auspex::operators
