// SPDX-License-Identifier: Apache-2.0
// FILTER, TRANSFORM and REDUCE. A body runs once for the elements of all rows; where it fails for
// one element, the whole result of that row is NULL.
#include <algorithm>

#include "operators/expressions/BoundExpression.h"
#include "operators/expressions/NestedKernels.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/collection/ListWriter.h"

namespace auspex::operators {

namespace {

uint32_t parameterId(const LambdaNode& lambda, size_t index) {
  return lambda.parameters[index]->as<LambdaParameterNode>()->id;
}

/// All elements of the selected lists, one after the other, and the row each belongs to.
struct Elements {
  std::vector<uint32_t> rowOf;
  std::vector<uint32_t> poolRows;

  Elements(const Operand& list, const KernelInput& input) {
    input.rows.forEach([&](size_t row) {
      if (list.isNull(row)) {
        return;
      }
      const ListRange range = rangeOf(list, row);
      for (uint32_t i = range.begin; i < range.end; ++i) {
        rowOf.push_back(static_cast<uint32_t>(row));
        poolRows.push_back(i);
      }
    });
  }

  /// Runs a lambda whose parameters are the children of the list, in order.
  ColumnPtr run(const KernelInput& input, const LambdaNode& lambda, const Operand& list,
                std::vector<uint32_t>& failed) const {
    LambdaBindings bindings;
    for (size_t i = 0; i < lambda.parameters.size(); ++i) {
      bindings.bind(parameterId(lambda, i), gather(list.column->children()[i], poolRows));
    }
    RowFailures failures(nullptr, {});
    failures.recordRows(&failed);
    return input.bodies->evaluateBody(lambda, bindings, rowOf, failures);
  }
};

/// Rows that have a failing element, sorted.
std::vector<uint32_t> failedRowsOf(const Elements& elements, const std::vector<uint32_t>& failed) {
  std::vector<uint32_t> rows;
  for (const uint32_t element : failed) {
    rows.push_back(elements.rowOf[element]);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

/// Writes the elements that `keeps` for every row, as indexes into the elements.
template <typename Keeps>
ListWriter writeLists(const KernelInput& input, const Operand& list, const Elements& elements,
                      const std::vector<uint32_t>& failedRows, Keeps keeps) {
  ListWriter writer(input.numRows);
  size_t next = 0;
  input.rows.forEach([&](size_t row) {
    const bool failed =
        std::binary_search(failedRows.begin(), failedRows.end(), static_cast<uint32_t>(row));
    for (; next < elements.rowOf.size() && elements.rowOf[next] == row; ++next) {
      if (keeps(next)) {
        writer.push(next);
      }
    }
    if (failed) {
      input.failures.add(row, "The lambda fails for an element");
    }
    if (failed || list.isNull(row)) {
      writer.endNull(row);
    } else {
      writer.endRow(row);
    }
  });
  return writer;
}

ColumnPtr filterKernel(const KernelInput& input) {
  const Operand& list = input.arguments[0];
  const Elements elements(list, input);
  std::vector<uint32_t> failed;
  const ColumnPtr flags = elements.run(input, *input.lambdas[0], list, failed);
  const std::span<const uint8_t> kept = flags->values<uint8_t>();
  ListWriter writer =
      writeLists(input, list, elements, failedRowsOf(elements, failed),
                 [&](size_t element) { return !flags->isNull(element) && kept[element] != 0; });
  std::vector<ColumnPtr> pools;
  for (const ColumnPtr& child : list.column->children()) {
    pools.push_back(gather(child, elements.poolRows));
  }
  return writer.finish(input.resultType, pools);
}

/// One lambda for arrays; one for the keys and one for the values of maps.
ColumnPtr transformKernel(const KernelInput& input) {
  const Operand& list = input.arguments[0];
  const Elements elements(list, input);
  std::vector<uint32_t> failed;
  std::vector<ColumnPtr> pools;
  for (const LambdaNode* const lambda : input.lambdas) {
    pools.push_back(elements.run(input, *lambda, list, failed));
  }
  ListWriter writer = writeLists(input, list, elements, failedRowsOf(elements, failed),
                                 [](size_t) { return true; });
  return writer.finish(input.resultType, pools);
}

/// Goes over all rows at once: step i folds the i-th element of every row that has one. Nothing is
/// folded into a first state that is NULL.
ColumnPtr reduceKernel(const KernelInput& input) {
  const Operand& list = input.arguments[0];
  const LambdaNode& lambda = *input.lambdas[0];
  std::vector<uint8_t> failedRows(input.numRows, 0);
  ColumnPtr state = materialize(input.arguments[1], input.numRows);
  for (uint32_t step = 0;; ++step) {
    std::vector<uint32_t> rows;
    std::vector<uint32_t> poolRows;
    input.rows.forEach([&](size_t row) {
      const bool isIdle = list.isNull(row) || input.arguments[1].isNull(row);
      const ListRange range = isIdle ? ListRange{} : rangeOf(list, row);
      if (range.begin + step < range.end && failedRows[row] == 0) {
        rows.push_back(static_cast<uint32_t>(row));
        poolRows.push_back(range.begin + step);
      }
    });
    if (rows.empty()) {
      break;
    }
    LambdaBindings bindings;
    bindings.bind(parameterId(lambda, 0), gather(state, rows));
    for (size_t i = 1; i < lambda.parameters.size(); ++i) {
      bindings.bind(parameterId(lambda, i), gather(list.column->children()[i - 1], poolRows));
    }
    std::vector<uint32_t> failed;
    RowFailures failures(nullptr, {});
    failures.recordRows(&failed);
    const ColumnPtr folded = input.bodies->evaluateBody(lambda, bindings, rows, failures);
    for (const uint32_t element : failed) {
      failedRows[rows[element]] = 1;
    }
    // The folded rows replace those of the state.
    const std::array<ColumnPtr, 2> parts{state, folded};
    std::vector<uint32_t> next(input.numRows);
    for (size_t row = 0; row < next.size(); ++row) {
      next[row] = static_cast<uint32_t>(row);
    }
    for (size_t i = 0; i < rows.size(); ++i) {
      next[rows[i]] = static_cast<uint32_t>(input.numRows + i);
    }
    state = gather(concatenate(parts), next);
  }
  std::vector<uint32_t> picked(input.numRows, kNoRow);
  input.rows.forEach([&](size_t row) {
    if (failedRows[row] != 0) {
      input.failures.add(row, "The lambda fails for an element");
    } else {
      picked[row] = static_cast<uint32_t>(row);  // without a list that is the first state
    }
  });
  return gatherOrNull(state, picked);
}

}  // namespace

void addLambdaFunctions(FunctionRegistry& registry) {
  registry.add(
      ScalarFunction{"FILTER",
                     "Lambda",
                     "The elements or entries for which a condition holds.",
                     "FILTER(ARRAY[1, 2, 3], x => x > 1) -> [2, 3]",
                     {{"(ARRAY<T>, LAMBDA(T => BOOLEAN)) -> ARRAY<T>", filterKernel},
                      {"(MAP<K, V>, LAMBDA(K, V => BOOLEAN)) -> MAP<K, V>", filterKernel}}});
  registry.add(ScalarFunction{
      "TRANSFORM",
      "Lambda",
      "Each element, or each key and each value, through an expression.",
      "TRANSFORM(ARRAY[1, 2], x => x + 1) -> [2, 3]",
      {{"(ARRAY<T>, LAMBDA(T => R)) -> ARRAY<R>", transformKernel},
       {"(MAP<K, V>, LAMBDA(K, V => R), LAMBDA(K, V => S)) -> MAP<R, S>", transformKernel}}});
  registry.add(ScalarFunction{"REDUCE",
                              "Lambda",
                              "Folds the elements or entries into a value, from a first one on.",
                              "REDUCE(ARRAY[1, 2, 3], 0, (s, x) => s + x) -> 6",
                              {{"(ARRAY<T>, S, LAMBDA(S, T => S)) -> S", reduceKernel},
                               {"(MAP<K, V>, S, LAMBDA(S, K, V => S)) -> S", reduceKernel}}});
}

}  // namespace auspex::operators
