// SPDX-License-Identifier: Apache-2.0
// One message of a topic as bytes with its coordinates, and what a reader hands out: a run of them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/data/Column.h"

namespace auspex::operators {

struct Header {
  std::string_view key;
  std::optional<std::string_view> value;
};

/// A message read from a topic. Views point into the buffers of the FetchedRecords it came with.
struct Record {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  ///< absent: a tombstone on tables, a null row on streams
  int64_t timestamp = 0;                  ///< ms since epoch
  int64_t offset = 0;
  std::vector<Header> headers;
};

/// Records of one partition in offset order, immutable; `owner` keeps their bytes alive.
struct FetchedRecords {
  std::string topic;
  int32_t partition = 0;
  std::vector<Record> records;
  Owner owner;
};

/// A message to be written. Views must live until the call that takes it returns.
struct OutgoingRecord {
  int32_t partition = 0;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  int64_t timestamp = 0;
  std::vector<Header> headers;
};

}  // namespace auspex::operators
