// SPDX-License-Identifier: Apache-2.0
// BYTES and text: TO_BYTES, FROM_BYTES, ENCODE, MD5, UUID, and numbers from bytes.
#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

#include "operators/data/Ascii.h"
#include "operators/data/Checksum.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"
#include "operators/functions/string/TextEncoding.h"

namespace auspex::operators {

namespace {

using Text = std::string_view;

std::optional<TextEncoding> encodingOf(RowContext& context, Text name) {
  const std::optional<TextEncoding> encoding = textEncodingOf(name);
  if (!encoding) {
    context.fail("Supported encodings are: hex, utf8, ascii and base64");
  }
  return encoding;
}

std::optional<Text> toBytes(RowContext& context, Text text, Text name) {
  const std::optional<TextEncoding> encoding = encodingOf(context, name);
  const std::optional<std::string> bytes = encoding ? bytesOfText(text, *encoding) : std::nullopt;
  if (!bytes) {
    context.fail("The text is not written in this encoding");
    return std::nullopt;
  }
  return context.arena().copy(*bytes);
}

std::optional<Text> fromBytes(RowContext& context, Text bytes, Text name) {
  const std::optional<TextEncoding> encoding = encodingOf(context, name);
  return encoding ? std::optional(context.arena().copy(textOfBytes(bytes, *encoding, true)))
                  : std::nullopt;
}

/// Hex texts may begin with 0x or stand in X'...'; an odd number of digits gets a leading 0.
std::string plainHex(Text text) {
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
  } else if (text.size() >= 3 && (text[0] == 'x' || text[0] == 'X') && text[1] == '\'' &&
             text.back() == '\'') {
    text = text.substr(2, text.size() - 3);
  }
  return (text.size() % 2 == 0 ? "" : "0") + std::string(text);
}

std::optional<Text> encode(RowContext& context, Text text, Text inputName, Text outputName) {
  const std::optional<TextEncoding> input = encodingOf(context, inputName);
  const std::optional<TextEncoding> output = encodingOf(context, outputName);
  if (!input || !output) {
    return std::nullopt;
  }
  const std::optional<std::string> bytes =
      bytesOfText(*input == TextEncoding::Hex ? plainHex(text) : std::string(text), *input);
  if (!bytes) {
    context.fail("The text is not written in this encoding");
    return std::nullopt;
  }
  return context.arena().copy(textOfBytes(*bytes, *output, false));
}

Text md5(RowContext& context, Text text) {
  return context.arena().copy(md5Hex(text));
}

/// The number in exactly its size of bytes.
template <typename T>
std::optional<T> numberIn(RowContext& context, Text bytes, Text order) {
  const bool isBig = equalsIgnoringCase(order, "BIG_ENDIAN");
  if (!isBig && !equalsIgnoringCase(order, "LITTLE_ENDIAN")) {
    context.fail("Byte order must be BIG_ENDIAN or LITTLE_ENDIAN");
    return std::nullopt;
  }
  if (bytes.size() != sizeof(T)) {
    context.fail("Number of bytes must be equal to " + std::to_string(sizeof(T)) + ", but found " +
                 std::to_string(bytes.size()));
    return std::nullopt;
  }
  char ordered[sizeof(T)];
  std::copy(bytes.begin(), bytes.end(), ordered);
  if (isBig != (std::endian::native == std::endian::big)) {
    std::reverse(std::begin(ordered), std::end(ordered));
  }
  T value;
  std::memcpy(&value, ordered, sizeof(T));
  return value;
}

template <typename T>
std::optional<T> bigEndianNumberIn(RowContext& context, Text bytes) {
  return numberIn<T>(context, bytes, "BIG_ENDIAN");
}

std::string uuidText(Text bytes) {
  const std::string hex = textOfBytes(bytes, TextEncoding::Hex, false);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

constexpr size_t kUuidBytes = 16;

ColumnPtr randomUuidKernel(const KernelInput& input) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  const auto arena = std::make_shared<Arena>();
  std::vector<Text> values(input.numRows, Text("", 0));
  input.rows.forEach([&](size_t row) {
    const uint64_t parts[2] = {random(), random()};
    std::string bytes(reinterpret_cast<const char*>(parts), kUuidBytes);
    // RFC 4122: version 4, variant 1.
    bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0F) | 0x40);
    bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3F) | 0x80);
    values[row] = arena->copy(uuidText(bytes));
  });
  return Column::make(input.resultType, std::move(values), {}, {arena});
}

std::optional<Text> uuidOf(RowContext& context, Text bytes) {
  return bytes.size() == kUuidBytes ? std::optional(context.arena().copy(uuidText(bytes)))
                                    : std::nullopt;
}

}  // namespace

void addBytesFunctions(FunctionRegistry& registry) {
  registry.add(ScalarFunction{"TO_BYTES",
                              "String",
                              "The bytes that a text stands for in hex, utf8, ascii or base64.",
                              "TO_BYTES('21', 'hex') -> the byte 0x21",
                              {{"(STRING, STRING) -> BYTES", kernelOf<&toBytes>}}});
  registry.add(ScalarFunction{"FROM_BYTES",
                              "String",
                              "Bytes as text in hex, utf8, ascii or base64.",
                              "FROM_BYTES(TO_BYTES('21', 'hex'), 'utf8') -> '!'",
                              {{"(BYTES, STRING) -> STRING", kernelOf<&fromBytes>}}});
  registry.add(ScalarFunction{"ENCODE",
                              "String",
                              "A text in another of the encodings hex, utf8, ascii and base64.",
                              "ENCODE('21', 'hex', 'utf8') -> '!'",
                              {{"(STRING, STRING, STRING) -> STRING", kernelOf<&encode>}}});
  registry.add(ScalarFunction{"MD5",
                              "String",
                              "The MD5 checksum of a text in UTF-8, as hexadecimal text.",
                              "MD5('r1') -> '7c92cf1eee8d99cc85f8355a3d6e4b86'",
                              {{"(STRING) -> STRING", kernelOf<&md5>}}});
  registry.add(
      ScalarFunction{"UUID",
                     "String",
                     "A random UUID, or the one that 16 bytes hold.",
                     "UUID()",
                     {{"() -> STRING", randomUuidKernel}, {"(BYTES) -> STRING", kernelOf<&uuidOf>}},
                     false});
  registry.add(
      ScalarFunction{"INT_FROM_BYTES",
                     "Conversion",
                     "The INTEGER in four bytes, BIG_ENDIAN unless LITTLE_ENDIAN is given.",
                     "INT_FROM_BYTES(TO_BYTES('00000007', 'hex')) -> 7",
                     {{"(BYTES) -> INT", kernelOf<&bigEndianNumberIn<int32_t>>},
                      {"(BYTES, STRING) -> INT", kernelOf<&numberIn<int32_t>>}}});
  registry.add(
      ScalarFunction{"BIGINT_FROM_BYTES",
                     "Conversion",
                     "The BIGINT in eight bytes, BIG_ENDIAN unless LITTLE_ENDIAN is given.",
                     "BIGINT_FROM_BYTES(TO_BYTES('0000000000000007', 'hex')) -> 7",
                     {{"(BYTES) -> BIGINT", kernelOf<&bigEndianNumberIn<int64_t>>},
                      {"(BYTES, STRING) -> BIGINT", kernelOf<&numberIn<int64_t>>}}});
  registry.add(
      ScalarFunction{"DOUBLE_FROM_BYTES",
                     "Conversion",
                     "The DOUBLE in eight bytes, BIG_ENDIAN unless LITTLE_ENDIAN is given.",
                     "DOUBLE_FROM_BYTES(TO_BYTES('3FF0000000000000', 'hex')) -> 1.0",
                     {{"(BYTES) -> DOUBLE", kernelOf<&bigEndianNumberIn<double>>},
                      {"(BYTES, STRING) -> DOUBLE", kernelOf<&numberIn<double>>}}});
}

}  // namespace auspex::operators
