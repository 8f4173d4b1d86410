// SPDX-License-Identifier: Apache-2.0
// Goes on behind a statement in error: where the next one begins, and what the wrong one was to
// make, so that one round tells every error of a script and none that only follows from another.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "parser/Parser.h"
#include "parser/SyntaxError.h"
#include "parser/ast/Span.h"

namespace auspex::parser {

/// A statement in error: the text, where it begins, and behind what was taken for it.
struct FailedPiece {
  std::string_view text;
  Span start;
  std::size_t end = 0;
};

/// Returns where reading goes on: behind the `;`, unless it was not the statement's own. A word
/// that begins statements at the beginning of a line, and in error, says that the `;` was
/// forgotten before it; a quote that was left open ends at the first `;` that ends a line.
std::size_t findRestart(const FailedPiece& piece, const SyntaxError& error);

/// Returns what the statement was to create, change or drop, as far as its first words say: NAME of
/// `CREATE OR REPLACE STREAM name (`. Misspelt words before the name do no harm.
std::vector<std::string> findStatedNames(const FailedPiece& piece, const SyntaxError& error,
                                         const Variables& variables);

}  // namespace auspex::parser
