// SPDX-License-Identifier: Apache-2.0
#include "stateStore/MetaRows.h"

#include "stateStore/ByteParser.h"

namespace auspex::stateStore {

namespace {

std::optional<std::string> readRow(const ByteReader& rows, std::string_view key) {
  Arena arena;
  std::optional<std::string_view> value;
  rows.multiGet(kMetaStore, {&key, 1}, arena, {&value, 1});
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

}  // namespace

std::string encodeRange(const ErasedKeys& keys) {
  std::string out;
  appendText(out, keys.begin);
  appendText(out, keys.end);
  return out;
}

ErasedKeys decodeRange(std::string_view bytes) {
  ByteParser parser(bytes, "erased range");
  const std::string_view begin = parser.readText();
  const std::string_view end = parser.readText();
  parser.expectEnd();
  if (begin >= end) {
    parser.fail("empty");
  }
  return {std::string(begin), std::string(end)};
}

std::string encodeOffset(std::int64_t offset) {
  std::string out;
  appendFixed64(out, static_cast<std::uint64_t>(offset));
  return out;
}

std::optional<Marker> readMarker(const ByteReader& rows) {
  const std::optional<std::string> bytes = readRow(rows, kMarkerRow);
  return bytes ? std::optional(Marker::decode(*bytes)) : std::nullopt;
}

std::optional<std::int64_t> readOffset(const ByteReader& rows) {
  const std::optional<std::string> bytes = readRow(rows, kOffsetRow);
  if (!bytes) {
    return std::nullopt;
  }
  ByteParser parser(*bytes, "changelog offset");
  const auto offset = static_cast<std::int64_t>(parser.readFixed64());
  parser.expectEnd();
  if (offset < 0) {
    parser.fail("negative");
  }
  return offset;
}

}  // namespace auspex::stateStore
