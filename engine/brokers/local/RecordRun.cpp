// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/RecordRun.h"

#include <cstring>

namespace auspex::engine {
namespace {

constexpr size_t kFixedBytes = 4 + 8 + 4 + 4 + 4;
constexpr size_t kHeaderFixedBytes = 4 + 4;
constexpr int32_t kNull = -1;

template <typename T>
char* put(char* target, T value) {
  std::memcpy(target, &value, sizeof(value));
  return target + sizeof(value);
}

int32_t lengthOf(const std::optional<std::string_view>& bytes) {
  return bytes ? static_cast<int32_t>(bytes->size()) : kNull;
}

template <typename T>
T get(std::string_view& rest) {
  T value{};
  std::memcpy(&value, rest.data(), sizeof(value));
  rest.remove_prefix(sizeof(value));
  return value;
}

bool take(std::string_view& rest, int32_t length, std::optional<std::string_view>& bytes) {
  if (length == kNull) {
    bytes.reset();
    return true;
  }
  if (length < 0 || static_cast<size_t>(length) > rest.size()) {
    return false;
  }
  bytes = rest.substr(0, static_cast<size_t>(length));
  rest.remove_prefix(static_cast<size_t>(length));
  return true;
}

bool takeHeader(std::string_view& rest, operators::Header& header) {
  if (rest.size() < kHeaderFixedBytes) {
    return false;
  }
  const auto nameBytes = get<uint32_t>(rest);
  const auto valueBytes = get<int32_t>(rest);
  if (nameBytes > rest.size()) {
    return false;
  }
  header.key = rest.substr(0, nameBytes);
  rest.remove_prefix(nameBytes);
  return take(rest, valueBytes, header.value);
}

}  // namespace

void appendRecord(std::string& run, uint32_t offsetDelta, const operators::OutgoingRecord& record) {
  char fixed[kFixedBytes];
  char* place = put(fixed, offsetDelta);
  place = put(place, record.timestamp);
  place = put(place, lengthOf(record.key));
  place = put(place, lengthOf(record.value));
  put(place, static_cast<uint32_t>(record.headers.size()));
  run.append(fixed, kFixedBytes);
  for (const operators::Header& header : record.headers) {
    char lengths[kHeaderFixedBytes];
    put(put(lengths, static_cast<uint32_t>(header.key.size())), lengthOf(header.value));
    run.append(lengths, kHeaderFixedBytes);
    run.append(header.key);
    run.append(header.value.value_or(std::string_view()));
  }
  run.append(record.key.value_or(std::string_view()));
  run.append(record.value.value_or(std::string_view()));
}

bool RecordRunReader::next(operators::Record& record) {
  if (rest_.size() < kFixedBytes) {
    return false;
  }
  record.offset = firstOffset_ + get<uint32_t>(rest_);
  record.timestamp = get<int64_t>(rest_);
  const auto keyBytes = get<int32_t>(rest_);
  const auto valueBytes = get<int32_t>(rest_);
  const auto numHeaders = get<uint32_t>(rest_);
  record.headers.clear();
  for (uint32_t i = 0; i < numHeaders; ++i) {
    operators::Header header;
    if (!takeHeader(rest_, header)) {
      return false;
    }
    record.headers.push_back(header);
  }
  return take(rest_, keyBytes, record.key) && take(rest_, valueBytes, record.value);
}

}  // namespace auspex::engine
