// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/date/DatePattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "operators/data/Ascii.h"
#include "operators/expressions/TimeText.h"

namespace auspex::operators {

namespace {

constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kDays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                "Friday", "Saturday", "Sunday"};

bool isNumeric(char letter, size_t count) {
  return std::string_view("yudDHhkKmsSAne").find(letter) != std::string_view::npos ||
         ((letter == 'M' || letter == 'L') && count <= 2);
}

bool startsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  return equalsIgnoringCase(text.substr(0, prefix.size()), prefix);
}

/// `+02:00` in the form of X, x and Z with their counts.
void appendOffset(std::string& out, char letter, size_t count, int offsetSeconds) {
  if (letter == 'X' && offsetSeconds == 0) {
    out += 'Z';
    return;
  }
  const int minutes = (offsetSeconds < 0 ? -offsetSeconds : offsetSeconds) / 60;
  const bool colon = letter == 'Z' ? count == 5 : count == 3 || count == 5;
  fmt::format_to(std::back_inserter(out), "{}{:02}", offsetSeconds < 0 ? '-' : '+', minutes / 60);
  if ((letter == 'Z' ? true : count > 1) || minutes % 60 != 0) {
    fmt::format_to(std::back_inserter(out), "{}{:02}", colon ? ":" : "", minutes % 60);
  }
}

/// TimeFields of a time while a text is read.
struct TimeFields {
  std::optional<int64_t> year, month, day, dayOfYear, hour, hour12, minute, second, nanos,
      millisOfDay;
  bool isPm = false;
  std::optional<int32_t> offsetSeconds;
  std::shared_ptr<const TimeZone> zone;

  std::optional<int64_t> localMillis() const {
    const int64_t y = year.value_or(1970);
    const int64_t m = month.value_or(1);
    int64_t days = 0;
    if (dayOfYear) {
      if (*dayOfYear < 1 || *dayOfYear > (isLeapYear(y) ? 366 : 365)) {
        return std::nullopt;
      }
      days = daysFromCivil(y, 1, 1) + *dayOfYear - 1;
    } else {
      const int64_t d = day.value_or(1);
      if (m < 1 || m > 12 || d < 1 || d > 31) {
        return std::nullopt;
      }
      // As Java's smart resolving: the 30th of February is its last day.
      days = daysFromCivil(
          y, static_cast<int>(m),
          static_cast<int>(std::min<int64_t>(d, daysInMonth(y, static_cast<int>(m)))));
    }
    if (millisOfDay) {
      return days * kMillisPerDay + *millisOfDay;
    }
    const int64_t h = hour ? *hour : hour12 ? *hour12 % 12 + (isPm ? 12 : 0) : 0;
    if (h > 24 || minute.value_or(0) > 59 || second.value_or(0) > 59) {
      return std::nullopt;
    }
    return days * kMillisPerDay +
           ((h % 24) * 3600 + minute.value_or(0) * 60 + second.value_or(0)) * 1000 +
           nanos.value_or(0) / 1'000'000 + (h == 24 ? kMillisPerDay : 0);
  }
};

/// Which of the names stands at the front, 0-based; short ones are the first three letters.
template <size_t size>
std::optional<int64_t> takeName(std::string_view& text,
                                const std::array<std::string_view, size>& names, bool full) {
  for (size_t i = 0; i < size; ++i) {
    const std::string_view name = full ? names[i] : names[i].substr(0, 3);
    if (startsWithIgnoringCase(text, name)) {
      text.remove_prefix(name.size());
      return static_cast<int64_t>(i);
    }
  }
  return std::nullopt;
}

bool takeOffset(std::string_view& text, TimeFields& fields) {
  if (startsWithIgnoringCase(text, "Z")) {
    text.remove_prefix(1);
    fields.offsetSeconds = 0;
    return true;
  }
  if (text.empty() || (text[0] != '+' && text[0] != '-')) {
    return false;
  }
  const bool west = text[0] == '-';
  text.remove_prefix(1);
  const std::optional<int64_t> hours = takeNumber<int64_t>(text, 2, 2);
  if (!hours || *hours > 18) {
    return false;
  }
  int64_t seconds = *hours * 3600;
  std::string_view rest = text.starts_with(":") ? text.substr(1) : text;
  if (const std::optional<int64_t> minutes = takeNumber<int64_t>(rest, 2, 2);
      minutes && *minutes < 60) {
    seconds += *minutes * 60;
    text = rest;
  }
  fields.offsetSeconds = static_cast<int32_t>(west ? -seconds : seconds);
  return true;
}

/// A zone's name or one of the abbreviations in wide use.
bool takeZone(std::string_view& text, TimeFields& fields) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    return takeOffset(text, fields);
  }
  size_t length = 0;
  while (length < text.size() &&
         (isLetter(text[length]) || isDigit(text[length]) ||
          std::string_view("/_+-:").find(text[length]) != std::string_view::npos)) {
    ++length;
  }
  static constexpr std::pair<std::string_view, std::string_view> kAbbreviations[] = {
      {"PST", "America/Los_Angeles"}, {"PDT", "America/Los_Angeles"}, {"MST", "America/Denver"},
      {"MDT", "America/Denver"},      {"CST", "America/Chicago"},     {"CDT", "America/Chicago"},
      {"EST", "America/New_York"},    {"EDT", "America/New_York"},    {"BST", "Europe/London"},
      {"CET", "Europe/Paris"},        {"CEST", "Europe/Paris"},       {"IST", "Asia/Kolkata"},
      {"JST", "Asia/Tokyo"}};
  std::string_view name = text.substr(0, length);
  for (const auto& [abbreviation, zone] : kAbbreviations) {
    if (name == abbreviation) {
      name = zone;
      break;
    }
  }
  fields.zone = TimeZone::find(name);
  text.remove_prefix(length);
  return fields.zone != nullptr;
}

/// Reads the number of one field; false when it is none or out of its range.
bool takeNumericField(std::string_view& text, char letter, size_t count, bool numericFollows,
                      TimeFields& fields) {
  const bool isYear = letter == 'y' || letter == 'u';
  const bool negative = isYear && text.starts_with("-");
  if (negative || (isYear && text.starts_with("+"))) {
    text.remove_prefix(1);
  }
  size_t maxDigits = count == 1 ? 19 : count;
  if (isYear && count > 2 && !numericFollows) {
    maxDigits = 9;
  }
  if (numericFollows || letter == 'S') {
    maxDigits = count;
  }
  const size_t before = text.size();
  std::optional<int64_t> value = takeNumber<int64_t>(text, count, maxDigits);
  if (!value) {
    return false;
  }
  switch (letter) {
    case 'y':
    case 'u':
      fields.year = (count == 2 ? 2000 : 0) + (negative ? -*value : *value);
      return *fields.year < 1'000'000 && *fields.year > -1'000'000;
    case 'M':
    case 'L':
      fields.month = value;
      return *value >= 1 && *value <= 12;
    case 'd':
      fields.day = value;
      return true;
    case 'D':
      fields.dayOfYear = value;
      return true;
    case 'H':
    case 'k':
      fields.hour = value;
      return *value <= (letter == 'k' ? 24 : 23);
    case 'h':
    case 'K':
      fields.hour12 = value;
      return *value <= 12;
    case 'm':
      fields.minute = value;
      return *value <= 59;
    case 's':
      fields.second = value;
      return *value <= 59;
    case 'A':
      fields.millisOfDay = value;
      return *value < kMillisPerDay;
    case 'S':
      for (size_t digits = before - text.size(); digits < 9; ++digits) {
        *value *= 10;
      }
      fields.nanos = value;
      return true;
    case 'n':
      fields.nanos = value;
      return *value < 1'000'000'000;
    default:
      return letter == 'e';
  }
}

}  // namespace

std::optional<DatePattern> DatePattern::compile(std::string_view pattern) {
  static constexpr std::string_view kKnown = "yuMLdDEeaHhkKmsSAnXxZzV";
  DatePattern compiled;
  const auto addLiteral = [&](std::string_view text) {
    if (compiled.fields_.empty() || compiled.fields_.back().letter != 0) {
      compiled.fields_.push_back({});
    }
    compiled.fields_.back().literal += text;
  };
  for (size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if (c == '\'') {
      if (pattern.substr(i).starts_with("''")) {
        addLiteral("'");
        i += 2;
        continue;
      }
      ++i;
      while (true) {
        if (i >= pattern.size()) {
          return std::nullopt;
        }
        if (pattern.substr(i).starts_with("''")) {
          addLiteral("'");
          i += 2;
        } else if (pattern[i] == '\'') {
          ++i;
          break;
        } else {
          addLiteral(pattern.substr(i++, 1));
        }
      }
      continue;
    }
    if (!isLetter(c)) {
      addLiteral(pattern.substr(i++, 1));
      continue;
    }
    size_t end = i;
    while (end < pattern.size() && pattern[end] == c) {
      ++end;
    }
    if (kKnown.find(c) == std::string_view::npos || (c == 'S' && end - i > 9)) {
      return std::nullopt;
    }
    compiled.fields_.push_back({c, end - i, "", false});
    i = end;
  }
  for (size_t i = 0; i + 1 < compiled.fields_.size(); ++i) {
    const Field& next = compiled.fields_[i + 1];
    compiled.fields_[i].numericFollows = next.letter != 0 && isNumeric(next.letter, next.count);
  }
  return compiled;
}

namespace {

void appendNumber(std::string& out, int64_t value, size_t width) {
  constexpr size_t kMaxPlainDigits = 18;
  if (value < 0 || width > kMaxPlainDigits) {
    fmt::format_to(std::back_inserter(out), "{:0{}}", value, width);
    return;
  }
  std::array<char, 20> digits{};
  size_t begin = digits.size();
  for (auto rest = static_cast<uint64_t>(value); rest != 0; rest /= 10) {
    digits[--begin] = static_cast<char>('0' + rest % 10);
  }
  while (digits.size() - begin < std::max<size_t>(width, 1)) {
    digits[--begin] = '0';
  }
  out.append(digits.data() + begin, digits.size() - begin);
}

/// A field of the day; false when the letter is none of it.
bool appendDateField(std::string& out, char letter, size_t count, int64_t days) {
  const CivilDate date = civilFromDays(days);
  const auto weekday = static_cast<size_t>(((days + 3) % 7 + 7) % 7);  // Monday is 0.
  switch (letter) {
    case 'y':
    case 'u':
      appendNumber(out, count == 2 ? ((date.year % 100) + 100) % 100 : date.year, count);
      return true;
    case 'M':
    case 'L':
      if (count >= 3) {
        const std::string_view name = kMonths[static_cast<size_t>(date.month - 1)];
        out += count == 3 ? name.substr(0, 3) : name;
      } else {
        appendNumber(out, date.month, count);
      }
      return true;
    case 'd':
      appendNumber(out, date.day, count);
      return true;
    case 'D':
      appendNumber(out, days - daysFromCivil(date.year, 1, 1) + 1, count);
      return true;
    case 'E':
      out += count == 4 ? kDays[weekday] : kDays[weekday].substr(0, 3);
      return true;
    case 'e':
      appendNumber(out, static_cast<int64_t>((weekday + 1) % 7 + 1), count);
      return true;
    default:
      return false;
  }
}

/// A field of the time of day; false when the letter is none of it.
bool appendTimeField(std::string& out, char letter, size_t count, int64_t millisOfDay) {
  const int64_t hour = millisOfDay / 3'600'000;
  const int64_t nanos = millisOfDay % 1000 * 1'000'000;
  switch (letter) {
    case 'a':
      out += hour < 12 ? "AM" : "PM";
      return true;
    case 'H':
      appendNumber(out, hour, count);
      return true;
    case 'k':
      appendNumber(out, hour == 0 ? 24 : hour, count);
      return true;
    case 'K':
      appendNumber(out, hour % 12, count);
      return true;
    case 'h':
      appendNumber(out, (hour + 11) % 12 + 1, count);
      return true;
    case 'm':
      appendNumber(out, millisOfDay / 60'000 % 60, count);
      return true;
    case 's':
      appendNumber(out, millisOfDay / 1000 % 60, count);
      return true;
    case 'S':
      out += fmt::format("{:09}", nanos).substr(0, count);
      return true;
    case 'n':
      appendNumber(out, nanos, count);
      return true;
    case 'A':
      appendNumber(out, millisOfDay, count);
      return true;
    default:
      return false;
  }
}

}  // namespace

void DatePattern::format(std::string& out, int64_t utcMillis, const TimeZone& zone) const {
  const TimeZone::Period& period = zone.periodAt(floorDivide(utcMillis, 1000));
  const int64_t local = utcMillis + int64_t{period.offsetSeconds} * 1000;
  const int64_t days = floorDivide(local, kMillisPerDay);
  for (const Field& field : fields_) {
    if (field.letter == 0) {
      out += field.literal;
    } else if (field.letter == 'z' || field.letter == 'V') {
      out += period.abbreviation;
    } else if (!appendDateField(out, field.letter, field.count, days) &&
               !appendTimeField(out, field.letter, field.count, local - days * kMillisPerDay)) {
      appendOffset(out, field.letter, field.count, period.offsetSeconds);
    }
  }
}

std::optional<ParsedTime> DatePattern::parse(std::string_view text) const {
  TimeFields fields;
  for (const Field& field : fields_) {
    bool taken = true;
    switch (field.letter) {
      case 0:
        taken = startsWithIgnoringCase(text, field.literal);
        text.remove_prefix(taken ? field.literal.size() : 0);
        break;
      case 'E':
        taken = takeName(text, kDays, field.count == 4).has_value();
        break;
      case 'a':
        fields.isPm = startsWithIgnoringCase(text, "PM");
        taken = fields.isPm || startsWithIgnoringCase(text, "AM");
        text.remove_prefix(taken ? 2 : 0);
        break;
      case 'X':
      case 'x':
      case 'Z':
        taken = takeOffset(text, fields);
        break;
      case 'z':
      case 'V':
        taken = takeZone(text, fields);
        break;
      default:
        if (isNumeric(field.letter, field.count)) {
          taken = takeNumericField(text, field.letter, field.count, field.numericFollows, fields);
        } else {
          const std::optional<int64_t> month = takeName(text, kMonths, field.count >= 4);
          taken = month.has_value();
          fields.month = month.value_or(0) + 1;
        }
        break;
    }
    if (!taken) {
      return std::nullopt;
    }
  }
  const std::optional<int64_t> local = fields.localMillis();
  if (!text.empty() || !local) {
    return std::nullopt;
  }
  return ParsedTime{*local, fields.offsetSeconds, fields.zone};
}

}  // namespace auspex::operators
