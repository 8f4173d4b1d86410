// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/Durations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "operators/data/Ascii.h"
#include "queries/StatementError.h"

namespace auspex::queries {

int64_t millisOf(const parser::Interval& interval) {
  constexpr int64_t kMillis[] = {0, 0, 86'400'000, 3'600'000, 60'000, 1'000, 1};
  const int64_t unit = kMillis[static_cast<size_t>(interval.unit)];
  if (unit == 0) {
    throw StatementError("A window is given in DAYS or a smaller unit.", interval.span);
  }
  int64_t millis = 0;
  if (__builtin_mul_overflow(interval.count, unit, &millis)) {
    throw StatementError("This time is too long.", interval.span);
  }
  return millis;
}

int64_t parseMillis(std::string_view text, const parser::Span& span) {
  parser::Interval interval;
  interval.span = span;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), interval.count);
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  std::string name = operators::asciiUpper(unit);
  name += name.ends_with('S') ? "" : "S";
  constexpr std::string_view kUnits[] = {"DAYS", "HOURS", "MINUTES", "SECONDS", "MILLISECONDS"};
  const auto* const known = std::find(std::begin(kUnits), std::end(kUnits), name);
  if (error != std::errc() || known == std::end(kUnits)) {
    throw StatementError(
        fmt::format("Invalid duration: '{}'. It is written like '10 SECONDS'.", text), span);
  }
  interval.unit = static_cast<parser::TimeUnit>(static_cast<int>(parser::TimeUnit::Days) +
                                                (known - std::begin(kUnits)));
  return millisOf(interval);
}

}  // namespace auspex::queries
