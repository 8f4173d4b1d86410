// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/TimeText.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "operators/data/Ascii.h"

namespace auspex::operators {

namespace {

bool takeCharacter(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

/// `.123`: milliseconds; digits beyond are cut.
std::optional<int> takeFraction(std::string_view& text) {
  if (!takeCharacter(text, '.')) {
    return 0;
  }
  int millis = 0;
  int numDigits = 0;
  while (!text.empty() && isDigit(text[0])) {
    if (numDigits < 3) {
      millis = millis * 10 + (text[0] - '0');
    }
    ++numDigits;
    text.remove_prefix(1);
  }
  if (numDigits == 0 || numDigits > 9) {
    return std::nullopt;
  }
  for (; numDigits < 3; ++numDigits) {
    millis *= 10;
  }
  return millis;
}

std::optional<int32_t> takeTimeOfDay(std::string_view& text) {
  const std::optional<int> hour = takeNumber<int>(text, 2, 2);
  std::optional<int> minute = 0;
  std::optional<int> second = 0;
  std::optional<int> millis = 0;
  if (takeCharacter(text, ':')) {
    minute = takeNumber<int>(text, 2, 2);
    if (minute && takeCharacter(text, ':')) {
      second = takeNumber<int>(text, 2, 2);
      millis = takeFraction(text);
    }
  }
  if (!hour || !minute || !second || !millis || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  return ((*hour * 60 + *minute) * 60 + *second) * 1000 + *millis;
}

std::optional<int64_t> takeDate(std::string_view& text) {
  const bool negative = takeCharacter(text, '-');
  const std::optional<int> year = takeNumber<int>(text, 4, 6);
  std::optional<int> month = 1;
  std::optional<int> day = 1;
  if (takeCharacter(text, '-')) {
    month = takeNumber<int>(text, 2, 2);
    if (month && takeCharacter(text, '-')) {
      day = takeNumber<int>(text, 2, 2);
    }
  }
  if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1) {
    return std::nullopt;
  }
  const int64_t signedYear = negative ? -int64_t{*year} : *year;
  if (*day > daysInMonth(signedYear, *month)) {
    return std::nullopt;
  }
  return daysFromCivil(signedYear, *month, *day);
}

/// `Z`, `+02:00`, `-0330`, `+02` or nothing: minutes east of UTC.
std::optional<int> takeZone(std::string_view& text) {
  if (text.empty() || takeCharacter(text, 'Z')) {
    return 0;
  }
  const bool west = text[0] == '-';
  if (!takeCharacter(text, '-') && !takeCharacter(text, '+')) {
    return std::nullopt;
  }
  const std::optional<int> hours = takeNumber<int>(text, 2, 2);
  std::optional<int> minutes = 0;
  if (!text.empty()) {
    takeCharacter(text, ':');
    minutes = takeNumber<int>(text, 2, 2);
  }
  if (!hours || !minutes || *hours > 18 || *minutes > 59) {
    return std::nullopt;
  }
  const int offset = *hours * 60 + *minutes;
  return west ? -offset : offset;
}

}  // namespace

int64_t floorDivide(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

bool isLeapYear(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int daysInMonth(int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && isLeapYear(year) ? 29 : kDays[month - 1];
}

// Years begin in March here, so that the leap day is the last one, and eras have 400 years.
int64_t daysFromCivil(int64_t year, int month, int day) {
  const int64_t shifted = month <= 2 ? year - 1 : year;
  const int64_t era = floorDivide(shifted, 400);
  const int64_t yearOfEra = shifted - era * 400;
  const int64_t dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  constexpr int64_t kDaysPerEra = 146'097;
  constexpr int64_t kDaysToEpoch = 719'468;  // from 0000-03-01 to 1970-01-01
  return era * kDaysPerEra + dayOfEra - kDaysToEpoch;
}

CivilDate civilFromDays(int64_t daysSinceEpoch) {
  const int64_t days = daysSinceEpoch + 719'468;
  const int64_t era = floorDivide(days, 146'097);
  const int64_t dayOfEra = days - era * 146'097;
  const int64_t yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36'524 - dayOfEra / 146'096) / 365;
  const int64_t dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const int64_t shiftedMonth = (5 * dayOfYear + 2) / 153;
  CivilDate date;
  date.day = static_cast<int>(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1);
  date.month = static_cast<int>(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9);
  date.year = yearOfEra + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

std::string dateText(int32_t days) {
  const CivilDate date = civilFromDays(days);
  const char* const sign = date.year < 0 ? "-" : (date.year > 9999 ? "+" : "");
  return fmt::format("{}{:04}-{:02}-{:02}", sign, date.year < 0 ? -date.year : date.year,
                     date.month, date.day);
}

std::string timeText(int32_t millisOfDay) {
  const int seconds = millisOfDay / 1000;
  std::string text = fmt::format("{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
  if (millisOfDay % 60'000 != 0) {
    text += fmt::format(":{:02}", seconds % 60);
  }
  if (millisOfDay % 1000 != 0) {
    text += fmt::format(".{:03}", millisOfDay % 1000);
  }
  return text;
}

std::string timestampText(int64_t millis) {
  const int64_t days = floorDivide(millis, kMillisPerDay);
  const int64_t ofDay = millis - days * kMillisPerDay;
  const CivilDate date = civilFromDays(days);
  const char* const sign = date.year < 0 ? "-" : (date.year > 9999 ? "+" : "");
  return fmt::format("{}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}", sign,
                     date.year < 0 ? -date.year : date.year, date.month, date.day,
                     ofDay / 3'600'000, ofDay / 60'000 % 60, ofDay / 1000 % 60, ofDay % 1000);
}

std::optional<int32_t> parseIsoDate(std::string_view text) {
  const std::optional<int64_t> days = takeDate(text);
  if (!days || (!text.empty() && text[0] != 'T') || *days > std::numeric_limits<int32_t>::max() ||
      *days < std::numeric_limits<int32_t>::min()) {
    return std::nullopt;
  }
  return static_cast<int32_t>(*days);
}

std::optional<int32_t> parseIsoTime(std::string_view text) {
  if (const size_t separator = text.find('T'); separator != std::string_view::npos) {
    text.remove_prefix(separator + 1);
  }
  const std::optional<int32_t> millis = takeTimeOfDay(text);
  return text.empty() ? millis : std::nullopt;
}

std::optional<int64_t> parseIsoTimestamp(std::string_view text) {
  const std::optional<int64_t> days = takeDate(text);
  if (!days) {
    return std::nullopt;
  }
  int64_t millis = *days * kMillisPerDay;
  std::string midnight;
  if (takeCharacter(text, 'T') && !text.empty()) {
    const bool isEndOfDay = text.starts_with("24");  // and nothing later: the day after begins
    if (isEndOfDay) {
      midnight = "00" + std::string(text.substr(2));
      text = midnight;
    }
    const std::optional<int32_t> ofDay = takeTimeOfDay(text);
    if (!ofDay || (isEndOfDay && *ofDay != 0)) {
      return std::nullopt;
    }
    millis += *ofDay + (isEndOfDay ? kMillisPerDay : 0);
  }
  const std::optional<int> zoneMinutes = takeZone(text);
  if (!zoneMinutes || !text.empty()) {
    return std::nullopt;
  }
  return millis - int64_t{*zoneMinutes} * 60'000;
}

}  // namespace auspex::operators
