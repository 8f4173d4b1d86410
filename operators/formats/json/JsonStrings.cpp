// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonStrings.h"

#include <optional>

#include "operators/expressions/Base64.h"
#include "operators/formats/json/JsonNumber.h"
#include "operators/formats/json/JsonText.h"

namespace auspex::operators {

Arena& JsonStrings::arena() {
  if (arena_ == nullptr) {
    arena_ = std::make_shared<Arena>();
  }
  return *arena_;
}

Owner JsonStrings::takeOwner() {
  return std::move(arena_);
}

bool JsonStrings::readContent(const JsonTokens& tokens, uint32_t i, const JsonMessage& message,
                              std::string_view& result) {
  const std::string_view raw = tokens.rawString(i);
  if (raw.find('\\') == std::string_view::npos) {
    result = message.viewOf(tokens, raw);
    return true;
  }
  const size_t room = raw.size() + kJsonPadding;
  char* const begin = arena().allocate(room);
  const char* const end = indexer_.unescape(raw.data(), begin);
  if (end == nullptr) {
    arena().shrinkLast(room);
    return false;
  }
  const auto size = static_cast<size_t>(end - begin);
  arena().shrinkLast(room - size);
  result = {begin, size};
  return true;
}

bool JsonStrings::appendContent(const JsonTokens& tokens, uint32_t i, std::string& out) {
  const std::string_view raw = tokens.rawString(i);
  const size_t before = out.size();
  out.resize(before + raw.size() + kJsonPadding);
  const char* const end = indexer_.unescape(raw.data(), out.data() + before);
  out.resize(end == nullptr ? before : static_cast<size_t>(end - out.data()));
  return end != nullptr;
}

bool JsonStrings::readBytes(const JsonTokens& tokens, uint32_t i, std::string_view& result) {
  if (tokens.kind(i) != '"') {
    return false;
  }
  text_.clear();
  if (!appendContent(tokens, i, text_)) {
    return false;
  }
  const std::optional<std::string> bytes = decodeBase64(text_);
  result = bytes ? arena().copy(*bytes) : std::string_view("", 0);
  return bytes.has_value();
}

bool JsonStrings::readAnyString(const JsonTokens& tokens, uint32_t i, const JsonMessage& message,
                                std::string_view& result) {
  const char kind = tokens.kind(i);
  if (kind == '"') {
    return readContent(tokens, i, message, result);
  }
  if (kind != '{' && kind != '[') {
    const std::string_view scalar = tokens.rawScalar(i);
    if (scalar == "true" || scalar == "false" || isPlainJsonInteger(scalar)) {
      result = message.viewOf(tokens, scalar);
      return true;
    }
  }
  text_.clear();
  if (!(kind == '{' ? appendCompact(tokens, i, text_) : appendElementText(tokens, i, text_))) {
    return false;
  }
  result = arena().copy(text_);
  return true;
}

bool JsonStrings::appendElementText(const JsonTokens& tokens, uint32_t& i, std::string& out) {
  switch (tokens.kind(i)) {
    case '[':
      return appendArrayText(tokens, i, out);
    case '"':
      return appendContent(tokens, i++, out);
    default:
      return appendCompact(tokens, i, out);
  }
}

bool JsonStrings::appendArrayText(const JsonTokens& tokens, uint32_t& i, std::string& out) {
  out += '[';
  ++i;
  for (bool first = true; tokens.kind(i) != ']'; first = false) {
    if (!first) {
      out += ", ";
      ++i;
    }
    if (!appendElementText(tokens, i, out)) {
      return false;
    }
  }
  ++i;
  out += ']';
  return true;
}

bool JsonStrings::appendCompact(const JsonTokens& tokens, uint32_t& i, std::string& out) {
  const char kind = tokens.kind(i);
  if (kind == '{' || kind == '[') {
    // Structure was checked: only names and values remain to be looked at.
    const char close = kind == '{' ? '}' : ']';
    out += kind;
    ++i;
    while (tokens.kind(i) != close) {
      const char next = tokens.kind(i);
      if (next == ',' || next == ':') {
        out += next;
        ++i;
      } else if (!appendCompact(tokens, i, out)) {
        return false;
      }
    }
    out += close;
    ++i;
    return true;
  }
  if (kind == '"') {
    std::string content;
    if (!appendContent(tokens, i++, content)) {
      return false;
    }
    appendJsonString(out, content);
    return true;
  }
  const std::string_view scalar = tokens.rawScalar(i);
  if (scalar == "true" || scalar == "false" || scalar == "null") {
    out += scalar;
    ++i;
    return true;
  }
  const char* const end = findJsonNumberEnd(scalar.data());
  const bool isNumber = end == scalar.data() + scalar.size();
  ++i;
  return isNumber && appendJsonNumberText(scalar, out);
}

}  // namespace auspex::operators
