// SPDX-License-Identifier: Apache-2.0
// Feeds any bytes to the model loader, and rows to whatever it accepts. Seeds: tests/zoo/models.
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"

namespace {

constexpr size_t kRows = 40;
/// A wider matrix is left out: it would only make the fuzzer slow.
constexpr size_t kMaxOutputs = 64;

std::vector<float> makeRows(size_t features) {
  constexpr std::array kValues = {std::numeric_limits<float>::quiet_NaN(),
                                  0.0F,
                                  -1.0F,
                                  1.7F,
                                  33.0F,
                                  1e9F,
                                  -std::numeric_limits<float>::infinity(),
                                  std::numeric_limits<float>::max()};
  std::vector<float> rows(kRows * features);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i] = kValues[(i * 7 + i / 11) % kValues.size()];
  }
  return rows;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace auspex::operators;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto model = loadModelBytes(bytes, {"fuzz", 1, size % 2 == 0});
    const size_t features = model->info().features.size();
    const std::vector<float> rows = makeRows(features);
    const std::vector<double> wideRows(rows.begin(), rows.end());
    for (const OutputForm form :
         {OutputForm::Margin, OutputForm::Value, OutputForm::Probability, OutputForm::Prediction,
          OutputForm::Leaf, OutputForm::Contribution}) {
      const size_t outputs = model->outputsPerRow(form);
      if (outputs == 0 || outputs > kMaxOutputs) {
        continue;
      }
      std::vector<float> scores(kRows * outputs);
      model->score({rows.data(), kRows, features}, form, scores);
      if (model->info().isWide) {
        std::vector<double> wideScores(kRows * outputs);
        model->scoreWide({wideRows.data(), kRows, features}, form, wideScores);
      }
    }
  } catch (const ModelError&) {
    // Refused, as it should be.
  }
  return 0;
}
