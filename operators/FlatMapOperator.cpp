// SPDX-License-Identifier: Apache-2.0
#include "operators/FlatMapOperator.h"

#include "operators/data/Assert.h"
#include "operators/expressions/Evaluator.h"
#include "operators/expressions/NestedKernels.h"

namespace auspex::operators {
namespace {

class FlatMapOperator final : public Operator {
 public:
  explicit FlatMapOperator(const FlatMapDescription& description)
      : description_(description), evaluator_(argumentsOf(description)) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    AUSPEX_ASSERT(!input.carriesOld);
    failed_.assign(input.numRows, 0);
    const std::vector<TableFunctionOutput> outputs = callAll(input, context);
    return combine(input, outputs);
  }

 private:
  static std::vector<ExpressionPtr> argumentsOf(const FlatMapDescription& description) {
    std::vector<ExpressionPtr> all;
    for (const BoundTableFunction& function : description.functions) {
      all.insert(all.end(), function.arguments.begin(), function.arguments.end());
    }
    return all;
  }

  std::vector<TableFunctionOutput> callAll(const Batch& input, DrawContext& context) {
    // Errors by row number first: several rows may have come from one record.
    RowErrors byRow;
    const std::vector<ColumnPtr> columns =
        evaluator_.evaluate({input.numRows, input.columns, {}}, byRow);
    RowFailures failures(&byRow, {});
    std::vector<TableFunctionOutput> outputs;
    size_t next = 0;
    for (const BoundTableFunction& function : description_.functions) {
      std::vector<Operand> arguments;
      for (size_t i = 0; i < function.arguments.size(); ++i) {
        failures.setPlace(function.arguments[i].get());
        arguments.push_back({columns[next++], false});
      }
      const TableOverload& overload = function.function->overloads[function.overloadIndex];
      outputs.push_back(overload.kernel({function.resultType, arguments,
                                         Selection::all(input.numRows), input.numRows, failures}));
    }
    for (const RowError& error : byRow.errors()) {
      failed_[error.drawIndex] = 1;
      context.errors.add(input.drawIndex[error.drawIndex], error.kind, error.place, error.message);
    }
    return outputs;
  }

  /// For each function, where in its values the row's begin and how many there are.
  Batch combine(const Batch& input, const std::vector<TableFunctionOutput>& outputs) const {
    std::vector<uint32_t> parents;
    std::vector<std::vector<uint32_t>> picked(outputs.size());
    std::vector<size_t> next(outputs.size(), 0);
    for (uint32_t row = 0; row < input.numRows; ++row) {
      std::vector<size_t> begins = next;
      size_t longest = 0;
      for (size_t i = 0; i < outputs.size(); ++i) {
        while (next[i] < outputs[i].parents.size() && outputs[i].parents[next[i]] == row) {
          ++next[i];
        }
        longest = std::max(longest, next[i] - begins[i]);
      }
      if (failed_[row] != 0) {
        continue;
      }
      for (size_t n = 0; n < longest; ++n) {
        parents.push_back(row);
        for (size_t i = 0; i < outputs.size(); ++i) {
          const bool isThere = begins[i] + n < next[i];
          picked[i].push_back(isThere ? static_cast<uint32_t>(begins[i] + n) : kNoRow);
        }
      }
    }
    Batch output = gatherRows(input, parents);
    output.columns.resize(description_.numColumns);
    for (size_t i = 0; i < outputs.size(); ++i) {
      output.columns.push_back(gatherOrNull(outputs[i].values, picked[i]));
    }
    return output;
  }

  const FlatMapDescription& description_;
  Evaluator evaluator_;
  std::vector<uint8_t> failed_;
};

}  // namespace

std::unique_ptr<Operator> FlatMapDescription::create(TaskServices&) const {
  return std::make_unique<FlatMapOperator>(*this);
}

std::string FlatMapDescription::toString() const {
  std::string text = "FlatMap(";
  for (size_t i = 0; i < functions.size(); ++i) {
    text += (i == 0 ? "" : ", ") + functions[i].function->name + "(";
    for (size_t k = 0; k < functions[i].arguments.size(); ++k) {
      text += (k == 0 ? "" : ", ") + functions[i].arguments[k]->toString();
    }
    text += ")";
  }
  return text + ")";
}

}  // namespace auspex::operators
