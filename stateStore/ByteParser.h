// SPDX-License-Identifier: Apache-2.0
// The byte encodings that markers and changelog keys are made of, and the strict way back: whatever
// the bytes are, reading them ends in a value or in a StoreError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace auspex::stateStore {

/// Appends 7 bits a byte, lowest first; the high bit says that more follow.
void appendVarint(std::string& out, std::uint64_t value);

/// Appends a signed number so that small magnitudes stay short (zigzag).
void appendSignedVarint(std::string& out, std::int64_t value);

/// Appends the length as varint, then the bytes.
void appendText(std::string& out, std::string_view text);

/// Appends fixed width, highest byte first.
void appendFixed32(std::string& out, std::uint32_t value);
void appendFixed64(std::string& out, std::uint64_t value);

/// CRC-32C (Castagnoli) of the bytes.
std::uint32_t checksum(std::string_view bytes);

/// Reads from the front of borrowed bytes. Every read throws StoreError when the bytes end early or
/// are not the shortest encoding; `what` names the thing in the message.
class ByteParser {
 public:
  ByteParser(std::string_view bytes, std::string_view what) : rest_(bytes), what_(what) {}

  std::uint8_t readByte();
  std::uint64_t readVarint();
  std::int64_t readSignedVarint();
  std::uint32_t readFixed32();
  std::uint64_t readFixed64();
  std::string_view readText();

  /// Reads a number of items of at least `minItemBytes` each, so that it cannot exceed what is
  /// there.
  std::size_t readCount(std::size_t minItemBytes);

  std::string_view rest() const { return rest_; }

  /// Throws unless all bytes were read.
  void expectEnd() const;

  /// Throws StoreError "Damaged WHAT: REASON".
  [[noreturn]] void fail(std::string_view reason) const;

 private:
  std::string_view take(std::size_t numBytes);

  std::string_view rest_;
  std::string_view what_;
};

}  // namespace auspex::stateStore
