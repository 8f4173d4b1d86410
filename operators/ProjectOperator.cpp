// SPDX-License-Identifier: Apache-2.0
#include "operators/ProjectOperator.h"

#include <utility>

#include "operators/expressions/Evaluator.h"
#include "operators/expressions/NestedKernels.h"

namespace auspex::operators {
namespace {

class ProjectOperator final : public Operator {
 public:
  explicit ProjectOperator(const ProjectDescription& description)
      : description_(description), evaluator_(description.expressions) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    Batch batch = std::move(inputs[0]);
    if (batch.numRows == 0) {
      return {};
    }
    // Rows without a value are computed too, over nulls: their key columns are needed.
    Evaluator::Sides sides = evaluator_.evaluateSides(batch, context.errors);
    batch.columns = std::move(sides.now);
    batch.oldColumns = std::move(sides.old);
    if (!batch.present.empty()) {
      clearColumnsWithoutValue(batch);
    }
    return batch;
  }

 private:
  void clearColumnsWithoutValue(Batch& batch) const {
    std::vector<uint32_t> rows(batch.numRows);
    for (uint32_t row = 0; row < rows.size(); ++row) {
      rows[row] = batch.present[row] != 0 ? row : kNoRow;
    }
    for (size_t i = 0; i < description_.nullWithoutValue.size(); ++i) {
      if (description_.nullWithoutValue[i]) {
        batch.columns[i] = gatherOrNull(batch.columns[i], rows);
      }
    }
  }

  const ProjectDescription& description_;
  Evaluator evaluator_;
};

}  // namespace

std::unique_ptr<Operator> ProjectDescription::create(TaskServices&) const {
  return std::make_unique<ProjectOperator>(*this);
}

std::string ProjectDescription::toString() const {
  std::string text = "Project(";
  for (size_t i = 0; i < expressions.size(); ++i) {
    const std::string expression = expressions[i]->toString();
    text += (i == 0 ? "" : ", ") + expression + (expression == names[i] ? "" : " AS " + names[i]);
  }
  return text + ")";
}

}  // namespace auspex::operators
