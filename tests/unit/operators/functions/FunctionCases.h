// SPDX-License-Identifier: Apache-2.0
// Calls of functions as tables: name, arguments, result.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "operators/functions/FunctionRegistry.h"
#include "tests/unit/operators/expressions/CaseRunner.h"

namespace auspex::operators {

/// `literals` and `expected` as LiteralReader.h and runCase() have them.
struct FunctionCase {
  std::string name;
  std::string literals;
  std::string expected;
};

inline void checkAll(const std::vector<FunctionCase>& cases) {
  const FunctionRegistry registry = makeBuiltinFunctions();
  for (const FunctionCase& one : cases) {
    CAPTURE(one.name);
    CAPTURE(one.literals);
    CHECK(runCase(one.literals, [&](std::vector<ExpressionPtr> operands) {
            return call(one.name, std::move(operands), registry);
          }) == one.expected);
  }
}

}  // namespace auspex::operators
