// SPDX-License-Identifier: Apache-2.0
// REGEXP_EXTRACT, REGEXP_EXTRACT_ALL, REGEXP_REPLACE and REGEXP_SPLIT_TO_ARRAY.
#include "operators/data/Ascii.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"
#include "operators/functions/collection/NestedRows.h"
#include "operators/functions/regex/Regex.h"
#include "operators/functions/string/Utf16.h"

namespace auspex::operators {

namespace {

using Text = std::string_view;

/// Compiles each pattern once as long as rows repeat it.
class PatternCache {
 public:
  /// Null when the pattern is none: the row has failed.
  const Regex* get(Text pattern, const KernelInput& input, size_t row) {
    if (!known_ || pattern_ != pattern) {
      pattern_ = std::string(pattern);
      regex_ = Regex::compile(pattern, error_);
      known_ = true;
    }
    if (!regex_) {
      input.failures.add(row, error_);
    }
    return regex_.get();
  }

 private:
  bool known_ = false;
  std::string pattern_;
  std::string error_;
  std::unique_ptr<Regex> regex_;
};

Text argument(const KernelInput& input, size_t index, size_t row) {
  return OperandView<Text>(input.arguments[index])[row];
}

/// The wanted group, 0 unless a third argument says otherwise; nullopt when there is no such group.
std::optional<size_t> wantedGroup(const KernelInput& input, size_t row, const Regex& regex) {
  const int32_t group =
      input.arguments.size() < 3 ? 0 : OperandView<int32_t>(input.arguments[2])[row];
  if (group < 0 || static_cast<size_t>(group) > regex.numGroups()) {
    return std::nullopt;
  }
  return static_cast<size_t>(group);
}

/// Calls `each(match)` for all matches in order; false when the search was too expensive.
template <typename Each>
bool forEachMatch(const Regex& regex, Text text, Each each) {
  RegexMatch match;
  for (size_t from = 0; from <= text.size();) {
    const Regex::Outcome outcome = regex.search(text, from, match);
    if (outcome != Regex::Outcome::Found) {
      return outcome == Regex::Outcome::NotFound;
    }
    each(match);
    const RegexMatch::Range& whole = *match.groups[0];
    // An empty match moves on by a character, or it would be found for ever.
    from = whole.end > whole.begin   ? whole.end
           : whole.end < text.size() ? whole.end + characterBytes(text, whole.end)
                                     : text.size() + 1;
  }
  return true;
}

constexpr const char* kTooExpensive = "the regular expression backtracks too much for this text";

Text textOf(Text text, const std::optional<RegexMatch::Range>& range) {
  return range ? text.substr(range->begin, range->end - range->begin) : Text();
}

ColumnPtr extractKernel(const KernelInput& input) {
  PatternCache patterns;
  std::vector<Text> values(input.numRows, Text("", 0));
  std::vector<uint8_t> validity(input.numRows, 0);
  RegexMatch match;
  input.rows.forEach([&](size_t row) {
    const Regex* const regex =
        input.anyNull(row) ? nullptr : patterns.get(argument(input, 0, row), input, row);
    const std::optional<size_t> group =
        regex == nullptr ? std::nullopt : wantedGroup(input, row, *regex);
    if (!group) {
      return;
    }
    const Text text = argument(input, 1, row);
    const Regex::Outcome outcome = regex->search(text, 0, match);
    if (outcome == Regex::Outcome::TooExpensive) {
      input.failures.add(row, kTooExpensive);
    }
    if (outcome == Regex::Outcome::Found && match.groups[*group]) {
      values[row] = textOf(text, match.groups[*group]);
      validity[row] = 1;
    }
  });
  return Column::make(input.resultType, std::move(values), std::move(validity),
                      ownersOf(input.arguments));
}

ColumnPtr extractAllKernel(const KernelInput& input) {
  PatternCache patterns;
  return makeTextLists(input, [&](size_t row) -> std::optional<TextList> {
    const Regex* const regex = patterns.get(argument(input, 0, row), input, row);
    const std::optional<size_t> group =
        regex == nullptr ? std::nullopt : wantedGroup(input, row, *regex);
    if (!group) {
      return std::nullopt;
    }
    const Text text = argument(input, 1, row);
    TextList found;
    const bool whole = forEachMatch(*regex, text, [&](const RegexMatch& match) {
      found.push_back(match.groups[*group]
                          ? std::optional(std::string(textOf(text, match.groups[*group])))
                          : std::nullopt);
    });
    if (!whole) {
      input.failures.add(row, kTooExpensive);
      return std::nullopt;
    }
    return found;
  });
}

/// The group that `$1` or `${name}` at the start of `rest` means; moves `rest` behind it.
std::optional<size_t> takeGroup(Text& rest, const Regex& regex) {
  if (rest.starts_with('{')) {
    const size_t end = rest.find('}');
    if (end == Text::npos) {
      return std::nullopt;
    }
    const std::string name(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
    return regex.groupNamed(name);
  }
  size_t group = 0;
  size_t size = 0;
  // As many digits as still name a group.
  while (size < rest.size() && isDigit(rest[size])) {
    const size_t longer = group * 10 + static_cast<size_t>(rest[size] - '0');
    if (longer > regex.numGroups()) {
      break;
    }
    group = longer;
    ++size;
  }
  rest.remove_prefix(size);
  return size == 0 ? std::nullopt : std::optional(group);
}

/// Appends what replaces a match; false when the replacement is malformed.
bool appendReplacement(std::string& out, Text replacement, Text text, const Regex& regex,
                       const RegexMatch& match) {
  while (!replacement.empty()) {
    const char c = replacement.front();
    replacement.remove_prefix(1);
    if (c == '\\') {
      if (replacement.empty()) {
        return false;
      }
      out += replacement.front();
      replacement.remove_prefix(1);
    } else if (c == '$') {
      const std::optional<size_t> group = takeGroup(replacement, regex);
      if (!group) {
        return false;
      }
      out += textOf(text, match.groups[*group]);
    } else {
      out += c;
    }
  }
  return true;
}

ColumnPtr replaceKernel(const KernelInput& input) {
  PatternCache patterns;
  const auto arena = std::make_shared<Arena>();
  std::vector<Text> values(input.numRows, Text("", 0));
  std::vector<uint8_t> validity(input.numRows, 0);
  input.rows.forEach([&](size_t row) {
    const Regex* const regex =
        input.anyNull(row) ? nullptr : patterns.get(argument(input, 1, row), input, row);
    if (regex == nullptr) {
      return;
    }
    const Text text = argument(input, 0, row);
    const Text replacement = argument(input, 2, row);
    std::string result;
    size_t position = 0;
    bool wellFormed = true;
    const bool whole = forEachMatch(*regex, text, [&](const RegexMatch& match) {
      result += text.substr(position, match.groups[0]->begin - position);
      wellFormed = wellFormed && appendReplacement(result, replacement, text, *regex, match);
      position = match.groups[0]->end;
    });
    if (!whole || !wellFormed) {
      input.failures.add(row, whole ? "the replacement names no group" : kTooExpensive);
      return;
    }
    values[row] = arena->copy(result += text.substr(position));
    validity[row] = 1;
  });
  return Column::make(input.resultType, std::move(values), std::move(validity), {arena});
}

ColumnPtr regexSplitKernel(const KernelInput& input) {
  PatternCache patterns;
  return makeTextLists(input, [&](size_t row) -> std::optional<TextList> {
    const Regex* const regex = patterns.get(argument(input, 1, row), input, row);
    if (regex == nullptr) {
      return std::nullopt;
    }
    const Text text = argument(input, 0, row);
    TextList parts;
    size_t position = 0;
    const bool whole = forEachMatch(*regex, text, [&](const RegexMatch& match) {
      const RegexMatch::Range& range = *match.groups[0];
      // An empty match at the very beginning or end splits nothing off.
      if (range.end == range.begin && (range.end == 0 || range.end == text.size())) {
        return;
      }
      parts.push_back(std::string(text.substr(position, range.begin - position)));
      position = range.end;
    });
    if (!whole) {
      input.failures.add(row, kTooExpensive);
      return std::nullopt;
    }
    parts.push_back(std::string(text.substr(position)));
    return parts;
  });
}

void add(FunctionRegistry& registry, const char* name, const char* help, const char* example,
         std::vector<ScalarOverload> overloads) {
  registry.add(ScalarFunction{name, "Regular expression", help, example, std::move(overloads)});
}

}  // namespace

void addRegexFunctions(FunctionRegistry& registry) {
  add(registry, "REGEXP_EXTRACT",
      "The first match of an expression in a text, or one of its groups; NULL without a match.",
      "REGEXP_EXTRACT('(.*) (.*)', 'a b', 2) -> 'b'",
      {{"(STRING, STRING) -> STRING", extractKernel},
       {"(STRING, STRING, INT) -> STRING", extractKernel}});
  add(registry, "REGEXP_EXTRACT_ALL",
      "All matches of an expression in a text, or one group of each.",
      "REGEXP_EXTRACT_ALL('[0-9]', 'a1b2') -> ['1', '2']",
      {{"(STRING, STRING) -> ARRAY<STRING>", extractAllKernel},
       {"(STRING, STRING, INT) -> ARRAY<STRING>", extractAllKernel}});
  add(registry, "REGEXP_REPLACE",
      "Replaces all matches of an expression; $1 in the replacement is a group.",
      "REGEXP_REPLACE('a1b2', '[0-9]', '-') -> 'a-b-'",
      {{"(STRING, STRING, STRING) -> STRING", replaceKernel}});
  add(registry, "REGEXP_SPLIT_TO_ARRAY", "The parts of a text between matches of an expression.",
      "REGEXP_SPLIT_TO_ARRAY('a1b2c', '[0-9]') -> ['a', 'b', 'c']",
      {{"(STRING, STRING) -> ARRAY<STRING>", regexSplitKernel}});
}

}  // namespace auspex::operators
