// SPDX-License-Identifier: Apache-2.0
// Aggregate functions over columns of state: one call per function and draw, typed loops inside.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "operators/data/Column.h"
#include "operators/data/Value.h"
#include "operators/functions/Signature.h"

namespace auspex::operators {

/// One thing that happens to one group, in the order of the rows of the draw.
struct AggregateStep {
  enum class Kind : uint8_t {
    Add,   ///< row `row` of the arguments joins the group
    Undo,  ///< row `row` of the old arguments leaves it (tables; only when canUndo())
    Merge  ///< the state of group `row` is merged into it (session windows); `row` is left as it is
  };
  Kind kind = Kind::Add;
  uint32_t group = 0;
  uint32_t row = 0;
};

/// The groups of one draw and what happens to them.
///
/// state: one column per stateTypes(), numGroups rows each, as RowCodec decodes them; rows of
/// groups with fresh[g] != 0 are not read: such a group starts at the function's initial state.
struct AggregateInput {
  size_t numGroups = 0;
  std::span<const ColumnPtr> state;
  std::span<const uint8_t> fresh;
  std::span<const ColumnPtr> arguments;
  std::span<const ColumnPtr> oldArguments;  ///< may be empty without Undo steps
  std::span<const AggregateStep> steps;
};

struct AggregateOutput {
  std::vector<ColumnPtr> state;  ///< after all steps, numGroups rows
  ColumnPtr results;             ///< the group's result after each step, one row per step
};

/// An aggregate bound to its argument types. Immutable; any thread.
class AggregateFunction {
 public:
  virtual ~AggregateFunction() = default;

  virtual const std::vector<SqlType>& stateTypes() const = 0;
  virtual const SqlType& resultType() const = 0;
  /// Whether rows can leave again; else the function is rejected over a table.
  virtual bool canUndo() const = 0;
  /// Walks the steps in order. Strings of the output keep their memory alive through its owners.
  virtual AggregateOutput run(const AggregateInput& input) const = 0;
};

using AggregateFunctionPtr = std::shared_ptr<const AggregateFunction>;

/// Makes the function for column arguments of these types, and for the literal ones their values
/// (`literals[i]` null: argument i is a column). Throws TypeError when a literal makes no sense.
using AggregateMaker = AggregateFunctionPtr (*)(std::span<const SqlType> argumentTypes,
                                                std::span<const Value> literals);

struct AggregateOverload {
  /// literalsAtEnd: how many of the last parameters must be constants.
  AggregateOverload(const char* signatureText, AggregateMaker makerOfIt, size_t literalsAtEnd = 0)
      : signature(Signature::parse(signatureText)), maker(makerOfIt), numLiterals(literalsAtEnd) {}

  Signature signature;
  AggregateMaker maker;
  size_t numLiterals;

  /// How many of so many arguments are columns.
  size_t numColumns(size_t numArguments) const {
    const size_t firstLiteral = signature.parameters.size() - numLiterals;
    const bool repeatsColumn = signature.variadic && signature.repeated < firstLiteral;
    return repeatsColumn ? numArguments - numLiterals : firstLiteral;
  }
};

/// Name, help and overloads of an aggregate.
struct AggregateDefinition {
  std::string name;
  std::string help;
  std::string example;
  bool undo = false;  ///< for the documentation; the bound function's canUndo() decides
  std::vector<AggregateOverload> overloads;
};

}  // namespace auspex::operators
