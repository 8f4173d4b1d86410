// SPDX-License-Identifier: Apache-2.0
// FROM_UNIXTIME, UNIX_TIMESTAMP, FROM_DAYS, UNIX_DATE, CONVERT_TZ, and adding to dates and times.
#include <algorithm>
#include <chrono>

#include "operators/expressions/TimeText.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"
#include "operators/functions/date/TimeZone.h"

namespace auspex::operators {

namespace {

using Text = std::string_view;

template <typename T>
T same(T value) {
  return value;
}

int64_t now() {
  const auto sinceEpoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(sinceEpoch).count();
}
int32_t today() {
  return static_cast<int32_t>(floorDivide(now(), kMillisPerDay));
}

/// Takes the local time of one zone for one of the other.
int64_t convertZone(RowContext& context, int64_t millis, Text fromName, Text toName) {
  const std::shared_ptr<const TimeZone> from = TimeZone::find(fromName);
  const std::shared_ptr<const TimeZone> to = TimeZone::find(toName);
  if (from == nullptr || to == nullptr) {
    context.fail("Unknown time zone: '" + std::string(from == nullptr ? fromName : toName) + "'");
    return 0;
  }
  const int64_t seconds = floorDivide(millis, 1000);
  const int64_t shift =
      int64_t{to->periodAt(seconds).offsetSeconds} - from->periodAt(seconds).offsetSeconds;
  return millis + shift * 1000;
}

/// Months keep the day where the month has it, else take its last.
int64_t addMonths(int64_t days, int64_t months) {
  const CivilDate date = civilFromDays(days);
  const int64_t total = date.year * 12 + date.month - 1 + months;
  const int64_t year = floorDivide(total, 12);
  const int month = static_cast<int>(total - year * 12) + 1;
  return daysFromCivil(year, month, std::min(date.day, daysInMonth(year, month)));
}

int64_t millisOf(Text unit) {
  return unit == "DAYS"      ? kMillisPerDay
         : unit == "HOURS"   ? 3'600'000
         : unit == "MINUTES" ? 60'000
         : unit == "SECONDS" ? 1000
                             : 1;
}

template <int sign>
int64_t addToTimestamp(Text unit, int32_t count, int64_t millis) {
  const int64_t amount = int64_t{sign} * count;
  if (unit == "MONTHS" || unit == "YEARS") {
    const int64_t days = floorDivide(millis, kMillisPerDay);
    return addMonths(days, amount * (unit == "YEARS" ? 12 : 1)) * kMillisPerDay +
           (millis - days * kMillisPerDay);
  }
  return static_cast<int64_t>(static_cast<uint64_t>(millis) +
                              static_cast<uint64_t>(amount * millisOf(unit)));
}

/// A part of a day does not move a date beyond the midnight it passes.
template <int sign>
int32_t addToDate(Text unit, int32_t count, int32_t days) {
  return static_cast<int32_t>(
      floorDivide(addToTimestamp<sign>(unit, count, int64_t{days} * kMillisPerDay), kMillisPerDay));
}

/// Around midnight; only hours and less make sense.
template <int sign>
int32_t addToTime(RowContext& context, Text unit, int32_t count, int32_t millisOfDay) {
  if (unit == "MONTHS" || unit == "YEARS" || unit == "DAYS") {
    context.fail("Unit is too large for TIME");
    return 0;
  }
  const int64_t total = millisOfDay + int64_t{sign} * count * millisOf(unit);
  return static_cast<int32_t>(total - floorDivide(total, kMillisPerDay) * kMillisPerDay);
}

}  // namespace

void addCalendarFunctions(FunctionRegistry& registry) {
  const auto add = [&](const char* name, const char* help, const char* example,
                       std::vector<ScalarOverload> overloads) {
    registry.add(ScalarFunction{name, "Date and time", help, example, std::move(overloads)});
  };
  add("FROM_UNIXTIME", "The timestamp of milliseconds since 1970.",
      "FROM_UNIXTIME(1000) -> 1970-01-01T00:00:01.000",
      {{"(BIGINT) -> TIMESTAMP", kernelOf<&same<int64_t>>}});
  add("FROM_DAYS", "The date of days since 1970.", "FROM_DAYS(1) -> 1970-01-02",
      {{"(INT) -> DATE", kernelOf<&same<int32_t>>}});
  ScalarFunction timestamp{
      "UNIX_TIMESTAMP",
      "Date and time",
      "Milliseconds since 1970 of a timestamp, or of now.",
      "UNIX_TIMESTAMP(FROM_UNIXTIME(1000)) -> 1000",
      {{"() -> BIGINT", kernelOf<&now>}, {"(TIMESTAMP) -> BIGINT", kernelOf<&same<int64_t>>}}};
  timestamp.deterministic = false;
  registry.add(std::move(timestamp));
  ScalarFunction date{
      "UNIX_DATE",
      "Date and time",
      "Days since 1970 of a date, or of today.",
      "UNIX_DATE(FROM_DAYS(1)) -> 1",
      {{"() -> INT", kernelOf<&today>}, {"(DATE) -> INT", kernelOf<&same<int32_t>>}}};
  date.deterministic = false;
  registry.add(std::move(date));
  add("CONVERT_TZ", "A timestamp moved from the local time of one zone to that of another.",
      "CONVERT_TZ(FROM_UNIXTIME(0), 'America/Los_Angeles', 'America/New_York')",
      {{"(TIMESTAMP, STRING, STRING) -> TIMESTAMP", kernelOf<&convertZone>}});
  add("timestampadd", "A timestamp and a number of units.",
      "TIMESTAMPADD(SECONDS, 1, FROM_UNIXTIME(0)) -> 1970-01-01T00:00:01.000",
      {{"(UNIT, INT, TIMESTAMP) -> TIMESTAMP", kernelOf<&addToTimestamp<1>>}});
  add("timestampsub", "A timestamp less a number of units.",
      "TIMESTAMPSUB(SECONDS, 1, FROM_UNIXTIME(1000)) -> 1970-01-01T00:00:00.000",
      {{"(UNIT, INT, TIMESTAMP) -> TIMESTAMP", kernelOf<&addToTimestamp<-1>>}});
  add("dateadd", "A date and a number of units.", "DATEADD(MONTHS, 1, FROM_DAYS(0)) -> 1970-02-01",
      {{"(UNIT, INT, DATE) -> DATE", kernelOf<&addToDate<1>>}});
  add("datesub", "A date less a number of units.", "DATESUB(DAYS, 1, FROM_DAYS(1)) -> 1970-01-01",
      {{"(UNIT, INT, DATE) -> DATE", kernelOf<&addToDate<-1>>}});
  add("timeadd", "A time of day and a number of units.",
      "TIMEADD(HOURS, 2, PARSE_TIME('23:00', 'HH:mm')) -> 01:00",
      {{"(UNIT, INT, TIME) -> TIME", kernelOf<&addToTime<1>>}});
  add("timesub", "A time of day less a number of units.",
      "TIMESUB(HOURS, 2, PARSE_TIME('01:00', 'HH:mm')) -> 23:00",
      {{"(UNIT, INT, TIME) -> TIME", kernelOf<&addToTime<-1>>}});
}

}  // namespace auspex::operators
