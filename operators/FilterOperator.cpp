// SPDX-License-Identifier: Apache-2.0
#include "operators/FilterOperator.h"

#include "operators/data/Assert.h"
#include "operators/expressions/Evaluator.h"

namespace auspex::operators {
namespace {

class FilterOperator final : public Operator {
 public:
  explicit FilterOperator(const FilterDescription& description)
      : isTable_(description.isTable), evaluator_({description.condition}) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    Batch& input = inputs[0];
    if (input.numRows == 0) {
      return {};
    }
    return isTable_ ? filterChanges(input, context) : filterRows(input, context);
  }

 private:
  Batch filterRows(Batch& input, DrawContext& context) {
    const std::span<const uint32_t> passing = pass(input, false, context);
    if (passing.size() == input.numRows) {
      return std::move(input);
    }
    return gatherRows(input, passing);
  }

  Batch filterChanges(Batch& input, DrawContext& context) {
    AUSPEX_ASSERT(input.carriesOld);
    std::vector<uint8_t> newPasses(input.numRows, 0);
    std::vector<uint8_t> oldPasses(input.numRows, 0);
    for (const uint32_t row : pass(input, false, context)) {
      newPasses[row] = 1;
    }
    for (const uint32_t row : pass(input, true, context)) {
      oldPasses[row] = 1;
    }
    std::vector<uint32_t> kept;
    std::vector<uint8_t> present;
    std::vector<uint8_t> oldPresent;
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (newPasses[row] != 0 || oldPasses[row] != 0) {
        kept.push_back(row);
        present.push_back(newPasses[row]);
        oldPresent.push_back(oldPasses[row]);
      }
    }
    Batch output = gatherRows(input, kept);
    output.present = std::move(present);
    output.oldPresent = std::move(oldPresent);
    return output;
  }

  /// Rows of the wanted side that are there and satisfy the condition, ascending.
  std::span<const uint32_t> pass(const Batch& input, bool oldSide, DrawContext& context) {
    const EvaluationInput side =
        oldSide ? EvaluationInput::oldSide(input) : EvaluationInput::newSide(input);
    const std::vector<uint8_t>& present = oldSide ? input.oldPresent : input.present;
    if (present.empty()) {
      return evaluator_.evaluateFilter(side, context.errors);
    }
    there_.clear();
    for (uint32_t row = 0; row < input.numRows; ++row) {
      if (present[row] != 0) {
        there_.push_back(row);
      }
    }
    return evaluator_.evaluateFilter(side, Selection::of(there_), context.errors);
  }

  bool isTable_;
  Evaluator evaluator_;
  std::vector<uint32_t> there_;
};

}  // namespace

std::unique_ptr<Operator> FilterDescription::create(TaskServices&) const {
  return std::make_unique<FilterOperator>(*this);
}

std::string FilterDescription::toString() const {
  return "Filter(" + condition->toString() + ")";
}

}  // namespace auspex::operators
