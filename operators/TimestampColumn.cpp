// SPDX-License-Identifier: Apache-2.0
#include "operators/TimestampColumn.h"

#include <fmt/format.h>

#include <optional>

#include "operators/functions/date/DatePattern.h"

namespace auspex::operators {

class TimestampReader::Pattern {
 public:
  explicit Pattern(DatePattern pattern) : pattern_(std::move(pattern)) {}

  std::optional<int64_t> parse(std::string_view text) const {
    const std::optional<ParsedTime> parsed = pattern_.parse(text);
    if (!parsed) {
      return std::nullopt;
    }
    if (parsed->offsetSeconds) {
      return parsed->localMillis - int64_t{*parsed->offsetSeconds} * 1000;
    }
    if (!parsed->zone) {
      return parsed->localMillis;
    }
    // Towards the past, so that the part below a second stays positive.
    const int64_t millis = ((parsed->localMillis % 1000) + 1000) % 1000;
    return parsed->zone->utcFromLocal((parsed->localMillis - millis) / 1000) * 1000 + millis;
  }

 private:
  DatePattern pattern_;
};

void checkTimestampColumn(const std::string& name, const TimestampColumn& column) {
  const bool isText = column.type.is(TypeKind::String);
  if (isText && column.format.empty()) {
    throw FormatError(fmt::format(
        "A String timestamp field has been specified without also specifying the timestamp_format "
        "(column `{}`)",
        name));
  }
  if (!isText && !column.format.empty()) {
    throw FormatError(
        fmt::format("'TIMESTAMP_FORMAT' set, but timestamp column `{}` is no STRING "
                    "but {}.",
                    name, column.type.toString()));
  }
  if (!isText && !column.type.is(TypeKind::Bigint) && !column.type.is(TypeKind::Timestamp)) {
    throw FormatError(
        fmt::format("Timestamp column, `{}`, should be LONG(INT64), TIMESTAMP, or a String with a "
                    "timestamp_format specified.",
                    name));
  }
  if (isText && !DatePattern::compile(column.format)) {
    throw FormatError(fmt::format("Invalid TIMESTAMP_FORMAT: '{}'", column.format));
  }
}

TimestampReader::TimestampReader(const TimestampColumn& column) {
  if (column.type.is(TypeKind::String)) {
    pattern_ = std::make_unique<Pattern>(DatePattern::compile(column.format).value());
  }
}

TimestampReader::~TimestampReader() = default;
TimestampReader::TimestampReader(TimestampReader&&) noexcept = default;
TimestampReader& TimestampReader::operator=(TimestampReader&&) noexcept = default;

void TimestampReader::read(const Column& column, const std::vector<uint8_t>& present,
                           std::vector<int64_t>& times, std::vector<FormatRowError>& errors) const {
  for (uint32_t row = 0; row < times.size(); ++row) {
    if (!present.empty() && present[row] == 0) {
      continue;
    }
    std::optional<int64_t> time;
    if (!column.isNull(row)) {
      time = pattern_ ? pattern_->parse(column.values<std::string_view>()[row])
                      : std::optional(column.values<int64_t>()[row]);
    }
    if (time && *time >= 0) {
      times[row] = *time;
    } else {
      errors.push_back({row, column.isNull(row) ? "the timestamp column is NULL"
                             : time             ? "the timestamp column is negative"
                                                : "the timestamp column is no timestamp"});
    }
  }
}

}  // namespace auspex::operators
