// SPDX-License-Identifier: Apache-2.0
// The form of most tests of the parser: a text, and what its tree prints as.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "parser/Parser.h"
#include "parser/ast/Printer.h"

namespace auspex::parser {

struct PrintCase {
  std::string text;
  /// The normal form; empty when the text is in it already.
  std::string printed;
};

/// Parses one expression and prints it.
inline std::string printedExpression(const std::string& text) {
  try {
    return print(*parseExpression(text));
  } catch (const SyntaxError& error) {
    return renderError(error.message(), error.span(), text, "");
  }
}

/// Parses one statement, without its `;`, and prints it.
inline std::string printedStatement(const std::string& text) {
  try {
    const auto statements = parse(text + ";");
    return statements.size() == 1 ? print(statements[0].statement) : "not one statement";
  } catch (const SyntaxError& error) {
    return renderError(error.message(), error.span(), text, "");
  }
}

/// Checks the printed form of each case, and that printing it again changes nothing.
template <typename PrintText>
void checkPrinted(const std::vector<PrintCase>& cases, PrintText printText) {
  for (const PrintCase& item : cases) {
    CAPTURE(item.text);
    const std::string expected = item.printed.empty() ? item.text : item.printed;
    CHECK(printText(item.text) == expected);
    CHECK(printText(expected) == expected);
  }
}

}  // namespace auspex::parser
