// SPDX-License-Identifier: Apache-2.0
// Regular expressions as Java's users write them: lookaround, possessive quantifiers and
// backreferences included. The only place that sees PCRE2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace auspex::operators {

/// What a search gave: byte ranges of the whole match and of each group.
struct RegexMatch {
  struct Range {
    size_t begin = 0;
    size_t end = 0;
  };
  std::vector<std::optional<Range>> groups;  ///< group 0 is the whole match
};

/// A compiled expression. One thread.
class Regex {
 public:
  /// A null pointer when the text is no expression; `error` then says why.
  static std::unique_ptr<Regex> compile(std::string_view pattern, std::string& error);
  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  enum class Outcome { Found, NotFound, TooExpensive };
  /// The first match at byte `from` or later, which is 0 or behind a match in the same text. A
  /// search that backtracks beyond a limit is given up, and so is one of a text that is no UTF-8.
  Outcome search(std::string_view text, size_t from, RegexMatch& match) const;
  size_t numGroups() const;
  /// The number of a named group.
  std::optional<size_t> groupNamed(const std::string& name) const;

 private:
  struct Compiled;
  explicit Regex(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace auspex::operators
