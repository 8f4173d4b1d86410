// SPDX-License-Identifier: Apache-2.0
// A scalar function: its signatures and the kernels that compute them over columns.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "operators/data/Column.h"
#include "operators/data/RowErrors.h"
#include "operators/expressions/Selection.h"
#include "operators/functions/Lambda.h"
#include "operators/functions/Signature.h"

namespace auspex::operators {

/// An evaluated operand: a column of the batch's rows, or one row that stands for all of them.
struct Operand {
  ColumnPtr column;
  bool constant = false;

  const SqlType& type() const { return column->type(); }
  size_t rowOf(size_t row) const { return constant ? 0 : row; }
  bool isNull(size_t row) const { return column->isNull(rowOf(row)); }
};

/// Where the rows of one expression fail: they become NULL and a RowError (processing log).
class RowFailures {
 public:
  /// drawIndex: per row; empty means row = drawIndex (constants, tests). A null pointer drops the
  /// errors: for speculative evaluation such as folding.
  RowFailures(RowErrors* errors, std::span<const uint32_t> drawIndex)
      : errors_(errors), drawIndex_(drawIndex) {}

  /// Names the expression whose rows fail from now on; it lives as long as this object is used.
  void setPlace(const class BoundExpression* place) { place_ = place; }
  const class BoundExpression* place() const { return place_; }
  void add(size_t row, std::string message);
  size_t count() const { return count_; }
  /// Collects the failing rows, in order of failure; a null pointer ends it.
  void recordRows(std::vector<uint32_t>* failedRows) { failedRows_ = failedRows; }

 private:
  RowErrors* errors_;
  std::span<const uint32_t> drawIndex_;
  const class BoundExpression* place_ = nullptr;
  std::vector<uint32_t>* failedRows_ = nullptr;
  size_t count_ = 0;
};

/// What a kernel is given. Arguments have the types of the signature's parameters.
struct KernelInput {
  const SqlType& resultType;
  std::span<const Operand> arguments;
  Selection rows;      ///< compute these; others may hold anything readable
  size_t numRows = 0;  ///< length of the result
  RowFailures& failures;
  std::span<const LambdaNode* const> lambdas = {};  ///< lambda arguments, apart from the others
  LambdaBodyEvaluator* bodies = nullptr;            ///< runs them

  bool anyNull(size_t row) const {
    return std::any_of(arguments.begin(), arguments.end(),
                       [row](const Operand& argument) { return argument.isNull(row); });
  }
};

/// Computes a column of `numRows` rows of `resultType`. Never throws for a row.
using Kernel = ColumnPtr (*)(const KernelInput& input);

/// Result type where it depends on more than the signature's generics (DECIMAL, structs).
using ResultTypeRule = SqlType (*)(std::span<const SqlType> argumentTypes);
/// The rule of functions whose result has the type of their first argument.
inline SqlType typeOfFirst(std::span<const SqlType> argumentTypes) {
  return argumentTypes[0];
}

struct ScalarOverload {
  ScalarOverload(const char* signatureText, Kernel kernelOfIt, ResultTypeRule rule = nullptr)
      : signature(Signature::parse(signatureText)), kernel(kernelOfIt), resultTypeRule(rule) {}

  Signature signature;
  Kernel kernel;
  ResultTypeRule resultTypeRule;
};

/// Name, help and overloads of a function; immutable.
struct ScalarFunction {
  std::string name;     ///< as messages print it; found by any case
  std::string family;   ///< heading in the documentation: String, Mathematical, ...
  std::string help;     ///< one sentence
  std::string example;  ///< an expression and its result: `UCASE('a') -> 'A'`
  std::vector<ScalarOverload> overloads;
  bool deterministic = true;  ///< false: never folded, never shared
};

}  // namespace auspex::operators
