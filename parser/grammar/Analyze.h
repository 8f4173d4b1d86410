// SPDX-License-Identifier: Apache-2.0
// Checks a grammar for rules that could run forever; for the unit tests, which see no PEGTL header.
#pragma once

#include <cstddef>
#include <tao/pegtl/contrib/analyze.hpp>

namespace auspex::parser {

/// Returns the number of loops without progress below a rule. Parts behind `opaque` are looked at
/// by their own rules.
template <typename Rule>
std::size_t countEndlessRules() {
  return tao::pegtl::analyze<Rule>(-1);
}

}  // namespace auspex::parser
