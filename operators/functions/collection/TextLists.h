// SPDX-License-Identifier: Apache-2.0
// Columns of ARRAY<STRING>, built row by row of texts that a function makes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/data/Arena.h"
#include "operators/data/ColumnBuilder.h"
#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

/// The texts of one row; an empty optional element is NULL.
using TextList = std::vector<std::optional<std::string>>;

/// Calls `function(row)` for the rows in which no argument is NULL; it returns
/// std::optional<TextList>, whose absence makes the row NULL.
template <typename Function>
ColumnPtr makeTextLists(const KernelInput& input, Function function) {
  const auto arena = std::make_shared<Arena>();
  ColumnBuilder builder(input.resultType, input.numRows);
  const auto padTo = [&](size_t row) {
    while (builder.size() < row) {
      builder.appendNull();
    }
  };
  input.rows.forEach([&](size_t row) {
    padTo(row);
    std::optional<TextList> texts;
    bool anyNull = false;
    for (const Operand& argument : input.arguments) {
      anyNull = anyNull || argument.isNull(row);
    }
    if (!anyNull) {
      texts = function(row);
    }
    if (!texts) {
      builder.appendNull();
      return;
    }
    for (const std::optional<std::string>& text : *texts) {
      text ? builder.child(0).append(arena->copy(*text)) : builder.child(0).appendNull();
    }
    builder.closeRow();
  });
  padTo(input.numRows);
  return builder.finish({arena});
}

}  // namespace auspex::operators
