// SPDX-License-Identifier: Apache-2.0
// The kinds of predictors by the name that a statement's DEPLOYMENT gives them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "operators/models/Predictor.h"

namespace auspex::operators {

struct PredictorSettings {
  /// Bound on rows submitted and not yet polled.
  size_t maxRowsInFlight = 16'384;
  /// Called, on any thread, when poll may have something new. Not used by what answers at once.
  std::function<void()> wake;
};

struct PredictorKind {
  /// In upper case: "EMBEDDED".
  std::string_view deployment;
  /// Throws ModelError when the settings are wrong for the kind.
  std::unique_ptr<Predictor> (*make)(const PredictorSettings& settings);
  /// Scores come some time after submit; else before it returns.
  bool answersLater = false;
};

/// All kinds; the list stands in Predictors.cpp.
std::span<const PredictorKind> predictorKinds();

/// The kind's answersLater; false for an unknown one.
bool isAnsweredLater(std::string_view deployment);

/// Creates a predictor of a kind, whose name is matched ignoring case. Throws ModelError, naming
/// the known kinds, when there is none of that name.
std::unique_ptr<Predictor> makePredictor(std::string_view deployment,
                                         const PredictorSettings& settings);

}  // namespace auspex::operators
