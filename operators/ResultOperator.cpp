// SPDX-License-Identifier: Apache-2.0
#include "operators/ResultOperator.h"

namespace auspex::operators {
namespace {

class ResultOperator final : public Operator {
 public:
  explicit ResultOperator(RowReceiver& receiver) : receiver_(receiver) {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    if (inputs[0].numRows > 0) {
      receiver_.receive(inputs[0]);
    }
    return {};
  }

 private:
  RowReceiver& receiver_;
};

}  // namespace

std::unique_ptr<Operator> ResultDescription::create(TaskServices&) const {
  return std::make_unique<ResultOperator>(*receiver);
}

}  // namespace auspex::operators
