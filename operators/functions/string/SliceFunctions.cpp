// SPDX-License-Identifier: Apache-2.0
// SUBSTRING, LPAD, RPAD, SPLIT, SPLIT_TO_MAP and CHR, over texts and over bytes.
#include <algorithm>
#include <limits>

#include "operators/data/ColumnBuilder.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"
#include "operators/functions/string/Utf16.h"

namespace auspex::operators {

namespace {

using Text = std::string_view;

size_t byteCount(Text text) {
  return text.size();
}
size_t sameBytePosition(Text text, size_t index) {
  return std::min(index, text.size());
}

/// Lengths and positions: of text in UTF-16 units, of bytes in bytes.
struct TextUnits {
  static size_t length(Text text) { return utf16Length(text); }
  static size_t position(Text text, size_t index) { return bytePosition(text, index); }
};
struct ByteUnits {
  static size_t length(Text text) { return byteCount(text); }
  static size_t position(Text text, size_t index) { return sameBytePosition(text, index); }
};

/// 1-based; negative from the end; clamped.
template <typename Units>
Text substringOf(Text text, int32_t position, int32_t length) {
  const auto total = static_cast<int64_t>(Units::length(text));
  const int64_t start = position >= 0 ? std::min<int64_t>(std::max(position - 1, 0), total)
                                      : std::max<int64_t>(total + position, 0);
  const int64_t end = std::clamp<int64_t>(start + length, start, total);
  const size_t from = Units::position(text, static_cast<size_t>(start));
  return text.substr(from, Units::position(text, static_cast<size_t>(end)) - from);
}

template <typename Units>
Text substringToEnd(Text text, int32_t position) {
  return substringOf<Units>(text, position, std::numeric_limits<int32_t>::max());
}

constexpr int32_t kMaxPaddedLength = 16 * 1024 * 1024;

/// NULL when the length is negative or there is nothing to pad with.
template <typename Units, bool left>
std::optional<Text> pad(RowContext& context, Text text, int32_t length, Text padding) {
  if (length < 0 || padding.empty()) {
    return std::nullopt;
  }
  if (length > kMaxPaddedLength) {
    context.fail("Length to pad to is too large");
    return std::nullopt;
  }
  const size_t wanted = static_cast<size_t>(length);
  const size_t own = Units::length(text);
  if (own >= wanted) {
    return text.substr(0, Units::position(text, wanted));
  }
  size_t missing = wanted - own;
  std::string filling;
  const size_t paddingLength = Units::length(padding);
  for (; missing >= paddingLength; missing -= paddingLength) {
    filling += padding;
  }
  filling += padding.substr(0, Units::position(padding, missing));
  return context.arena().copy(left ? filling.append(text) : filling.insert(0, text));
}

/// Calls part(text) for what stands between the delimiters; an empty one parts all characters.
template <typename Part>
void splitText(Text text, Text delimiter, bool isText, Part part) {
  if (delimiter.empty()) {
    for (size_t i = 0; i < text.size();) {
      const size_t numBytes = isText ? characterBytes(text, i) : 1;
      part(text.substr(i, numBytes));
      i += numBytes;
    }
    if (text.empty()) {
      part(text);
    }
    return;
  }
  size_t begin = 0;
  for (size_t found = text.find(delimiter); found != Text::npos;
       found = text.find(delimiter, begin)) {
    part(text.substr(begin, found - begin));
    begin = found + delimiter.size();
  }
  part(text.substr(begin));
}

ColumnPtr splitKernel(const KernelInput& input) {
  const OperandView<Text> texts(input.arguments[0]);
  const OperandView<Text> delimiters(input.arguments[1]);
  const std::vector<uint8_t> validity = commonValidity(input.arguments, input.numRows);
  const bool isText = input.arguments[0].type().is(TypeKind::String);
  ColumnBuilder builder(input.resultType, input.numRows);
  const auto skipTo = [&](size_t row) {
    while (builder.size() < row) {
      builder.appendNull();
    }
  };
  input.rows.forEach([&](size_t row) {
    skipTo(row);
    if (!validity.empty() && validity[row] == 0) {
      builder.appendNull();
      return;
    }
    splitText(texts[row], delimiters[row], isText,
              [&](Text part) { builder.child(0).append(part); });
    builder.closeRow();
  });
  skipTo(input.numRows);
  return builder.finish(ownersOf(input.arguments));
}

/// 'k:v,k:v' with both delimiters; entries without the second one are left out, later keys win.
ColumnPtr splitToMapKernel(const KernelInput& input) {
  const OperandView<Text> texts(input.arguments[0]);
  const OperandView<Text> entryDelimiters(input.arguments[1]);
  const OperandView<Text> valueDelimiters(input.arguments[2]);
  const std::vector<uint8_t> validity = commonValidity(input.arguments, input.numRows);
  ColumnBuilder builder(input.resultType, input.numRows);
  const auto skipTo = [&](size_t row) {
    while (builder.size() < row) {
      builder.appendNull();
    }
  };
  std::vector<std::pair<Text, Text>> entries;
  input.rows.forEach([&](size_t row) {
    skipTo(row);
    const bool isNull = !validity.empty() && validity[row] == 0;
    if (isNull || entryDelimiters[row].empty() || valueDelimiters[row].empty()) {
      builder.appendNull();
      return;
    }
    entries.clear();
    splitText(texts[row], entryDelimiters[row], true, [&](Text entry) {
      const size_t separator = entry.find(valueDelimiters[row]);
      if (separator == Text::npos) {
        return;
      }
      const Text key = entry.substr(0, separator);
      Text value = entry.substr(separator + valueDelimiters[row].size());
      value = value.substr(0, value.find(valueDelimiters[row]));
      const auto same = std::find_if(entries.begin(), entries.end(),
                                     [&](const auto& earlier) { return earlier.first == key; });
      if (same == entries.end()) {
        entries.emplace_back(key, value);
      } else {
        same->second = value;
      }
    });
    for (const auto& [key, value] : entries) {
      builder.child(0).append(key);
      builder.child(1).append(value);
    }
    builder.closeRow();
  });
  skipTo(input.numRows);
  return builder.finish(ownersOf(input.arguments));
}

std::optional<Text> characterOf(RowContext& context, int32_t codePoint) {
  const bool isSurrogate = codePoint >= 0xD800 && codePoint <= 0xDFFF;
  if (codePoint < 0 || codePoint > 0x10FFFF || isSurrogate) {
    return std::nullopt;
  }
  std::string text;
  appendCodePoint(text, static_cast<char32_t>(codePoint));
  return context.arena().copy(text);
}

/// Reads `\uXXXX` escapes, in pairs for characters beyond U+FFFF.
std::optional<Text> characterOfEscape(RowContext& context, Text escape) {
  std::string text;
  char32_t high = 0;
  while (!escape.empty()) {
    if (escape.size() < 6 || escape[0] != '\\' || escape[1] != 'u') {
      return std::nullopt;
    }
    char32_t unit = 0;
    for (const char c : escape.substr(2, 4)) {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) {
        return std::nullopt;
      }
      unit = unit << 4 | static_cast<char32_t>(digit);
    }
    escape.remove_prefix(6);
    const bool isHigh = unit >= 0xD800 && unit <= 0xDBFF;
    const bool isLow = unit >= 0xDC00 && unit <= 0xDFFF;
    if (isLow != (high != 0)) {
      return std::nullopt;
    }
    if (isHigh) {
      high = unit;
      continue;
    }
    appendCodePoint(text, isLow ? 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00) : unit);
    high = 0;
  }
  return high != 0 || text.empty() ? std::nullopt : std::optional<Text>(context.arena().copy(text));
}

}  // namespace

void addSliceFunctions(FunctionRegistry& registry) {
  registry.add(ScalarFunction{
      "SUBSTRING",
      "String",
      "A part from a 1-based position (negative: from the end), optionally of a length.",
      "SUBSTRING('stream', 2, 3) -> 'tre'",
      {{"(STRING, INT) -> STRING", kernelOf<&substringToEnd<TextUnits>>},
       {"(STRING, INT, INT) -> STRING", kernelOf<&substringOf<TextUnits>>},
       {"(BYTES, INT) -> BYTES", kernelOf<&substringToEnd<ByteUnits>>},
       {"(BYTES, INT, INT) -> BYTES", kernelOf<&substringOf<ByteUnits>>}}});
  registry.add(
      ScalarFunction{"LPAD",
                     "String",
                     "Fills from the left to a length with a padding; cuts what is longer.",
                     "LPAD('7', 3, '0') -> '007'",
                     {{"(STRING, INT, STRING) -> STRING", kernelOf<&pad<TextUnits, true>>},
                      {"(BYTES, INT, BYTES) -> BYTES", kernelOf<&pad<ByteUnits, true>>}}});
  registry.add(
      ScalarFunction{"RPAD",
                     "String",
                     "Fills from the right to a length with a padding; cuts what is longer.",
                     "RPAD('7', 3, '0') -> '700'",
                     {{"(STRING, INT, STRING) -> STRING", kernelOf<&pad<TextUnits, false>>},
                      {"(BYTES, INT, BYTES) -> BYTES", kernelOf<&pad<ByteUnits, false>>}}});
  registry.add(
      ScalarFunction{"SPLIT",
                     "String",
                     "The parts between delimiters; an empty delimiter parts all characters.",
                     "SPLIT('a,b', ',') -> ['a', 'b']",
                     {{"(STRING, STRING) -> ARRAY<STRING>", splitKernel},
                      {"(BYTES, BYTES) -> ARRAY<BYTES>", splitKernel}}});
  registry.add(
      ScalarFunction{"SPLIT_TO_MAP",
                     "String",
                     "Keys and values from a text, with a delimiter of entries and one of values.",
                     "SPLIT_TO_MAP('a:1,b:2', ',', ':') -> {'a': '1', 'b': '2'}",
                     {{"(STRING, STRING, STRING) -> MAP<STRING, STRING>", splitToMapKernel}}});
  registry.add(ScalarFunction{"CHR",
                              "String",
                              "The character of a code point, or of UTF-16 escapes.",
                              "CHR(75) -> 'K'",
                              {{"(INT) -> STRING", kernelOf<&characterOf>},
                               {"(STRING) -> STRING", kernelOf<&characterOfEscape>}}});
}

}  // namespace auspex::operators
