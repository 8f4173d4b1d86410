// SPDX-License-Identifier: Apache-2.0
#include "stateStore/ByteParser.h"

#include <fmt/format.h>

#include <array>
#include <cassert>

#include "stateStore/StoreError.h"

namespace auspex::stateStore {

namespace {

constexpr std::uint32_t kCastagnoli = 0x82F63B78;  // reflected polynomial

constexpr std::array<std::uint32_t, 256> makeChecksumTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1U) != 0 ? (value >> 1U) ^ kCastagnoli : value >> 1U;
    }
    table[byte] = value;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kChecksumTable = makeChecksumTable();

}  // namespace

void appendVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7F) | 0x80));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}

void appendSignedVarint(std::string& out, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  appendVarint(out, (bits << 1U) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void appendText(std::string& out, std::string_view text) {
  appendVarint(out, text.size());
  out.append(text);
}

void appendFixed32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xFF));
  }
}

void appendFixed64(std::string& out, std::uint64_t value) {
  appendFixed32(out, static_cast<std::uint32_t>(value >> 32U));
  appendFixed32(out, static_cast<std::uint32_t>(value & 0xFFFFFFFF));
}

std::uint32_t checksum(std::string_view bytes) {
  std::uint32_t value = ~std::uint32_t{0};
  for (const char c : bytes) {
    value = kChecksumTable[(value ^ static_cast<std::uint8_t>(c)) & 0xFF] ^ (value >> 8U);
  }
  return ~value;
}

std::string_view ByteParser::take(std::size_t numBytes) {
  if (numBytes > rest_.size()) {
    fail(fmt::format("{} more bytes needed, {} left", numBytes, rest_.size()));
  }
  const std::string_view taken = rest_.substr(0, numBytes);
  rest_.remove_prefix(numBytes);
  return taken;
}

std::uint8_t ByteParser::readByte() {
  return static_cast<std::uint8_t>(take(1).front());
}

std::uint64_t ByteParser::readVarint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = readByte();
    const std::uint64_t bits = byte & 0x7FU;
    if (shift == 63 && bits > 1) {
      fail("number above 64 bits");
    }
    value |= bits << shift;
    if ((byte & 0x80U) == 0) {
      if (byte == 0 && shift > 0) {
        fail("number not in its shortest form");
      }
      return value;
    }
  }
  fail("number above 64 bits");
}

std::int64_t ByteParser::readSignedVarint() {
  const std::uint64_t bits = readVarint();
  return static_cast<std::int64_t>((bits >> 1U) ^ ((bits & 1U) != 0 ? ~std::uint64_t{0} : 0));
}

std::uint32_t ByteParser::readFixed32() {
  std::uint32_t value = 0;
  for (const char c : take(4)) {
    value = (value << 8U) | static_cast<std::uint8_t>(c);
  }
  return value;
}

std::uint64_t ByteParser::readFixed64() {
  const std::uint64_t high = readFixed32();
  return (high << 32U) | readFixed32();
}

std::string_view ByteParser::readText() {
  const std::uint64_t size = readVarint();
  if (size > rest_.size()) {
    fail(fmt::format("text of {} bytes, {} left", size, rest_.size()));
  }
  return take(static_cast<std::size_t>(size));
}

std::size_t ByteParser::readCount(std::size_t minItemBytes) {
  assert(minItemBytes > 0);
  const std::uint64_t count = readVarint();
  if (count > rest_.size() / minItemBytes) {
    fail(fmt::format("{} items cannot stand in {} bytes", count, rest_.size()));
  }
  return static_cast<std::size_t>(count);
}

void ByteParser::expectEnd() const {
  if (!rest_.empty()) {
    fail(fmt::format("{} bytes too many", rest_.size()));
  }
}

void ByteParser::fail(std::string_view reason) const {
  throw StoreError(fmt::format("Damaged {}: {}", what_, reason));
}

}  // namespace auspex::stateStore
