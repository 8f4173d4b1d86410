// SPDX-License-Identifier: Apache-2.0
// GREATEST and LEAST. NULLs are skipped.
#include "operators/expressions/DecimalMath.h"
#include "operators/expressions/NestedKernels.h"
#include "operators/expressions/RowOrder.h"
#include "operators/expressions/TypeRules.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"

namespace auspex::operators {

namespace {

template <bool greatest>
ColumnPtr extremeKernel(const KernelInput& input) {
  std::vector<uint16_t> choice(input.numRows, kNoChoice);
  std::vector<Operand> parts(input.arguments.begin(), input.arguments.end());
  input.rows.forEach([&](size_t row) {
    uint16_t best = kNoChoice;
    for (uint16_t i = 0; i < parts.size(); ++i) {
      if (parts[i].isNull(row)) {
        continue;
      }
      if (best == kNoChoice) {
        best = i;
        continue;
      }
      const int order = compareRows(*parts[i].column, parts[i].rowOf(row), *parts[best].column,
                                    parts[best].rowOf(row));
      if (greatest ? order > 0 : order < 0) {
        best = i;
      }
    }
    choice[row] = best;
  });
  return choose(input.resultType, parts, choice, input.numRows);
}

/// Decimals of several scales are brought to the one that holds all.
template <bool greatest>
ColumnPtr extremeDecimalKernel(const KernelInput& input) {
  std::vector<Operand> parts;
  for (const Operand& argument : input.arguments) {
    const OperandView<Int128> source(argument);
    const int scale = argument.type().scale();
    std::vector<Int128> values(input.numRows);
    input.rows.forEach([&](size_t row) {
      values[row] = source[row] * powerOfTen(input.resultType.scale() - scale);
    });
    parts.push_back({Column::make(input.resultType, std::move(values),
                                  commonValidity({&argument, 1}, input.numRows)),
                     false});
  }
  KernelInput scaled{input.resultType, parts, input.rows, input.numRows, input.failures};
  return extremeKernel<greatest>(scaled);
}

SqlType widestDecimal(std::span<const SqlType> types) {
  SqlType widest = types[0];
  for (const SqlType& type : types) {
    widest = *widerNumber(widest, type);
  }
  return widest;
}

template <bool greatest>
std::vector<ScalarOverload> extremeOverloads() {
  return {{"(INT, INT...) -> INT", extremeKernel<greatest>},
          {"(BIGINT, BIGINT...) -> BIGINT", extremeKernel<greatest>},
          {"(DECIMAL, DECIMAL...) -> DECIMAL", extremeDecimalKernel<greatest>, widestDecimal},
          {"(DOUBLE, DOUBLE...) -> DOUBLE", extremeKernel<greatest>},
          {"(STRING, STRING...) -> STRING", extremeKernel<greatest>},
          {"(BYTES, BYTES...) -> BYTES", extremeKernel<greatest>},
          {"(DATE, DATE...) -> DATE", extremeKernel<greatest>},
          {"(TIME, TIME...) -> TIME", extremeKernel<greatest>},
          {"(TIMESTAMP, TIMESTAMP...) -> TIMESTAMP", extremeKernel<greatest>}};
}

}  // namespace

void addExtremeFunctions(FunctionRegistry& registry) {
  registry.add(ScalarFunction{"greatest", "Mathematical",
                              "The largest of its arguments; NULLs are skipped.",
                              "GREATEST(1, 3, NULL, 2) -> 3", extremeOverloads<true>()});
  registry.add(ScalarFunction{"least", "Mathematical",
                              "The smallest of its arguments; NULLs are skipped.",
                              "LEAST(3, 1, NULL, 2) -> 1", extremeOverloads<false>()});
}

}  // namespace auspex::operators
