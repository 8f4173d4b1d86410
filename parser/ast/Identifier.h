// SPDX-License-Identifier: Apache-2.0
// A name as a statement gives it.
#pragma once

#include <string>

#include "parser/ast/Span.h"

namespace auspex::parser {

/// The name of a source, column, field, alias, type, model or query.
struct Identifier {
  /// As stored: upper-cased when it was written without quotes, exact when it was quoted.
  std::string name;
  /// Written in back quotes or double quotes.
  bool quoted = false;
  Span span;
};

}  // namespace auspex::parser
