// SPDX-License-Identifier: Apache-2.0
// Table functions: each input row gives none, one or many values (EXPLODE).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

/// values[i] comes from input row parents[i]; parents never decrease.
struct TableFunctionOutput {
  std::vector<uint32_t> parents;
  ColumnPtr values;
};

/// input.resultType is the type of one output value.
using TableKernel = TableFunctionOutput (*)(const KernelInput& input);

struct TableOverload {
  TableOverload(const char* signatureText, TableKernel kernelOfIt, ResultTypeRule rule = nullptr)
      : signature(Signature::parse(signatureText)), kernel(kernelOfIt), resultTypeRule(rule) {}

  Signature signature;  ///< its result is the type of one output value
  TableKernel kernel;
  ResultTypeRule resultTypeRule;
};

struct TableFunction {
  std::string name;
  std::string help;
  std::string example;
  std::vector<TableOverload> overloads;
};

}  // namespace auspex::operators
