// SPDX-License-Identifier: Apache-2.0
// Any statement, and what a whole text has to be.
#pragma once

#include "parser/grammar/Grammar.h"

namespace auspex::parser::rules {

struct statement : sor<select, opaque<matchCreateOrInsert>, opaque<matchAdminStatement>,
                       opaque<matchModelStatement>> {};
struct whole_statement : seq<opaque<matchStatement>, expect<t<K::Semicolon>>> {};
struct whole_expression : seq<expression, expect<t<K::EndOfText>>> {};

}  // namespace auspex::parser::rules
