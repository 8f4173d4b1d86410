// SPDX-License-Identifier: Apache-2.0
// Where the tokens of JSON text begin: the first of the two steps of reading JSON, many documents
// at a time. The only header that stands for simdjson.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace auspex::operators {

/// Bytes after JSON text that must be readable.
inline constexpr size_t kJsonPadding = 64;

/// Tokens of valid UTF-8 text: `{ } [ ] : ,`, the opening quote of each string, the first byte of
/// everything else. Strings are closed and hold no control characters; nothing more is known.
/// at[count] and at[count + 1] are the size of the text, and text[size] is 0: a walk that looks at
/// the byte of a token before it goes on cannot leave the text.
struct JsonTokens {
  const char* text = nullptr;
  const uint32_t* at = nullptr;
  uint32_t count = 0;

  /// First byte of token `i`; 0 at the end.
  char kind(uint32_t i) const { return text[at[i]]; }

  /// Between the quotes of string token `i`, escapes as written.
  std::string_view rawString(uint32_t i) const {
    const char* const begin = text + at[i] + 1;
    // Only blanks can stand between the closing quote and the next token.
    const char* end = text + at[i + 1] - 1;
    while (*end != '"') {
      --end;
    }
    return {begin, static_cast<size_t>(end - begin)};
  }

  /// All of number or word token `i`.
  std::string_view rawScalar(uint32_t i) const {
    const char* const begin = text + at[i];
    const char* end = text + at[i + 1];
    while (end > begin + 1 && static_cast<unsigned char>(end[-1]) <= ' ') {
      --end;
    }
    return {begin, static_cast<size_t>(end - begin)};
  }
};

/// Finds tokens. One thread.
class JsonIndexer {
 public:
  JsonIndexer();
  ~JsonIndexer();

  enum class Result : uint8_t { Found, BadString, BadUtf8 };

  /// Finds the tokens of text[0, size), which stay valid until the next call. kJsonPadding zero
  /// bytes must follow the text. size < 4 GiB (asserted).
  Result index(const char* text, size_t size, JsonTokens& tokens);

  /// Resolves the escapes of the string whose first byte after the opening quote is `source`.
  /// target: as many bytes as the string has, plus kJsonPadding. Returns the end, null for a wrong
  /// escape.
  char* unescape(const char* source, char* target) const;

  /// Gives back memory that one huge document needed.
  void shrink();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace auspex::operators
