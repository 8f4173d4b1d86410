// SPDX-License-Identifier: Apache-2.0
// JSON values as STRING and BYTES: views into the message where the text stands there as it is,
// else text in an arena.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "operators/data/Arena.h"
#include "operators/data/Column.h"
#include "operators/formats/json/JsonTokens.h"

namespace auspex::operators {

/// Where the text of a row's tokens lies in the message that it was copied from, so that strings
/// can be views into the message.
struct JsonMessage {
  const char* bytes = nullptr;  ///< first byte of the message
  uint32_t begin = 0;           ///< where its copy begins in the tokens' text

  std::string_view viewOf(const JsonTokens& tokens, std::string_view text) const {
    return {bytes + (static_cast<size_t>(text.data() - tokens.text) - begin), text.size()};
  }
};

/// Reads STRING and BYTES. Views go into the message where they can, else into an arena.
class JsonStrings {
 public:
  explicit JsonStrings(const JsonIndexer& indexer) : indexer_(indexer) {}

  /// Any value is a string: objects as compact JSON, arrays as `[a, b]`, numbers as Java writes
  /// them. mayEscape: false when no backslash occurs in the tokens' text.
  bool readString(const JsonTokens& tokens, uint32_t i, const JsonMessage& message, bool mayEscape,
                  std::string_view& result) {
    if (tokens.kind(i) == '"' && !mayEscape) [[likely]] {
      result = message.viewOf(tokens, tokens.rawString(i));
      return true;
    }
    return readAnyString(tokens, i, message, result);
  }

  /// A Base64 string.
  bool readBytes(const JsonTokens& tokens, uint32_t i, std::string_view& result);

  /// Content of string token `i` without escapes; a view into the arena when it had some.
  bool readContent(const JsonTokens& tokens, uint32_t i, const JsonMessage& message,
                   std::string_view& result);

  /// A copy of a text that lives as long as the strings read.
  std::string_view keep(std::string_view text) { return arena().copy(text); }

  /// Owner of all strings since the last call that are not in the message; null when there are
  /// none.
  Owner takeOwner();

 private:
  bool readAnyString(const JsonTokens& tokens, uint32_t i, const JsonMessage& message,
                     std::string_view& result);
  bool appendCompact(const JsonTokens& tokens, uint32_t& i, std::string& out);
  bool appendArrayText(const JsonTokens& tokens, uint32_t& i, std::string& out);
  bool appendElementText(const JsonTokens& tokens, uint32_t& i, std::string& out);
  bool appendContent(const JsonTokens& tokens, uint32_t i, std::string& out);
  Arena& arena();

  const JsonIndexer& indexer_;
  std::shared_ptr<Arena> arena_;
  std::string text_;
};

}  // namespace auspex::operators
