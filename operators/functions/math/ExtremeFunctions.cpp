// SPDX-License-Identifier: Apache-2.0
// GREATEST and LEAST. NULLs are skipped.
#include "operators/expressions/BigDecimalKernels.h"
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

/// Decimals of several scales keep their own, as in ksqlDB, where the type is the one that holds
/// all.
template <bool greatest>
ColumnPtr extremeDecimalKernel(const KernelInput& input) {
  if (input.resultType.is(TypeKind::Decimal)) {
    return extremeKernel<greatest>(input);
  }
  std::vector<Operand> parts;
  for (const Operand& argument : input.arguments) {
    DecimalColumnBuilder builder(input.resultType, input.numRows,
                                 commonValidity({&argument, 1}, input.numRows));
    input.rows.forEach([&](size_t row) {
      if (builder.isPresent(row)) {
        builder.set(row, bigDecimalAt(*argument.column, argument.rowOf(row)));
      }
    });
    parts.push_back({builder.finish(), false});
  }
  KernelInput own{input.resultType, parts, input.rows, input.numRows, input.failures};
  return extremeKernel<greatest>(own);
}

SqlType widestDecimal(std::span<const SqlType> types) {
  SqlType widest = types[0];
  bool sameScale = true;
  for (const SqlType& type : types) {
    sameScale = sameScale && type.scale() == types[0].scale();
    widest = *widerNumber(widest, type);
  }
  return sameScale ? widest : SqlType::decimalOfAnyScale(widest.precision(), widest.scale());
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
