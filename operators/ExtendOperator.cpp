// SPDX-License-Identifier: Apache-2.0
#include "operators/ExtendOperator.h"

#include <utility>

#include "operators/expressions/Evaluator.h"

namespace auspex::operators {
namespace {

class ExtendOperator final : public Operator {
 public:
  explicit ExtendOperator(const ExtendDescription& description)
      : numColumns_(description.numColumns), evaluator_(description.expressions) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    Batch batch = std::move(inputs[0]);
    if (batch.numRows == 0) {
      return {};
    }
    const Evaluator::Sides sides = evaluator_.evaluateSides(batch, context.errors);
    append(batch.columns, sides.now);
    if (batch.carriesOld) {
      append(batch.oldColumns, sides.old);
    }
    return batch;
  }

 private:
  void append(std::vector<ColumnPtr>& columns, const std::vector<ColumnPtr>& added) const {
    columns.resize(numColumns_);
    columns.insert(columns.end(), added.begin(), added.end());
  }

  size_t numColumns_;
  Evaluator evaluator_;
};

}  // namespace

std::unique_ptr<Operator> ExtendDescription::create(TaskServices&) const {
  return std::make_unique<ExtendOperator>(*this);
}

std::string ExtendDescription::toString() const {
  std::string text = "Extend(";
  for (size_t i = 0; i < expressions.size(); ++i) {
    text += (i == 0 ? "" : ", ") + expressions[i]->toString();
  }
  return text + ")";
}

}  // namespace auspex::operators
