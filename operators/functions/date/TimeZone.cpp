// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/date/TimeZone.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"
#include "operators/expressions/TimeText.h"

namespace auspex::operators {

namespace {

constexpr const char* kZoneFolder = "/usr/share/zoneinfo/";
constexpr size_t kMaxZoneFileBytes = 1 << 20;
constexpr int64_t kSecondsPerDay = 86'400;

/// Reads the binary time zone format (RFC 8536), its 64-bit part. Everything is bounds-checked.
class ZoneFileReader {
 public:
  explicit ZoneFileReader(std::string bytes) : bytes_(std::move(bytes)) {}

  std::optional<std::vector<TimeZone::Period>> read() {
    Counts counts;
    if (!readHeader(counts)) {
      return std::nullopt;
    }
    position_ += counts.bodyBytes(4);
    if (!readHeader(counts) || bytes_.size() - position_ < counts.bodyBytes(8)) {
      return std::nullopt;
    }
    std::vector<TimeZone::Period> periods = readPeriods(counts);
    position_ += counts.bodyBytes(8);
    addRule(periods);
    return periods.empty() ? std::nullopt : std::optional(std::move(periods));
  }

 private:
  struct Counts {
    size_t isUtc, isStandard, leap, times, types, characters;
    size_t bodyBytes(size_t timeBytes) const {
      return times * (timeBytes + 1) + types * 6 + characters + leap * (timeBytes + 4) +
             isStandard + isUtc;
    }
  };

  int64_t number(size_t at, size_t numBytes) const {
    uint64_t value = 0;
    for (size_t i = 0; i < numBytes; ++i) {
      value = value << 8 | static_cast<unsigned char>(bytes_[at + i]);
    }
    return numBytes == 4 ? static_cast<int32_t>(static_cast<uint32_t>(value))
                         : static_cast<int64_t>(value);
  }
  size_t count(size_t at) const { return static_cast<size_t>(number(at, 4)) & 0xFFFFFF; }

  bool readHeader(Counts& counts) {
    constexpr size_t kHeaderBytes = 44;
    if (position_ > bytes_.size() || bytes_.size() - position_ < kHeaderBytes ||
        bytes_.compare(position_, 4, "TZif") != 0 || bytes_[position_ + 4] < '2') {
      return false;
    }
    const size_t at = position_ + 20;
    counts = {count(at),      count(at + 4),  count(at + 8),
              count(at + 12), count(at + 16), count(at + 20)};
    position_ += kHeaderBytes;
    return true;
  }

  std::vector<TimeZone::Period> readPeriods(const Counts& counts) const {
    const size_t typesAt = position_ + counts.times * 9;
    const size_t charactersAt = typesAt + counts.types * 6;
    const auto periodOf = [&](int64_t begin, size_t type) {
      const size_t at = typesAt + type * 6;
      const auto index = static_cast<unsigned char>(bytes_[at + 5]);
      std::string abbreviation;
      for (size_t i = index; i < counts.characters && bytes_[charactersAt + i] != 0; ++i) {
        abbreviation += bytes_[charactersAt + i];
      }
      return TimeZone::Period{begin, static_cast<int32_t>(number(at, 4)), abbreviation};
    };
    std::vector<TimeZone::Period> periods;
    if (counts.types > 0) {
      periods.push_back(periodOf(INT64_MIN, 0));
    }
    for (size_t i = 0; i < counts.times; ++i) {
      const auto type = static_cast<unsigned char>(bytes_[position_ + counts.times * 8 + i]);
      if (type < counts.types) {
        periods.push_back(periodOf(number(position_ + i * 8, 8), type));
      }
    }
    return periods;
  }

  /// `<+03>-3` or `CET`: a name of the rule at the end of the file.
  std::string takeName(std::string_view& rule) const {
    const bool quoted = rule.starts_with("<");
    if (quoted) {
      rule.remove_prefix(1);
    }
    std::string name;
    while (!rule.empty() &&
           (quoted ? rule[0] != '>' : std::isalpha(static_cast<unsigned char>(rule[0])) != 0)) {
      name += rule[0];
      rule.remove_prefix(1);
    }
    if (quoted && !rule.empty()) {
      rule.remove_prefix(1);
    }
    return name;
  }
  int takeInteger(std::string_view& rule) const {
    int value = 0;
    while (!rule.empty() && isDigit(rule[0]) && value < 100'000) {
      value = value * 10 + (rule[0] - '0');
      rule.remove_prefix(1);
    }
    return value;
  }
  /// `-3:30:00` in seconds.
  int takeSeconds(std::string_view& rule) const {
    const bool negative = rule.starts_with("-");
    if (negative || rule.starts_with("+")) {
      rule.remove_prefix(1);
    }
    int seconds = takeInteger(rule) * 3600;
    for (int unit = 60; unit >= 1 && rule.starts_with(":"); unit /= 60) {
      rule.remove_prefix(1);
      seconds += takeInteger(rule) * unit;
    }
    return negative ? -seconds : seconds;
  }
  /// `,M3.5.0/2`: local seconds in a year of the change; only the M form occurs today.
  std::optional<int64_t> changeIn(int64_t year, std::string_view& rule) const {
    if (!rule.starts_with(",M")) {
      return std::nullopt;
    }
    rule.remove_prefix(2);
    const int month = takeInteger(rule);
    rule.remove_prefix(std::min<size_t>(1, rule.size()));
    const int week = takeInteger(rule);
    rule.remove_prefix(std::min<size_t>(1, rule.size()));
    const int weekday = takeInteger(rule);
    int seconds = 7200;
    if (rule.starts_with("/")) {
      rule.remove_prefix(1);
      seconds = takeSeconds(rule);
    }
    if (month < 1 || month > 12 || weekday > 6) {
      return std::nullopt;
    }
    const int64_t first = daysFromCivil(year, month, 1);
    const int64_t firstWeekday = ((first + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday.
    int64_t day = (weekday - firstWeekday + 7) % 7 + (week - 1) * 7;
    while (day >= daysInMonth(year, month)) {
      day -= 7;
    }
    return (first + day) * kSecondsPerDay + seconds;
  }

  /// Extends the periods by the rule in the file's last line, up to the year 2200.
  void addRule(std::vector<TimeZone::Period>& periods) const {
    if (position_ + 2 > bytes_.size() || bytes_[position_] != '\n') {
      return;
    }
    const std::string_view whole = std::string_view(bytes_).substr(position_ + 1);
    std::string_view rule = whole.substr(0, whole.find('\n'));
    const std::string standardName = takeName(rule);
    const int standard = -takeSeconds(rule);
    const std::string summerName = takeName(rule);
    if (summerName.empty() || periods.empty()) {
      return;
    }
    const int summer = rule.starts_with(",") ? standard + 3600 : -takeSeconds(rule);
    constexpr int64_t kLastYear = 2200;
    for (int64_t year = 1970; year < kLastYear; ++year) {
      std::string_view dates = rule;
      const std::optional<int64_t> toSummer = changeIn(year, dates);
      const std::optional<int64_t> toStandard = changeIn(year, dates);
      if (!toSummer || !toStandard) {
        return;
      }
      std::vector<TimeZone::Period> changes{{*toSummer - standard, summer, summerName},
                                            {*toStandard - summer, standard, standardName}};
      if (changes[0].beginSeconds > changes[1].beginSeconds) {
        std::swap(changes[0], changes[1]);
      }
      for (TimeZone::Period& change : changes) {
        if (change.beginSeconds > periods.back().beginSeconds) {
          periods.push_back(std::move(change));
        }
      }
    }
  }

  std::string bytes_;
  size_t position_ = 0;
};

/// `+02:00`, `-0330`, `+2`: seconds east of UTC.
std::optional<int32_t> parseOffset(std::string_view text) {
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) {
    return std::nullopt;
  }
  std::string digits;
  for (const char c : text.substr(1)) {
    if (isDigit(c)) {
      digits += c;
    } else if (c != ':') {
      return std::nullopt;
    }
  }
  if (digits.empty() || digits.size() > 6) {
    return std::nullopt;
  }
  if (digits.size() % 2 == 1) {
    digits.insert(digits.begin(), '0');
  }
  digits.resize(6, '0');
  const int hours = std::stoi(digits.substr(0, 2));
  const int minutes = std::stoi(digits.substr(2, 2));
  const int seconds = std::stoi(digits.substr(4, 2));
  if (hours > 18 || minutes > 59 || seconds > 59) {
    return std::nullopt;
  }
  const int total = hours * 3600 + minutes * 60 + seconds;
  return text[0] == '-' ? -total : total;
}

bool isZoneName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.find("..") == std::string_view::npos &&
         name[0] != '/' && std::all_of(name.begin(), name.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' ||
                  c == '-' || c == '+';
         });
}

std::shared_ptr<const TimeZone> load(const std::string& name) {
  std::string_view rest = name;
  for (const std::string_view prefix : {"UTC", "GMT", "UT", "Z"}) {
    if (rest.starts_with(prefix)) {
      rest.remove_prefix(prefix.size());
      break;
    }
  }
  if (rest.empty()) {
    return std::make_shared<const TimeZone>(
        std::vector<TimeZone::Period>{{INT64_MIN, 0, name == "GMT" ? "GMT" : "UTC"}});
  }
  if (const std::optional<int32_t> offset = parseOffset(rest)) {
    return std::make_shared<const TimeZone>(
        std::vector<TimeZone::Period>{{INT64_MIN, *offset, std::string(rest)}});
  }
  if (!isZoneName(name)) {
    return nullptr;
  }
  std::ifstream file(kZoneFolder + name, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (bytes.empty() || bytes.size() > kMaxZoneFileBytes) {
    return nullptr;
  }
  std::optional<std::vector<TimeZone::Period>> periods = ZoneFileReader(std::move(bytes)).read();
  return periods ? std::make_shared<const TimeZone>(*std::move(periods)) : nullptr;
}

}  // namespace

std::shared_ptr<const TimeZone> TimeZone::find(std::string_view name) {
  thread_local std::map<std::string, std::shared_ptr<const TimeZone>, std::less<>> found;
  if (const auto known = found.find(name); known != found.end()) {
    return known->second;
  }
  std::shared_ptr<const TimeZone> zone = load(std::string(name));
  if (zone != nullptr) {
    found.emplace(std::string(name), zone);
  }
  return zone;
}

const TimeZone::Period& TimeZone::periodAt(int64_t utcSeconds) const {
  AUSPEX_ASSERT(!periods_.empty());
  const auto after = std::upper_bound(
      periods_.begin(), periods_.end(), utcSeconds,
      [](int64_t seconds, const Period& period) { return seconds < period.beginSeconds; });
  return after == periods_.begin() ? periods_.front() : *(after - 1);
}

int64_t TimeZone::utcFromLocal(int64_t localSeconds) const {
  // Any offset is below a day: both sides of a change nearby are among these two.
  const int32_t before = periodAt(localSeconds - kSecondsPerDay).offsetSeconds;
  if (periodAt(localSeconds - before).offsetSeconds == before) {
    return localSeconds - before;
  }
  const int32_t after = periodAt(localSeconds + kSecondsPerDay).offsetSeconds;
  return periodAt(localSeconds - after).offsetSeconds == after ? localSeconds - after
                                                               : localSeconds - before;
}

}  // namespace auspex::operators
