// SPDX-License-Identifier: Apache-2.0
// A column that holds the event time of its row: TIMESTAMP='column' in WITH.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "operators/data/Column.h"
#include "operators/formats/Format.h"

namespace auspex::operators {

/// Which column it is, and for STRING how its text is written (a pattern of Java's
/// DateTimeFormatter). Source: dialect, WITH properties.
struct TimestampColumn {
  size_t index = 0;  ///< in the schema
  SqlType type;
  std::string format;  ///< empty unless the type is STRING
};

/// Throws FormatError when such a column cannot tell the time: another type than BIGINT, TIMESTAMP
/// or STRING, or a pattern that is missing or none.
void checkTimestampColumn(const std::string& name, const TimestampColumn& column);

/// Reads times from columns. One thread.
class TimestampReader {
 public:
  /// The column was checked.
  explicit TimestampReader(const TimestampColumn& column);
  ~TimestampReader();
  TimestampReader(TimestampReader&&) noexcept;
  TimestampReader& operator=(TimestampReader&&) noexcept;

  /// Replaces times[row] by the column's; rows whose time is NULL, negative or no time are left as
  /// they are and reported, in order. Rows with present[row] == 0 have no time of their own.
  void read(const Column& column, const std::vector<uint8_t>& present, std::vector<int64_t>& times,
            std::vector<FormatRowError>& errors) const;

 private:
  class Pattern;
  std::unique_ptr<Pattern> pattern_;
};

}  // namespace auspex::operators
