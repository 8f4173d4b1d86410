// SPDX-License-Identifier: Apache-2.0
#include "operators/UnionOperator.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "operators/data/Assert.h"

namespace auspex::operators {
namespace {

class UnionOperator final : public Operator {
 public:
  Batch process(std::span<Batch> inputs, DrawContext&) override {
    std::vector<Batch*> some;
    for (Batch& input : inputs) {
      AUSPEX_ASSERT(!input.carriesOld);
      if (input.numRows > 0) {
        some.push_back(&input);
      }
    }
    if (some.size() < 2) {
      return some.empty() ? Batch{} : std::move(*some[0]);
    }
    return interleave(append(some));
  }

 private:
  /// All rows of one input behind those of the one before it.
  static Batch append(const std::vector<Batch*>& inputs) {
    Batch all;
    const bool somePresent = std::any_of(
        inputs.begin(), inputs.end(), [](const Batch* input) { return !input->present.empty(); });
    for (const Batch* const input : inputs) {
      all.numRows += input->numRows;
      all.timestamps.insert(all.timestamps.end(), input->timestamps.begin(),
                            input->timestamps.end());
      all.drawIndex.insert(all.drawIndex.end(), input->drawIndex.begin(), input->drawIndex.end());
      if (somePresent && input->present.empty()) {
        all.present.resize(all.numRows, 1);
      } else {
        all.present.insert(all.present.end(), input->present.begin(), input->present.end());
      }
    }
    std::vector<ColumnPtr> parts;
    for (size_t column = 0; column < inputs[0]->columns.size(); ++column) {
      parts.clear();
      for (const Batch* const input : inputs) {
        parts.push_back(input->columns[column]);
      }
      all.columns.push_back(concatenate(parts));
    }
    return all;
  }

  static Batch interleave(Batch rows) {
    if (std::is_sorted(rows.drawIndex.begin(), rows.drawIndex.end())) {
      return rows;
    }
    std::vector<uint32_t> order(rows.numRows);
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t left, uint32_t right) {
      return rows.drawIndex[left] < rows.drawIndex[right];
    });
    return gatherRows(rows, order);
  }
};

}  // namespace

std::unique_ptr<Operator> UnionDescription::create(TaskServices&) const {
  return std::make_unique<UnionOperator>();
}

std::string UnionDescription::toString() const {
  return "Union()";
}

}  // namespace auspex::operators
