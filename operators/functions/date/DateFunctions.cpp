// SPDX-License-Identifier: Apache-2.0
// Dates and times as text by Java patterns: FORMAT_*, PARSE_*, and the older STRINGTO* and
// *TOSTRING.
#include "operators/expressions/TimeText.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"
#include "operators/functions/date/DatePattern.h"

namespace auspex::operators {

namespace {

using Text = std::string_view;

/// The pattern of a row. Patterns mostly repeat, so the last one is kept per thread.
const DatePattern* patternOf(RowContext& context, Text text) {
  thread_local std::string lastText;
  thread_local std::optional<DatePattern> last;
  if (!last || lastText != text) {
    last = DatePattern::compile(text);
    lastText = text;
  }
  if (!last) {
    context.fail("Unknown date pattern: '" + std::string(text) + "'");
    return nullptr;
  }
  return &*last;
}

std::shared_ptr<const TimeZone> zoneOf(RowContext& context, Text name) {
  std::shared_ptr<const TimeZone> zone = TimeZone::find(name);
  if (zone == nullptr) {
    context.fail("Unknown time zone: '" + std::string(name) + "'");
  }
  return zone;
}

Text formatMillis(RowContext& context, int64_t millis, Text pattern, Text zoneName) {
  const DatePattern* const compiled = patternOf(context, pattern);
  const std::shared_ptr<const TimeZone> zone = zoneOf(context, zoneName);
  if (compiled == nullptr || zone == nullptr) {
    return {};
  }
  std::string text;
  compiled->format(text, millis, *zone);
  return context.arena().copy(text);
}
Text formatMillisUtc(RowContext& context, int64_t millis, Text pattern) {
  return formatMillis(context, millis, pattern, "UTC");
}
Text formatDays(RowContext& context, int32_t days, Text pattern) {
  return formatMillis(context, int64_t{days} * kMillisPerDay, pattern, "UTC");
}
Text formatTime(RowContext& context, int32_t millisOfDay, Text pattern) {
  return formatMillis(context, millisOfDay, pattern, "UTC");
}

std::optional<ParsedTime> parseText(RowContext& context, Text text, Text pattern) {
  const DatePattern* const compiled = patternOf(context, pattern);
  if (compiled == nullptr) {
    return std::nullopt;
  }
  std::optional<ParsedTime> parsed = compiled->parse(text);
  if (!parsed) {
    context.fail("Text does not follow the pattern '" + std::string(pattern) + "'");
  }
  return parsed;
}

int64_t parseMillis(RowContext& context, Text text, Text pattern, Text zoneName) {
  const std::optional<ParsedTime> parsed = parseText(context, text, pattern);
  const std::shared_ptr<const TimeZone> given = zoneOf(context, zoneName);
  if (!parsed || given == nullptr) {
    return 0;
  }
  if (parsed->offsetSeconds) {
    return parsed->localMillis - int64_t{*parsed->offsetSeconds} * 1000;
  }
  const TimeZone& zone = parsed->zone != nullptr ? *parsed->zone : *given;
  const int64_t seconds = floorDivide(parsed->localMillis, 1000);
  return zone.utcFromLocal(seconds) * 1000 + (parsed->localMillis - seconds * 1000);
}
int64_t parseMillisUtc(RowContext& context, Text text, Text pattern) {
  return parseMillis(context, text, pattern, "UTC");
}
int32_t parseDays(RowContext& context, Text text, Text pattern) {
  const std::optional<ParsedTime> parsed = parseText(context, text, pattern);
  return parsed ? static_cast<int32_t>(floorDivide(parsed->localMillis, kMillisPerDay)) : 0;
}
int32_t parseTime(RowContext& context, Text text, Text pattern) {
  const std::optional<ParsedTime> parsed = parseText(context, text, pattern);
  if (!parsed) {
    return 0;
  }
  return static_cast<int32_t>(parsed->localMillis -
                              floorDivide(parsed->localMillis, kMillisPerDay) * kMillisPerDay);
}

}  // namespace

void addDateFunctions(FunctionRegistry& registry) {
  const auto add = [&](const char* name, const char* help, const char* example,
                       std::vector<ScalarOverload> overloads) {
    registry.add(ScalarFunction{name, "Date and time", help, example, std::move(overloads)});
  };
  add("FORMAT_TIMESTAMP", "A timestamp as text by a Java pattern, in a zone (UTC if not given).",
      "FORMAT_TIMESTAMP(FROM_UNIXTIME(0), 'yyyy-MM-dd HH:mm') -> '1970-01-01 00:00'",
      {{"(TIMESTAMP, STRING) -> STRING", kernelOf<&formatMillisUtc>},
       {"(TIMESTAMP, STRING, STRING) -> STRING", kernelOf<&formatMillis>}});
  add("TIMESTAMPTOSTRING", "Milliseconds since 1970 as text by a Java pattern, in a zone.",
      "TIMESTAMPTOSTRING(0, 'yyyy-MM-dd', 'UTC') -> '1970-01-01'",
      {{"(BIGINT, STRING) -> STRING", kernelOf<&formatMillisUtc>},
       {"(BIGINT, STRING, STRING) -> STRING", kernelOf<&formatMillis>}});
  add("FORMAT_DATE", "A date as text by a Java pattern.",
      "FORMAT_DATE(FROM_DAYS(0), 'dd/MM/yyyy') -> '01/01/1970'",
      {{"(DATE, STRING) -> STRING", kernelOf<&formatDays>}});
  add("DATETOSTRING", "Days since 1970 as text by a Java pattern.",
      "DATETOSTRING(0, 'dd/MM/yyyy') -> '01/01/1970'",
      {{"(INT, STRING) -> STRING", kernelOf<&formatDays>}});
  add("FORMAT_TIME", "A time of day as text by a Java pattern.",
      "FORMAT_TIME(PARSE_TIME('10:30', 'HH:mm'), 'hh.mm a') -> '10.30 AM'",
      {{"(TIME, STRING) -> STRING", kernelOf<&formatTime>}});
  add("PARSE_TIMESTAMP", "A timestamp of a text by a Java pattern, in a zone (UTC if not given).",
      "PARSE_TIMESTAMP('1970-01-02', 'yyyy-MM-dd') -> 1970-01-02T00:00:00.000",
      {{"(STRING, STRING) -> TIMESTAMP", kernelOf<&parseMillisUtc>},
       {"(STRING, STRING, STRING) -> TIMESTAMP", kernelOf<&parseMillis>}});
  add("STRINGTOTIMESTAMP", "Milliseconds since 1970 of a text by a Java pattern, in a zone.",
      "STRINGTOTIMESTAMP('1970-01-02', 'yyyy-MM-dd') -> 86400000",
      {{"(STRING, STRING) -> BIGINT", kernelOf<&parseMillisUtc>},
       {"(STRING, STRING, STRING) -> BIGINT", kernelOf<&parseMillis>}});
  add("PARSE_DATE", "A date of a text by a Java pattern.",
      "PARSE_DATE('02/01/1970', 'dd/MM/yyyy') -> 1970-01-02",
      {{"(STRING, STRING) -> DATE", kernelOf<&parseDays>}});
  add("STRINGTODATE", "Days since 1970 of a text by a Java pattern.",
      "STRINGTODATE('02/01/1970', 'dd/MM/yyyy') -> 1",
      {{"(STRING, STRING) -> INT", kernelOf<&parseDays>}});
  add("PARSE_TIME", "A time of day of a text by a Java pattern.",
      "PARSE_TIME('10:30', 'HH:mm') -> 10:30",
      {{"(STRING, STRING) -> TIME", kernelOf<&parseTime>}});
}

}  // namespace auspex::operators
