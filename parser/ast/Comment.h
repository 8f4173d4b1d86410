// SPDX-License-Identifier: Apache-2.0
// The comments of a statement, by the tokens it was written with. No node of the tree knows of
// them: they mean nothing, and trees are equal without them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace auspex::parser {

/// `-- text` or `/* text */`.
struct Comment {
  /// With its marks and without the end of its line.
  std::string text;
  /// The token that it stands before; the number of tokens for one behind them all.
  std::size_t tokenIndex = 0;
  /// It is the first on its line.
  bool beginsLine = false;
  /// Nothing follows on its line; always so for `--`.
  bool endsLine = false;
};

/// The comments of one statement; at least one.
struct Comments {
  /// In the order written.
  std::vector<Comment> comments;
  /// The statement's tokens in a form that does not change with case, quotes of names and the like.
  std::vector<std::string> tokens;
};

}  // namespace auspex::parser
