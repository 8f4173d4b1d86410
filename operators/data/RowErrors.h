// SPDX-License-Identifier: Apache-2.0
// Rows that failed and why, as values: they become dead letters or processing-log records.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace auspex::operators {

enum class RowErrorKind : uint8_t {
  Expression,  ///< one expression gave NULL; the row goes on (processing log)
  Unreadable,  ///< a dead letter: the bytes that came in mean no row
  Unwritable   ///< a dead letter: the row could not be keyed, scored or written
};

struct RowError {
  uint32_t drawIndex = 0;  ///< record of the draw the row came from
  RowErrorKind kind = RowErrorKind::Expression;
  std::string place;    ///< operator or expression, for people
  std::string message;  ///< what, then the values; never a payload
};

/// Collects the failures of one draw. One thread.
class RowErrors {
 public:
  void add(uint32_t drawIndex, RowErrorKind kind, std::string place, std::string message) {
    errors_.push_back({drawIndex, kind, std::move(place), std::move(message)});
  }
  const std::vector<RowError>& errors() const { return errors_; }
  bool empty() const { return errors_.empty(); }
  void clear() { errors_.clear(); }

 private:
  std::vector<RowError> errors_;
};

}  // namespace auspex::operators
