// SPDX-License-Identifier: Apache-2.0
// CONCAT and CONCAT_WS, over texts and over bytes. NULLs are skipped.
#include <cstring>

#include "operators/functions/Builtins.h"
#include "operators/functions/ScalarAdapter.h"

namespace auspex::operators {

namespace {

/// separator: a null pointer for none; where it is NULL, so is the result.
ColumnPtr join(const KernelInput& input, std::span<const Operand> parts, const Operand* separator) {
  const auto arena = std::make_shared<Arena>();
  std::vector<OperandView<std::string_view>> views(parts.begin(), parts.end());
  std::vector<std::string_view> values(input.numRows, std::string_view("", 0));
  std::vector<uint8_t> validity =
      separator == nullptr ? std::vector<uint8_t>{} : commonValidity({separator, 1}, input.numRows);
  input.rows.forEach([&](size_t row) {
    if (!validity.empty() && validity[row] == 0) {
      return;
    }
    const std::string_view between =
        separator == nullptr ? std::string_view() : OperandView<std::string_view>(*separator)[row];
    size_t length = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      length += parts[i].isNull(row) ? 0 : views[i][row].size() + between.size();
    }
    char* const target = arena->allocate(length);
    char* end = target;
    bool first = true;
    const auto append = [&](std::string_view text) {
      if (!text.empty()) {
        std::memcpy(end, text.data(), text.size());
        end += text.size();
      }
    };
    for (size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].isNull(row)) {
        continue;
      }
      if (!first) {
        append(between);
      }
      first = false;
      append(views[i][row]);
    }
    values[row] = {target, static_cast<size_t>(end - target)};
  });
  return Column::make(input.resultType, std::move(values), std::move(validity), {arena});
}

ColumnPtr concatKernel(const KernelInput& input) {
  return join(input, input.arguments, nullptr);
}

ColumnPtr concatWithSeparatorKernel(const KernelInput& input) {
  return join(input, input.arguments.subspan(1), &input.arguments[0]);
}

}  // namespace

void addConcatFunctions(FunctionRegistry& registry) {
  registry.add(ScalarFunction{"CONCAT",
                              "String",
                              "Joins texts or bytes; NULLs are skipped.",
                              "CONCAT('a', 'b', NULL) -> 'ab'",
                              {{"(STRING, STRING...) -> STRING", concatKernel},
                               {"(BYTES, BYTES...) -> BYTES", concatKernel}}});
  registry.add(
      ScalarFunction{"CONCAT_WS",
                     "String",
                     "Joins texts or bytes with the first one between them; NULLs are skipped.",
                     "CONCAT_WS(', ', 'a', NULL, 'b') -> 'a, b'",
                     {{"(STRING, STRING, STRING...) -> STRING", concatWithSeparatorKernel},
                      {"(BYTES, BYTES, BYTES...) -> BYTES", concatWithSeparatorKernel}}});
}

}  // namespace auspex::operators
