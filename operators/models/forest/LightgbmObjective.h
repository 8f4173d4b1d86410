// SPDX-License-Identifier: Apache-2.0
// LightGBM's objectives as scoring sees them: from sums to values, in double precision.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "operators/models/Model.h"

namespace auspex::operators {

/// From sums to values, per row.
enum class WideTransform { Identity, SignedSquare, Exponential, Sigmoid, LogOnePlusExp, Softmax };

struct LightgbmObjective {
  std::string name;
  WideTransform transform = WideTransform::Identity;
  OutputKind outputKind = OutputKind::Value;
  /// The slope of the sigmoid.
  double slope = 1;
  bool hasProbabilities = false;
  /// One output per class, so a prediction is the place of the largest.
  bool hasClasses = false;
};

/// The objective of the file's line, such as "binary sigmoid:1". Throws ModelError for one that is
/// not known: its transform would be a guess.
LightgbmObjective parseLightgbmObjective(std::string_view line);

/// Numbers per row in that form; 0 when the objective does not give it.
size_t outputsPerRow(const LightgbmObjective& objective, size_t numOutputs, OutputForm form);

/// Turns the sums of one row into one form. out is as long as outputsPerRow says.
void transformRow(const LightgbmObjective& objective, OutputForm form, std::span<const double> sums,
                  std::span<double> out);

}  // namespace auspex::operators
