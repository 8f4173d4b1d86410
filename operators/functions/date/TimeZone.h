// SPDX-License-Identifier: Apache-2.0
// Time zones by IANA name, from the system's time zone files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace auspex::operators {

/// Offsets of a zone over time. Immutable.
class TimeZone {
 public:
  struct Period {
    int64_t beginSeconds = 0;  ///< UTC
    int32_t offsetSeconds = 0;
    std::string abbreviation;
  };

  /// `UTC`, `Z`, `GMT`, `+02:00`, `GMT+2`, or a name of the time zone database; a null pointer when
  /// there is none. Zones that were found are kept per thread.
  static std::shared_ptr<const TimeZone> find(std::string_view name);

  /// periods: in order; the first one holds before its begin too.
  explicit TimeZone(std::vector<Period> periods) : periods_(std::move(periods)) {}

  const Period& periodAt(int64_t utcSeconds) const;
  /// UTC of a local time: in an overlap the earlier one, in a gap moved on by the gap, as in Java.
  int64_t utcFromLocal(int64_t localSeconds) const;

 private:
  std::vector<Period> periods_;
};

}  // namespace auspex::operators
