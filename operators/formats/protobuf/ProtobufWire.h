// SPDX-License-Identifier: Apache-2.0
// The wire form of Protocol Buffers: tagged fields of four kinds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auspex::operators {

/// How a field's value is written; groups (3, 4) are not read.
enum class WireType : uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

/// One field of a message: a number, or bytes within the message.
struct WireField {
  uint32_t number = 0;
  WireType type = WireType::Varint;
  uint64_t value = 0;      ///< Varint, Fixed64, Fixed32
  std::string_view bytes;  ///< Bytes
};

/// Walks the fields of a message.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  bool atEnd() const { return rest_.empty(); }
  /// The next field; nullopt when the message is malformed.
  std::optional<WireField> next();
  /// The next number alone, as repeated fields pack them.
  std::optional<uint64_t> nextVarint();
  std::optional<uint64_t> nextFixed(size_t size);

 private:
  std::string_view rest_;
};

void appendTag(std::string& out, uint32_t number, WireType type);
void appendFixed64(std::string& out, uint64_t value);
void appendBytes(std::string& out, uint32_t number, std::string_view bytes);

}  // namespace auspex::operators
