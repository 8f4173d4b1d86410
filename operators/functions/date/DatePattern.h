// SPDX-License-Identifier: Apache-2.0
// Java's DateTimeFormatter patterns: the letters that data uses, with English names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/functions/date/TimeZone.h"

namespace auspex::operators {

/// What a text gave. Missing fields are those of 1970-01-01T00:00.
struct ParsedTime {
  int64_t localMillis = 0;
  std::optional<int32_t> offsetSeconds;
  std::shared_ptr<const TimeZone> zone;
};

/// A compiled pattern: y u M L d D E e a H h k K m s S A n X x Z z V, 'text', '' and other
/// characters as they are. Case of texts is ignored when reading.
class DatePattern {
 public:
  /// nullopt when the pattern has a letter that is not known, or an open quote.
  static std::optional<DatePattern> compile(std::string_view pattern);

  /// Appends an instant as its zone sees it.
  void format(std::string& out, int64_t utcMillis, const TimeZone& zone) const;

  /// nullopt when the text does not follow the pattern as a whole.
  std::optional<ParsedTime> parse(std::string_view text) const;

 private:
  struct Field {
    char letter = 0;  // 0: literal
    size_t count = 0;
    std::string literal;
    bool numericFollows = false;
  };
  std::vector<Field> fields_;
};

}  // namespace auspex::operators
