// SPDX-License-Identifier: Apache-2.0
// Dates and times as ISO 8601 text and back, on the proleptic Gregorian calendar as in Java.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auspex::operators {

inline constexpr int64_t kMillisPerDay = 86'400'000;

struct CivilDate {
  int64_t year = 1970;
  int month = 1;  ///< 1 .. 12
  int day = 1;    ///< 1 .. 31
};

CivilDate civilFromDays(int64_t daysSinceEpoch);
int64_t daysFromCivil(int64_t year, int month, int day);
bool isLeapYear(int64_t year);
int daysInMonth(int64_t year, int month);
/// Rounds towards minus infinity, as calendars need before 1970.
int64_t floorDivide(int64_t value, int64_t divisor);

/// `2020-05-26`
std::string dateText(int32_t days);
/// `10:30`, `10:30:05` or `10:30:05.120`: as Java prints a LocalTime.
std::string timeText(int32_t millisOfDay);
/// `2020-05-26T10:30:05.120`
std::string timestampText(int64_t millis);

// Readers of ISO text; nullopt when it is none.

/// `2020`, `2020-05`, `2020-05-26`; what follows a `T` is ignored.
std::optional<int32_t> parseIsoDate(std::string_view text);
/// `10`, `10:30`, `10:30:05`, `10:30:05.123`; with a date before `T`, its time part.
std::optional<int32_t> parseIsoTime(std::string_view text);
/// `2020` ... `2020-05-26T10:30:05.123`, with an optional zone `Z` or `+02:00` (UTC if absent).
std::optional<int64_t> parseIsoTimestamp(std::string_view text);

}  // namespace auspex::operators
