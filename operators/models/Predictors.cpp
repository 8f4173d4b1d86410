// SPDX-License-Identifier: Apache-2.0
// The list of predictor kinds: a new one is one line in kKinds.
#include "operators/models/Predictors.h"

#include <algorithm>
#include <array>

#include "operators/data/Ascii.h"
#include "operators/models/ModelError.h"
#include "operators/models/embedded/EmbeddedPredictor.h"
#include "operators/models/rpc/RpcPredictor.h"

namespace auspex::operators {

namespace {

constexpr std::array kKinds = {
    PredictorKind{"EMBEDDED", &EmbeddedPredictor::make},
    PredictorKind{"RPC", &RpcPredictor::make, true},
    PredictorKind{"KAFKA", &RpcPredictor::make, true},
};

}  // namespace

std::span<const PredictorKind> predictorKinds() {
  return kKinds;
}

bool isAnsweredLater(std::string_view deployment) {
  return std::any_of(kKinds.begin(), kKinds.end(), [&](const PredictorKind& kind) {
    return kind.answersLater && equalsIgnoringCase(kind.deployment, deployment);
  });
}

std::unique_ptr<Predictor> makePredictor(std::string_view deployment,
                                         const PredictorSettings& settings) {
  std::string known;
  for (const PredictorKind& kind : kKinds) {
    if (equalsIgnoringCase(kind.deployment, deployment)) {
      return kind.make(settings);
    }
    known += (known.empty() ? "" : ", ") + std::string(kind.deployment);
  }
  throw ModelError("Unknown DEPLOYMENT: '" + std::string(deployment) + "'. Known are: " + known);
}

}  // namespace auspex::operators
