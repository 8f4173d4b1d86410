// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttFunctions.h"

#include <optional>
#include <string_view>

#include "engine/testing/qtt/QttAggregates.h"
#include "operators/expressions/CastKernels.h"
#include "operators/expressions/DecimalMath.h"
#include "operators/expressions/NestedKernels.h"
#include "operators/functions/ScalarAdapter.h"

namespace auspex::engine {
namespace {

using operators::KernelInput;
using operators::kernelOf;
using operators::RowContext;
using operators::ScalarFunction;

std::string_view intString(std::optional<int32_t>, std::optional<std::string_view>) {
  return "doStuffIntString";
}

std::string_view longString(std::optional<int64_t>, std::optional<std::string_view>) {
  return "doStuffLongString";
}

std::string_view longLongString(std::optional<int64_t>, std::optional<int64_t>,
                                std::optional<std::string_view>) {
  return "doStuffLongLongString";
}

operators::ColumnPtr longVarargs(const KernelInput& input) {
  return operators::Column::make(
      input.resultType, std::vector<std::string_view>(input.numRows, "doStuffLongVarargs"));
}

int32_t failOnInteger(RowContext& context, std::optional<int32_t>) {
  context.fail("boom!");
  return 0;
}

int32_t failOnTrue(RowContext& context, std::optional<bool> value) {
  if (value.value_or(false)) {
    context.fail("You asked me to throw...");
  }
  return 0;
}

/// Calls so far of the function that answers every other one only. A case runs on one thread.
thread_local int callsOfBadUdf = 0;

std::optional<std::string_view> everyOther(std::optional<std::string_view> value) {
  return ++callsOfBadUdf % 2 == 0 ? value : std::nullopt;
}

bool whenCondition(RowContext& context, std::optional<bool> result, std::optional<bool> shouldRun) {
  if (!shouldRun.value_or(false)) {
    context.fail("When condition should not be executed");
  }
  return result.value_or(false);
}

int32_t whenResult(RowContext& context, std::optional<int32_t> result,
                   std::optional<bool> shouldRun) {
  if (!shouldRun.value_or(false)) {
    context.fail("When result should not be executed");
  }
  return result.value_or(0);
}

operators::ColumnPtr fieldOfStruct(const KernelInput& input) {
  const operators::ColumnPtr structs = operators::materialize(input.arguments[0], input.numRows);
  return structs->children()[0];
}

operators::ColumnPtr structOfFoo(const KernelInput& input) {
  using operators::Column;
  return Column::makeStruct(input.resultType, input.numRows,
                            {Column::make(operators::SqlType::string(),
                                          std::vector<std::string_view>(input.numRows, "foo"))});
}

/// One row per argument with its text; `first`: with the text of its first element.
template <bool first>
operators::TableFunctionOutput rowsOfTexts(const KernelInput& input) {
  std::vector<uint32_t> parents;
  std::vector<std::string_view> texts;
  const auto arena = std::make_shared<operators::Arena>();
  input.rows.forEach([&](size_t row) {
    for (const operators::Operand& argument : input.arguments) {
      std::string text;
      const operators::Column& column = *argument.column;
      const size_t place = argument.rowOf(row);
      if constexpr (first) {
        operators::appendText(text, *column.children().back(), column.offsets()[place]);
      } else {
        operators::appendText(text, column, place);
      }
      parents.push_back(static_cast<uint32_t>(row));
      texts.push_back(arena->copy(text));
    }
  });
  return {std::move(parents),
          operators::Column::make(input.resultType, std::move(texts), {}, {arena})};
}

operators::SqlType wideDecimal(std::span<const operators::SqlType>) {
  return operators::SqlType::decimal(30, 10);
}

/// One row with the argument as a DECIMAL(30, 10).
operators::TableFunctionOutput oneWideDecimal(const KernelInput& input) {
  std::vector<uint32_t> parents;
  std::vector<operators::Int128> values;
  std::vector<uint8_t> validity;
  const operators::OperandView<operators::Int128> source(input.arguments[0]);
  const int digits = input.resultType.scale() - input.arguments[0].type().scale();
  input.rows.forEach([&](size_t row) {
    parents.push_back(static_cast<uint32_t>(row));
    values.push_back(digits >= 0 ? source[row] * operators::powerOfTen(digits)
                                 : source[row] / operators::powerOfTen(-digits));
    validity.push_back(input.arguments[0].isNull(row) ? 0 : 1);
  });
  return {std::move(parents),
          operators::Column::make(input.resultType, std::move(values), std::move(validity))};
}

/// One row with the argument.
operators::TableFunctionOutput oneRow(const KernelInput& input) {
  std::vector<uint32_t> parents;
  input.rows.forEach([&](size_t row) { parents.push_back(static_cast<uint32_t>(row)); });
  operators::ColumnPtr values = operators::gather(input.arguments[0].column, parents);
  return {std::move(parents), std::move(values)};
}

operators::TableFunctionOutput throwOnTrue(const KernelInput& input) {
  const operators::Operand& argument = input.arguments[0];
  input.rows.forEach([&](size_t row) {
    if (!argument.isNull(row) && argument.column->values<uint8_t>()[argument.rowOf(row)] != 0) {
      input.failures.add(row, "You asked me to throw...");
    }
  });
  return oneRow(input);
}

}  // namespace

void addQttFunctions(operators::FunctionRegistry& registry) {
  callsOfBadUdf = 0;
  addQttAggregates(registry);
  registry.add(ScalarFunction{"test_udf",
                              "Tests",
                              "Says which of its forms was called.",
                              "",
                              {{"(INT, STRING) -> STRING", kernelOf<&intString>},
                               {"(BIGINT, STRING) -> STRING", kernelOf<&longString>},
                               {"(BIGINT, BIGINT, STRING) -> STRING", kernelOf<&longLongString>},
                               {"(STRUCT<A STRING>) -> STRING", fieldOfStruct},
                               {"() -> STRUCT<A STRING>", structOfFoo},
                               {"(BIGINT...) -> STRING", longVarargs}},
                              false});
  registry.add(ScalarFunction{"bad_udf",
                              "Tests",
                              "Fails, or answers every other time.",
                              "",
                              {{"(INT) -> INT", kernelOf<&failOnInteger>},
                               {"(BOOLEAN) -> INT", kernelOf<&failOnTrue>},
                               {"(STRING) -> STRING", kernelOf<&everyOther>}},
                              true});
  registry.add(ScalarFunction{"whencondition",
                              "Tests",
                              "Fails when it must not be called.",
                              "",
                              {{"(BOOLEAN, BOOLEAN) -> BOOLEAN", kernelOf<&whenCondition>}},
                              false});
  registry.add(ScalarFunction{"whenresult",
                              "Tests",
                              "Fails when it must not be called.",
                              "",
                              {{"(INT, BOOLEAN) -> INT", kernelOf<&whenResult>}},
                              false});
  registry.add(operators::TableFunction{
      "test_udtf",
      "Rows with its arguments.",
      "",
      {{"(DECIMAL) -> DECIMAL", oneWideDecimal, wideDecimal},
       {"(T) -> T", oneRow},
       {"(INT, BIGINT, DOUBLE, BOOLEAN, STRING, DECIMAL, STRUCT<A STRING>) -> STRING",
        rowsOfTexts<false>},
       {"(ARRAY<INT>, ARRAY<BIGINT>, ARRAY<DOUBLE>, ARRAY<BOOLEAN>, ARRAY<STRING>, "
        "ARRAY<DECIMAL>, ARRAY<STRUCT<A STRING>>) -> STRING",
        rowsOfTexts<true>},
       {"(MAP<STRING, INT>, MAP<STRING, BIGINT>, MAP<STRING, DOUBLE>, MAP<STRING, BOOLEAN>, "
        "MAP<STRING, STRING>, MAP<STRING, DECIMAL>, MAP<STRING, STRUCT<A STRING>>) -> STRING",
        rowsOfTexts<true>}}});
  registry.add(operators::TableFunction{"throwing_udtf",
                                        "One row with its argument; fails for true.",
                                        "",
                                        {{"(BOOLEAN) -> BOOLEAN", throwOnTrue}}});
}

}  // namespace auspex::engine
