// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/RecordLayout.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace auspex::engine {
namespace {

/// A record without headers ends in the byte 0. The next one begins with its length, attributes
/// (one byte, 0), timestamp and offset relative to the batch, length of the key (-1: none), key,
/// length of the value, value. Numbers but the attributes are varints, zigzag.
constexpr size_t kMostVarintBytes = 10;
constexpr size_t kMostGapBytes = 2 + 5 * kMostVarintBytes;

/// Reads within [position_, end_); wrong for good once something is not there.
class GapReader {
 public:
  GapReader(const char* begin, const char* end) : position_(begin), end_(end) {}

  bool skipZero() { return position_ != end_ && *position_++ == 0; }

  std::optional<int64_t> varint() {
    if (position_ != end_ && static_cast<uint8_t>(*position_) < 0x80) [[likely]] {
      const int64_t bits = *position_++;
      return (bits >> 1) ^ -(bits & 1);
    }
    return longVarint();
  }

  const char* position() const { return position_; }

 private:
  std::optional<int64_t> longVarint() {
    uint64_t bits = 0;
    for (unsigned shift = 0; position_ != end_ && shift < 64; shift += 7) {
      const auto byte = static_cast<uint8_t>(*position_++);
      bits |= static_cast<uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) {
        return static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
      }
    }
    return std::nullopt;
  }

  const char* position_;
  const char* end_;
};

int64_t sizeOf(const std::optional<std::string_view>& bytes) {
  return bytes ? static_cast<int64_t>(bytes->size()) : -1;
}

/// Whether [gap.position, end of the gap) is the beginning of `next` up to its key, or without a
/// key up to its value.
bool beginsRecord(GapReader gap, const char* gapEnd, const operators::Record& next) {
  const std::optional<int64_t> length = gap.varint();
  const char* const begin = gap.position();
  if (!length || !gap.skipZero() || !gap.varint() || !gap.varint() ||
      gap.varint() != sizeOf(next.key)) {
    return false;
  }
  if (!next.key && gap.varint() != sizeOf(next.value)) {
    return false;
  }
  const size_t rest = (next.key ? next.key->size() : 0) + next.value.value_or("").size();
  return gap.position() == gapEnd && *length > gapEnd - begin + static_cast<int64_t>(rest);
}

}  // namespace

bool certainlyWithoutHeaders(const operators::Record& record, const operators::Record& next) {
  const std::optional<std::string_view>& first = next.key ? next.key : next.value;
  if (!record.value || !first) {
    return false;
  }
  // As numbers: pointers into different buffers may not be compared. Bytes less than a page apart
  // can be read if both ends can.
  const auto begin = reinterpret_cast<uintptr_t>(record.value->data() + record.value->size());
  const auto end = reinterpret_cast<uintptr_t>(first->data());
  if (begin >= end || end - begin > kMostGapBytes) {
    return false;
  }
  const char* const gap = record.value->data() + record.value->size();
  GapReader reader(gap, gap + (end - begin));
  return reader.skipZero() && beginsRecord(reader, first->data(), next);
}

}  // namespace auspex::engine
