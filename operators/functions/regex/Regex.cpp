// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/regex/Regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace auspex::operators {
namespace {

/// Steps and depth of backtracking after which a search is given up: bounds time and memory.
constexpr uint32_t kMatchLimit = 1'000'000;
constexpr uint32_t kDepthLimit = 10'000;

struct FreeCompileContext {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};

PCRE2_SPTR unitsOf(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

}  // namespace

struct Regex::Compiled {
  struct FreeCode {
    void operator()(pcre2_code* compiled) const { pcre2_code_free(compiled); }
  };
  struct FreeMatch {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  };
  struct FreeContext {
    void operator()(pcre2_match_context* settings) const { pcre2_match_context_free(settings); }
  };

  std::unique_ptr<pcre2_code, FreeCode> code;
  std::unique_ptr<pcre2_match_data, FreeMatch> match;
  std::unique_ptr<pcre2_match_context, FreeContext> context;
};

Regex::Regex(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {
}

Regex::~Regex() = default;

std::unique_ptr<Regex> Regex::compile(std::string_view pattern, std::string& error) {
  const std::unique_ptr<pcre2_compile_context, FreeCompileContext> settings(
      pcre2_compile_context_create(nullptr));
  pcre2_set_newline(settings.get(), PCRE2_NEWLINE_ANY);
  int code = 0;
  PCRE2_SIZE offset = 0;
  auto compiled = std::make_unique<Compiled>();
  compiled->code.reset(
      pcre2_compile(unitsOf(pattern), pattern.size(), PCRE2_UTF, &code, &offset, settings.get()));
  if (!compiled->code) {
    PCRE2_UCHAR message[256];
    pcre2_get_error_message(code, message, sizeof(message));
    error = "Invalid regular expression pattern: " +
            std::string(reinterpret_cast<const char*>(message)) + " at " + std::to_string(offset);
    return nullptr;
  }
  compiled->match.reset(pcre2_match_data_create_from_pattern(compiled->code.get(), nullptr));
  compiled->context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(compiled->context.get(), kMatchLimit);
  pcre2_set_depth_limit(compiled->context.get(), kDepthLimit);
  return std::unique_ptr<Regex>(new Regex(std::move(compiled)));
}

Regex::Outcome Regex::search(std::string_view text, size_t from, RegexMatch& match) const {
  // The first search has found the whole text to be UTF-8: looking again at each further match
  // would make the cost of all matches the square of the text's length.
  const uint32_t options = from > 0 ? PCRE2_NO_UTF_CHECK : 0;
  const int count = pcre2_match(compiled_->code.get(), unitsOf(text), text.size(), from, options,
                                compiled_->match.get(), compiled_->context.get());
  if (count < 0) {
    return count == PCRE2_ERROR_NOMATCH ? Outcome::NotFound : Outcome::TooExpensive;
  }
  const PCRE2_SIZE* const ends = pcre2_get_ovector_pointer(compiled_->match.get());
  match.groups.assign(numGroups() + 1, std::nullopt);
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    if (ends[2 * i] != PCRE2_UNSET) {
      match.groups[i] = RegexMatch::Range{ends[2 * i], ends[2 * i + 1]};
    }
  }
  return Outcome::Found;
}

size_t Regex::numGroups() const {
  uint32_t count = 0;
  pcre2_pattern_info(compiled_->code.get(), PCRE2_INFO_CAPTURECOUNT, &count);
  return count;
}

std::optional<size_t> Regex::groupNamed(const std::string& name) const {
  const int number = pcre2_substring_number_from_name(compiled_->code.get(),
                                                      reinterpret_cast<PCRE2_SPTR>(name.c_str()));
  return number > 0 ? std::optional(static_cast<size_t>(number)) : std::nullopt;
}

}  // namespace auspex::operators
