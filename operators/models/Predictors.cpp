// SPDX-License-Identifier: Apache-2.0
// The list of predictor kinds: a new one is one line in kKinds.
#include "operators/models/Predictors.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "operators/models/ModelError.h"
#include "operators/models/embedded/EmbeddedPredictor.h"

namespace auspex::operators {

namespace {

constexpr std::array kKinds = {
    PredictorKind{"EMBEDDED", &EmbeddedPredictor::make},
};

bool isNamed(std::string_view upperCase, std::string_view name) {
  return std::equal(upperCase.begin(), upperCase.end(), name.begin(), name.end(),
                    [](char wanted, char given) {
                      return wanted == std::toupper(static_cast<unsigned char>(given));
                    });
}

}  // namespace

std::span<const PredictorKind> predictorKinds() {
  return kKinds;
}

std::unique_ptr<Predictor> makePredictor(std::string_view deployment,
                                         const PredictorSettings& settings) {
  std::string known;
  for (const PredictorKind& kind : kKinds) {
    if (isNamed(kind.deployment, deployment)) {
      return kind.make(settings);
    }
    known += (known.empty() ? "" : ", ") + std::string(kind.deployment);
  }
  throw ModelError("Unknown DEPLOYMENT: '" + std::string(deployment) + "'. Known are: " + known);
}

}  // namespace auspex::operators
