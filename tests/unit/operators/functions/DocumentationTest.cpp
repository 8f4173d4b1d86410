// SPDX-License-Identifier: Apache-2.0
// docs/functions.md is what the registry says; AUSPEX_UPDATE=1 in the environment writes it anew.
// The types in docs/statements.md are those that there are.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "operators/data/SqlType.h"
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

SqlType exampleOf(TypeKind kind) {
  switch (kind) {
    case TypeKind::Boolean:
      return SqlType::boolean();
    case TypeKind::Integer:
      return SqlType::integer();
    case TypeKind::Bigint:
      return SqlType::bigint();
    case TypeKind::Double:
      return SqlType::doubleType();
    case TypeKind::Decimal:
      return SqlType::decimal(9, 2);
    case TypeKind::String:
      return SqlType::string();
    case TypeKind::Bytes:
      return SqlType::bytes();
    case TypeKind::Time:
      return SqlType::time();
    case TypeKind::Date:
      return SqlType::date();
    case TypeKind::Timestamp:
      return SqlType::timestamp();
    case TypeKind::BigDecimal:
      return SqlType::decimal(kMaxPlainDecimalPrecision + 1, 2);
    case TypeKind::Array:
      return SqlType::array(SqlType::integer());
    case TypeKind::Map:
      return SqlType::map(SqlType::string(), SqlType::integer());
    case TypeKind::Struct:
      return SqlType::structOf({{"A", SqlType::integer()}});
  }
  FAIL("a kind without example");
  return SqlType::boolean();
}

/// The name of a type without its parameters.
std::string nameOfType(const std::string& type) {
  return type.substr(0, type.find_first_of("(<"));
}

/// Names in back quotes in the first column of the table of types.
std::set<std::string> documentedTypes() {
  std::istringstream lines(readFile(AUSPEX_STATEMENTS_DOCUMENT));
  std::set<std::string> names;
  bool isInside = false;
  for (std::string line; std::getline(lines, line);) {
    isInside = line.starts_with('#') ? line == "### Types" : isInside;
    if (!isInside || !line.starts_with("| `")) {
      continue;
    }
    std::istringstream cell(line.substr(0, line.find('|', 1)));
    std::string text;
    while (std::getline(cell, text, '`') && std::getline(cell, text, '`')) {
      names.insert(nameOfType(text));
    }
  }
  return names;
}

/// The heading of each function below one of the second level.
std::set<std::string> documentedFunctions(const std::set<std::string>& headings, bool isWithin) {
  std::istringstream lines(readFile(AUSPEX_FUNCTIONS_DOCUMENT));
  std::set<std::string> names;
  std::string heading;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) {
      heading = line.substr(3);
    } else if (line.starts_with("### ") && (headings.count(heading) == 1) == isWithin) {
      names.insert(line.substr(4));
    }
  }
  return names;
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

TEST_CASE("every type stands in docs/statements.md") {
  const std::set<std::string> documented = documentedTypes();
  for (int kind = 0; kind <= static_cast<int>(TypeKind::Struct); ++kind) {
    const SqlType type = exampleOf(static_cast<TypeKind>(kind));
    CHECK(static_cast<int>(type.kind()) == kind);
    const std::string name = nameOfType(type.toString());
    CAPTURE(name);
    CHECK(documented.count(name) == 1);
  }
}

TEST_CASE("the registry has the functions of the dialect, each as the kind it is documented as") {
  const FunctionRegistry registry = makeBuiltinFunctions();
  std::set<std::string> scalars;
  std::set<std::string> aggregates;
  std::set<std::string> tables;
  for (const std::string& name : registry.names()) {
    if (registry.findScalar(name) != nullptr) {
      scalars.insert(name);
    }
    if (registry.findAggregate(name) != nullptr) {
      aggregates.insert(name);
    }
    if (registry.findTable(name) != nullptr) {
      tables.insert(name);
    }
  }
  const std::set<std::string> ours = {"APPROX_PERCENTILE", "ARG_MAX", "ARG_MIN", "EARLIEST_BY_TIME",
                                      "LATEST_BY_TIME"};
  CHECK(scalars.size() == 129);
  CHECK(aggregates.size() == 18 + ours.size());
  CHECK(tables.size() == 2);
  CHECK((aggregates == documentedFunctions({"Aggregate"}, true)));
  CHECK((tables == documentedFunctions({"Table"}, true)));
  CHECK((scalars == documentedFunctions({"Aggregate", "Table"}, false)));
}
