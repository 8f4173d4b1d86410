// SPDX-License-Identifier: Apache-2.0
// docs/functions.md is what the registry says; AUSPEX_UPDATE=1 in the environment writes it anew.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "operators/functions/Builtins.h"
#include "operators/functions/FunctionRegistry.h"

using namespace auspex::operators;

namespace {

std::string readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The first line in which two texts differ, for a message shorter than the document.
std::string firstDifference(const std::string& left, const std::string& right) {
  std::istringstream leftLines(left);
  std::istringstream rightLines(right);
  for (int number = 1;; ++number) {
    std::string leftLine;
    std::string rightLine;
    const bool hasLeft = static_cast<bool>(std::getline(leftLines, leftLine));
    const bool hasRight = static_cast<bool>(std::getline(rightLines, rightLine));
    if (hasLeft != hasRight || leftLine != rightLine) {
      return "line " + std::to_string(number) + ": '" + leftLine + "' and '" + rightLine + "'";
    }
    if (!hasLeft) {
      return "none";
    }
  }
}

}  // namespace

TEST_CASE("docs/functions.md is generated from the registry") {
  const std::string path = AUSPEX_FUNCTIONS_DOCUMENT;
  const std::string generated = describeFunctions(makeBuiltinFunctions());
  if (std::getenv("AUSPEX_UPDATE") != nullptr) {
    std::ofstream(path, std::ios::binary) << generated;
  }
  const std::string written = readFile(path);
  INFO("run unit_functions with AUSPEX_UPDATE=1; first difference (registry, document): ",
       firstDifference(generated, written));
  CHECK(generated == written);
}

TEST_CASE("every function says what it does, and shows it") {
  const FunctionRegistry registry = makeBuiltinFunctions();
  for (const std::string& name : registry.names()) {
    CAPTURE(name);
    const ScalarFunction* const scalar = registry.findScalar(name);
    const AggregateDefinition* const aggregate = registry.findAggregate(name);
    const TableFunction* const table = registry.findTable(name);
    REQUIRE((scalar != nullptr || aggregate != nullptr || table != nullptr));
    CHECK_FALSE((scalar != nullptr      ? scalar->help
                 : aggregate != nullptr ? aggregate->help
                                        : table->help)
                    .empty());
    CHECK_FALSE((scalar != nullptr      ? scalar->example
                 : aggregate != nullptr ? aggregate->example
                                        : table->example)
                    .empty());
  }
}
