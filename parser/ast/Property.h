// SPDX-License-Identifier: Apache-2.0
// One entry of a WITH clause.
#pragma once

#include <string>

#include "parser/ast/Expression.h"
#include "parser/ast/Identifier.h"
#include "parser/ast/Span.h"

namespace auspex::parser {

/// `NAME='value'` in WITH (...) or SET (...).
struct Property {
  /// Upper-cased unless it was quoted, as an identifier or as a string.
  Identifier name;
  /// A literal; a minus sign is part of it.
  ExpressionPtr value;
  /// The value as plain text: what stands inside a string, `true`, `-3`, and `null` for NULL.
  std::string text;
  Span span;
};

}  // namespace auspex::parser
