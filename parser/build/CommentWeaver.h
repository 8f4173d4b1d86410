// SPDX-License-Identifier: Apache-2.0
// Takes the comments out of a statement's tokens, and puts them back into its printed form.
#pragma once

#include <memory>
#include <string>

#include "parser/ast/Comment.h"
#include "parser/grammar/Token.h"

namespace auspex::parser {

/// Collects what weaveComments needs; null without comments.
std::shared_ptr<const Comments> collectComments(const TokenList& source);

/// Puts comments between the tokens of `printed`, a statement printed without them: one on a line
/// of its own before the token it stood before, any other behind the token it stood behind. Where
/// that token was not printed, the nearest one in that direction counts. Weaving into the same
/// tokens changes nothing but blanks, so printing and parsing again gives the same text.
std::string weaveComments(const std::string& printed, const Comments& written);

}  // namespace auspex::parser
