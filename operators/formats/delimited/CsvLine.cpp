// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/delimited/CsvLine.h"

#include <cstring>

namespace auspex::operators {

namespace {

bool isLineBreak(char c) {
  return c == '\n' || c == '\r';
}

/// Undoes doubled quotes of a quoted field's content.
std::string_view withoutDoubledQuotes(std::string_view content, Arena& arena) {
  char* const begin = arena.allocate(content.size());
  char* out = begin;
  for (size_t i = 0; i < content.size(); ++i) {
    *out++ = content[i];
    i += content[i] == '"' ? 1 : 0;
  }
  const auto size = static_cast<size_t>(out - begin);
  arena.shrinkLast(content.size() - size);
  return {begin, size};
}

/// Reads a quoted field that begins at `position` and moves behind it and the blanks after it.
/// False when the quote is not closed or other text follows it.
bool cutQuoted(std::string_view text, char delimiter, size_t& position, Arena& arena,
               std::string_view& field) {
  const size_t begin = ++position;
  bool doubled = false;
  while (true) {
    position = text.find('"', position);
    if (position == std::string_view::npos) {
      return false;
    }
    if (position + 1 < text.size() && text[position + 1] == '"') {
      doubled = true;
      position += 2;
      continue;
    }
    break;
  }
  field = text.substr(begin, position - begin);
  if (doubled) {
    field = withoutDoubledQuotes(field, arena);
  }
  ++position;
  while (position < text.size() && text[position] != delimiter && !isLineBreak(text[position])) {
    if (text[position] != ' ' && text[position] != '\t') {
      return false;
    }
    ++position;
  }
  return true;
}

/// Whether a field needs quotes by what it begins with, besides what occurs in it: some readers
/// take a `#` at the beginning for a comment, and strict ones want a letter or digit in front of a
/// line. A minus in front of a line is quoted too, as ksqlDB does.
bool beginNeedsQuotes(unsigned char first, bool isFirst) {
  const bool isPlain = (first >= '0' && first <= '9') || (first >= 'A' && first <= 'Z') ||
                       (first >= 'a' && first <= 'z');
  return first <= '#' || (isFirst && !isPlain);
}

}  // namespace

std::string cutCsvLine(std::string_view text, char delimiter, Arena& arena,
                       std::vector<std::string_view>& fields) {
  fields.clear();
  while (!text.empty() && isLineBreak(text.front())) {
    text.remove_prefix(1);
  }
  if (text.empty()) {
    return "No fields in record";
  }
  size_t position = 0;
  while (true) {
    std::string_view field;
    if (position < text.size() && text[position] == '"') {
      if (!cutQuoted(text, delimiter, position, arena, field)) {
        return "A quoted field is not closed, or text follows its closing quote";
      }
    } else {
      const size_t begin = position;
      while (position < text.size() && text[position] != delimiter &&
             !isLineBreak(text[position])) {
        ++position;
      }
      field = text.substr(begin, position - begin);
    }
    fields.push_back(field);
    if (position == text.size() || text[position] != delimiter) {
      return {};
    }
    ++position;
  }
}

char* writeCsvField(char* out, std::string_view field, char delimiter, bool isFirst) {
  bool quoted = field.empty()
                    ? isFirst
                    : beginNeedsQuotes(static_cast<unsigned char>(field.front()), isFirst) ||
                          static_cast<unsigned char>(field.back()) <= ' ';
  for (const char c : field) {
    quoted = quoted || c == delimiter || c == '"' || isLineBreak(c);
  }
  if (!quoted) {
    if (!field.empty()) {
      std::memcpy(out, field.data(), field.size());
    }
    return out + field.size();
  }
  *out++ = '"';
  for (const char c : field) {
    *out++ = c;
    if (c == '"') {
      *out++ = c;
    }
  }
  *out++ = '"';
  return out;
}

}  // namespace auspex::operators
