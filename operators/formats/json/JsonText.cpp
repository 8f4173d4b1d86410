// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonText.h"

#include <array>
#include <cmath>
#include <cstring>

#include "operators/data/NumberText.h"
#include "operators/expressions/Base64.h"
#include "operators/expressions/TimeText.h"

namespace auspex::operators {

namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

/// For each byte 0 when it stands for itself in a JSON string, else the letter after the backslash
/// (`u` for a numbered escape).
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> escapes{};
  for (size_t i = 0; i < 0x20; ++i) {
    escapes[i] = 'u';
  }
  escapes['\b'] = 'b';
  escapes['\t'] = 't';
  escapes['\n'] = 'n';
  escapes['\f'] = 'f';
  escapes['\r'] = 'r';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}();

/// Whether any of eight bytes is below 0x20, a quote or a backslash.
bool needsEscape(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101U;
  constexpr uint64_t kHighs = 0x8080808080808080U;
  const auto hasZero = [](uint64_t bytes) { return (bytes - kOnes) & ~bytes & kHighs; };
  const uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
  return (control | hasZero(word ^ (kOnes * '"')) | hasZero(word ^ (kOnes * '\\'))) != 0;
}

char* writeEscaped(char* out, char c) {
  const char escape = kEscapes[static_cast<uint8_t>(c)];
  if (escape == 0) {
    *out++ = c;
    return out;
  }
  *out++ = '\\';
  *out++ = escape;
  if (escape == 'u') {
    *out++ = '0';
    *out++ = '0';
    *out++ = kHexDigits[static_cast<uint8_t>(c) >> 4];
    *out++ = kHexDigits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

void appendNested(const Column& column, size_t row, std::string& out) {
  const std::vector<ColumnPtr>& children = column.children();
  if (column.type().is(TypeKind::Struct)) {
    out += '{';
    for (size_t i = 0; i < children.size(); ++i) {
      out += i == 0 ? "" : ",";
      appendJsonString(out, column.type().fields()[i].name);
      out += ':';
      appendJson(*children[i], row, out);
    }
    out += '}';
    return;
  }
  const bool isMap = column.type().is(TypeKind::Map);
  out += isMap ? '{' : '[';
  for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
    out += i == column.offsets()[row] ? "" : ",";
    if (isMap) {
      const Column& keys = *children[0];
      if (keys.type().is(TypeKind::String) && !keys.isNull(i)) {
        appendJsonString(out, keys.values<std::string_view>()[i]);
      } else {
        // Maps of other keys occur in results only: a JSON name must be a string.
        std::string key;
        appendDisplayText(keys, i, key);
        appendJsonString(out, key);
      }
      out += ':';
    }
    appendJson(*children.back(), i, out);
  }
  out += isMap ? '}' : ']';
}

void appendNumber(std::string& out, int64_t value) {
  std::array<char, kMaxNumberChars> buffer;
  out.append(buffer.data(), writeInteger(buffer.data(), value));
}

}  // namespace

char* writeJsonString(char* out, std::string_view text) {
  *out++ = '"';
  const char* position = text.data();
  size_t remaining = text.size();
  while (remaining >= 8) {
    uint64_t word;
    std::memcpy(&word, position, sizeof(word));
    if (needsEscape(word)) {
      for (int i = 0; i < 8; ++i) {
        out = writeEscaped(out, position[i]);
      }
    } else {
      std::memcpy(out, &word, sizeof(word));
      out += 8;
    }
    position += 8;
    remaining -= 8;
  }
  for (; remaining > 0; --remaining) {
    out = writeEscaped(out, *position++);
  }
  *out++ = '"';
  return out;
}

void appendJsonString(std::string& out, std::string_view text) {
  const size_t before = out.size();
  out.resize(before + jsonStringBound(text.size()));
  const char* const end = writeJsonString(out.data() + before, text);
  out.resize(static_cast<size_t>(end - out.data()));
}

char* writeJsonDouble(char* out, double value) {
  if (std::isfinite(value)) [[likely]] {
    return writeJavaDouble(out, value);
  }
  *out++ = '"';
  out = writeJavaDouble(out, value);
  *out++ = '"';
  return out;
}

void appendJson(const Column& column, size_t row, std::string& out) {
  if (column.isNull(row)) {
    out += "null";
    return;
  }
  switch (column.type().kind()) {
    case TypeKind::Boolean:
      out += column.values<uint8_t>()[row] != 0 ? "true" : "false";
      return;
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      appendNumber(out, column.values<int32_t>()[row]);
      return;
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      appendNumber(out, column.values<int64_t>()[row]);
      return;
    case TypeKind::Double: {
      std::array<char, kMaxNumberChars> buffer;
      out.append(buffer.data(), writeJsonDouble(buffer.data(), column.values<double>()[row]));
      return;
    }
    case TypeKind::Decimal:
      appendDecimal(out, column.values<Int128>()[row], column.type().scale());
      return;
    case TypeKind::BigDecimal:
      out += column.values<std::string_view>()[row];
      return;
    case TypeKind::String:
      appendJsonString(out, column.values<std::string_view>()[row]);
      return;
    case TypeKind::Bytes:
      out += '"' + encodeBase64(column.values<std::string_view>()[row]) + '"';
      return;
    case TypeKind::Array:
    case TypeKind::Map:
    case TypeKind::Struct:
      appendNested(column, row, out);
      return;
  }
}

std::string toJson(const Value& value, const SqlType& type) {
  std::string text;
  appendJson(*makeColumn(type, {&value, 1}), 0, text);
  return text;
}

void appendDisplayText(const Column& column, size_t row, std::string& out) {
  if (!column.isNull(row)) {
    switch (column.type().kind()) {
      case TypeKind::String:
        out += column.values<std::string_view>()[row];
        return;
      case TypeKind::Bytes:
        out += encodeBase64(column.values<std::string_view>()[row]);
        return;
      case TypeKind::Double:
        appendJavaDouble(out, column.values<double>()[row]);
        return;
      case TypeKind::Date:
        out += dateText(column.values<int32_t>()[row]);
        return;
      case TypeKind::Time:
        out += timeText(column.values<int32_t>()[row]);
        return;
      case TypeKind::Timestamp:
        out += timestampText(column.values<int64_t>()[row]);
        return;
      default:
        break;
    }
  }
  appendJson(column, row, out);
}

}  // namespace auspex::operators
