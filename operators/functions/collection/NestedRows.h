// SPDX-License-Identifier: Apache-2.0
// Columns of arrays and maps, built row by row by what a function makes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/data/Arena.h"
#include "operators/data/ColumnBuilder.h"
#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

/// Calls `appendEntries(row, builder, arena)` for the rows in which no argument is NULL: it appends
/// the row's entries to the builder's children, with texts in the arena, and returns true, or
/// appends nothing and returns false, which makes the row NULL.
template <typename Function>
ColumnPtr makeNestedRows(const KernelInput& input, Function appendEntries) {
  const auto arena = std::make_shared<Arena>();
  ColumnBuilder builder(input.resultType, input.numRows);
  const auto padTo = [&](size_t row) {
    while (builder.size() < row) {
      builder.appendNull();
    }
  };
  input.rows.forEach([&](size_t row) {
    padTo(row);
    if (!input.anyNull(row) && appendEntries(row, builder, *arena)) {
      builder.closeRow();
    } else {
      builder.appendNull();
    }
  });
  padTo(input.numRows);
  return builder.finish({arena});
}

/// The texts of one row; an empty optional element is NULL.
using TextList = std::vector<std::optional<std::string>>;

/// ARRAY<STRING>: `function(row)` returns std::optional<TextList>, whose absence makes the row
/// NULL.
template <typename Function>
ColumnPtr makeTextLists(const KernelInput& input, Function function) {
  return makeNestedRows(input, [&](size_t row, ColumnBuilder& builder, Arena& arena) {
    const std::optional<TextList> texts = function(row);
    if (!texts) {
      return false;
    }
    for (const std::optional<std::string>& text : *texts) {
      text ? builder.child(0).append(arena.copy(*text)) : builder.child(0).appendNull();
    }
    return true;
  });
}

}  // namespace auspex::operators
