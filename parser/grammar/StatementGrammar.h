// SPDX-License-Identifier: Apache-2.0
// The grammar as the rest of the parser sees it, without PEGTL.
#pragma once

#include "parser/grammar/ParseTree.h"

namespace auspex::parser {

/// Runs the grammar over one statement and its `;`; the tree's first node is the statement. Returns
/// false when the text begins like no statement. Throws SyntaxError for one that goes wrong later.
bool matchWholeStatement(const TokenList& source, ParseTree& tree);

/// The same for one expression without `;`.
bool matchWholeExpression(const TokenList& source, ParseTree& tree);

}  // namespace auspex::parser
