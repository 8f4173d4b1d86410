// SPDX-License-Identifier: Apache-2.0
// Fuzzes the parser: any text ends in statements or in a SyntaxError inside of it, and what was
// parsed prints to a text that parses to the same.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/Parser.h"
#include "parser/ast/Printer.h"

namespace {

using namespace auspex::parser;

void checkPrintsAndParses(const Statement& statement) {
  const std::string printed = print(statement);
  if (printed.size() >= kMaxStatementBytes) {
    return;
  }
  const std::vector<ParsedStatement> again = parse(printed + ";");
  assert(again.size() == 1);
  assert(print(again[0].statement) == printed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  isComplete(text);
  splitStatements(text);
  std::vector<ParsedStatement> statements;
  try {
    statements = parse(text, {{"v", "value"}, {"n", "-1"}});
  } catch (const SyntaxError& error) {
    assert(error.span().end <= size);
    renderError(error.message(), error.span(), text, "fuzz.sql");
    return 0;
  }
  for (const ParsedStatement& parsed : statements) {
    checkPrintsAndParses(parsed.statement);
  }
  return 0;
}
