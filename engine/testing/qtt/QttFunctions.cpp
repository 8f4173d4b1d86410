// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttFunctions.h"

#include <optional>
#include <string_view>

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
  registry.add(ScalarFunction{"test_udf",
                              "Tests",
                              "Says which of its forms was called.",
                              "",
                              {{"(INT, STRING) -> STRING", kernelOf<&intString>},
                               {"(BIGINT, STRING) -> STRING", kernelOf<&longString>},
                               {"(BIGINT, BIGINT, STRING) -> STRING", kernelOf<&longLongString>},
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
      "test_udtf", "One row with its argument.", "", {{"(T) -> T", oneRow}}});
  registry.add(operators::TableFunction{"throwing_udtf",
                                        "One row with its argument; fails for true.",
                                        "",
                                        {{"(BOOLEAN) -> BOOLEAN", throwOnTrue}}});
}

}  // namespace auspex::engine
