// SPDX-License-Identifier: Apache-2.0
#include "stateStore/Marker.h"

#include <fmt/format.h>

#include <cassert>
#include <cstdint>
#include <limits>

#include "stateStore/ByteParser.h"

namespace auspex::stateStore {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kMinInputBytes = 3;  // empty topic, partition, offset: a byte each
constexpr std::size_t kMinTimeBytes = 2;   // empty name, time: a byte each

std::int64_t readOffset(ByteParser& parser) {
  const std::uint64_t offset = parser.readVarint();
  if (offset > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    parser.fail(fmt::format("offset {} is too large", offset));
  }
  return static_cast<std::int64_t>(offset);
}

std::int32_t readPartition(ByteParser& parser) {
  const std::uint64_t partition = parser.readVarint();
  if (partition > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
    parser.fail(fmt::format("partition {} is too large", partition));
  }
  return static_cast<std::int32_t>(partition);
}

}  // namespace

std::string Marker::encode() const {
  std::string out;
  out.push_back(static_cast<char>(kVersion));
  appendVarint(out, sequence);
  appendText(out, instance);
  appendVarint(out, attempt);
  appendVarint(out, inputs.size());
  for (const InputOffset& input : inputs) {
    assert(input.partition >= 0);
    assert(input.offset >= 0);
    appendText(out, input.topic);
    appendVarint(out, static_cast<std::uint64_t>(input.partition));
    appendVarint(out, static_cast<std::uint64_t>(input.offset));
  }
  appendVarint(out, streamTimes.size());
  for (const StreamTime& streamTime : streamTimes) {
    appendText(out, streamTime.name);
    appendSignedVarint(out, streamTime.time.count());
  }
  appendFixed32(out, checksum(out));
  return out;
}

Marker Marker::decode(std::string_view bytes) {
  ByteParser whole(bytes, "commit marker");
  if (bytes.size() <= kChecksumBytes) {
    whole.fail(fmt::format("only {} bytes", bytes.size()));
  }
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  ByteParser parser(body, "commit marker");
  // The version comes before the checksum: a later version may well check in another way.
  if (const std::uint8_t version = parser.readByte(); version != kVersion) {
    parser.fail(fmt::format("version {}, this build reads version {}", version, kVersion));
  }
  ByteParser sum(bytes.substr(body.size()), "commit marker");
  if (sum.readFixed32() != checksum(body)) {
    parser.fail("checksum differs");
  }
  Marker marker;
  marker.sequence = parser.readVarint();
  marker.instance = parser.readText();
  marker.attempt = parser.readVarint();
  const std::size_t numInputs = parser.readCount(kMinInputBytes);
  marker.inputs.reserve(numInputs);
  for (std::size_t i = 0; i < numInputs; ++i) {
    InputOffset& input = marker.inputs.emplace_back();
    input.topic = parser.readText();
    input.partition = readPartition(parser);
    input.offset = readOffset(parser);
  }
  const std::size_t numTimes = parser.readCount(kMinTimeBytes);
  marker.streamTimes.reserve(numTimes);
  for (std::size_t i = 0; i < numTimes; ++i) {
    StreamTime& streamTime = marker.streamTimes.emplace_back();
    streamTime.name = parser.readText();
    streamTime.time = std::chrono::milliseconds(parser.readSignedVarint());
  }
  parser.expectEnd();
  return marker;
}

}  // namespace auspex::stateStore
