// SPDX-License-Identifier: Apache-2.0
// Records of one partition as bytes of the journal: written one after the other into a run, read
// back as views.
//
//   record = offsetDelta:u32 timestamp:i64 keyBytes:i32 valueBytes:i32 numHeaders:u32
//            { nameBytes:u32 valueBytes:i32 name value } key value
//
// Little-endian; a length of -1 is null. The offset is the run's first offset plus offsetDelta, so
// that a run may have gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/data/Record.h"

namespace auspex::engine {

/// A run ends when it is that large: what a reader has to hold at once, and the grain of the index.
inline constexpr size_t kRunBytes = 256 * 1024;

/// Appends the record to a run.
void appendRecord(std::string& run, uint32_t offsetDelta, const operators::OutgoingRecord& record);

/// Walks the records of a run. The bytes were checked by their checksum; every length is checked
/// against the end all the same.
class RecordRunReader {
 public:
  RecordRunReader() = default;
  /// `bytes` must live as long as the records taken from it.
  RecordRunReader(std::string_view bytes, int64_t firstOffset)
      : rest_(bytes), firstOffset_(firstOffset) {}

  bool atEnd() const { return rest_.empty(); }
  /// Takes the next record; false when the bytes are no record.
  bool next(operators::Record& record);

 private:
  std::string_view rest_;
  int64_t firstOffset_ = 0;
};

}  // namespace auspex::engine
