// SPDX-License-Identifier: Apache-2.0
// XGBoost's objectives as scoring sees them: how a base score enters the sum and how sums become
// values.
#pragma once

#include <span>
#include <string_view>

#include "operators/models/Model.h"

namespace auspex::operators {

/// From margins to values, per row.
enum class Transform { Identity, Sigmoid, Exponential, Hinge, Softmax, ArgMax, Sorted, Increasing };

/// From a base score in the file, which stands on the value side, to the margin.
enum class Link { Identity, Logit, Log, Increasing };

struct Objective {
  std::string_view name;
  Transform transform = Transform::Identity;
  Link link = Link::Identity;
  OutputKind outputKind = OutputKind::Value;
  /// The margins are log-odds of classes, so probabilities of all classes can be given.
  bool hasProbabilities = false;
};

/// The objective of that name. Throws ModelError for one that is not known: its transform would be
/// a guess.
Objective findObjective(std::string_view name);

/// Turns base scores of all outputs into margins, in place. Throws ModelError when one lies outside
/// what the link takes.
void linkBaseScores(const Objective& objective, std::span<float> scores);

/// Numbers per row in that form; 0 when the objective does not give it.
size_t outputsPerRow(const Objective& objective, size_t numOutputs, OutputForm form);

/// Turns the margins of one row into one form. out is as long as outputsPerRow says.
void transformRow(const Objective& objective, OutputForm form, std::span<const float> margins,
                  std::span<float> out);

}  // namespace auspex::operators
