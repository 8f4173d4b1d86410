// SPDX-License-Identifier: Apache-2.0
// Prints syntax trees back to SQL, in one normal form: on one line, keywords in capitals, names in
// back quotes only where they need them. Parsing the result gives an equal tree; printing that
// gives the same text. A statement keeps its comments, between the tokens they stood between; only
// these make further lines.
#pragma once

#include <string>

#include "parser/ast/Expression.h"
#include "parser/ast/Select.h"
#include "parser/ast/Statement.h"
#include "parser/ast/TypeName.h"

namespace auspex::parser {

/// Needed: only where the meaning asks for them. Everywhere: around each operation, which is how
/// ksqlDB shows expressions in its messages.
enum class Parentheses { Needed, Everywhere };

std::string print(const Expression& expression, Parentheses parentheses = Parentheses::Needed);
/// Prints an expression where the grammar takes a value only, as GROUP BY does: conditions get
/// parentheses.
std::string printValue(const Expression& expression);
std::string print(const TypeName& type);
std::string print(const Interval& interval);
std::string print(const Select& select);
/// Without the `;`. Ends with a line break when a `--` comment is the last of it.
std::string print(const Statement& statement);

/// Prints a name, in back quotes unless it can stand without them.
std::string printName(const std::string& name);

/// Prints a string literal, quotes doubled.
std::string printText(const std::string& text);

}  // namespace auspex::parser
