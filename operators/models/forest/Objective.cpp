// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/Objective.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "operators/models/ModelError.h"

namespace auspex::operators {

namespace {

constexpr std::array kObjectives = {
    Objective{"reg:squarederror", Transform::Identity, Link::Identity, OutputKind::Value, false},
    Objective{"reg:linear", Transform::Identity, Link::Identity, OutputKind::Value, false},
    Objective{"reg:squaredlogerror", Transform::Identity, Link::Identity, OutputKind::Value, false},
    Objective{"reg:pseudohubererror", Transform::Identity, Link::Identity, OutputKind::Value,
              false},
    Objective{"reg:absoluteerror", Transform::Identity, Link::Identity, OutputKind::Value, false},
    Objective{"reg:quantileerror", Transform::Identity, Link::Identity, OutputKind::Value, false},
    Objective{"rank:pairwise", Transform::Identity, Link::Identity, OutputKind::Value, false},
    Objective{"rank:ndcg", Transform::Identity, Link::Identity, OutputKind::Value, false},
    Objective{"rank:map", Transform::Identity, Link::Identity, OutputKind::Value, false},
    Objective{"binary:logitraw", Transform::Identity, Link::Identity, OutputKind::Value, true},
    Objective{"binary:logistic", Transform::Sigmoid, Link::Logit, OutputKind::Probability, true},
    Objective{"reg:logistic", Transform::Sigmoid, Link::Logit, OutputKind::Value, false},
    Objective{"binary:hinge", Transform::Hinge, Link::Identity, OutputKind::ClassLabel, false},
    Objective{"multi:softprob", Transform::Softmax, Link::Identity, OutputKind::ClassLabel, true},
    Objective{"multi:softmax", Transform::ArgMax, Link::Identity, OutputKind::ClassLabel, true},
    Objective{"count:poisson", Transform::Exponential, Link::Log, OutputKind::Value, false},
    Objective{"reg:gamma", Transform::Exponential, Link::Log, OutputKind::Value, false},
    Objective{"reg:tweedie", Transform::Exponential, Link::Log, OutputKind::Value, false},
    Objective{"survival:cox", Transform::Exponential, Link::Log, OutputKind::Value, false},
    Objective{"survival:aft", Transform::Exponential, Link::Log, OutputKind::Value, false},
};

/// As the library computes it, so that the last bits agree: the exponent is clamped where float32
/// ends.
float sigmoid(float margin) {
  const float exponent = std::min(-margin, 88.7F);
  return 1.0F / (std::exp(exponent) + 1.0F + 1e-16F);
}

/// As the library computes it: exponentials in float32, their sum in double.
void softmax(std::span<const float> margins, std::span<float> out) {
  const float largest = *std::max_element(margins.begin(), margins.end());
  double sum = 0;
  for (size_t i = 0; i < margins.size(); ++i) {
    out[i] = std::exp(margins[i] - largest);
    sum += static_cast<double>(out[i]);
  }
  for (float& value : out) {
    value /= static_cast<float>(sum);
  }
}

float indexOfLargest(std::span<const float> margins) {
  return static_cast<float>(std::max_element(margins.begin(), margins.end()) - margins.begin());
}

bool isMulticlass(const Objective& objective) {
  return objective.transform == Transform::Softmax || objective.transform == Transform::ArgMax;
}

void transformValues(const Objective& objective, std::span<const float> margins,
                     std::span<float> out) {
  switch (objective.transform) {
    case Transform::Identity:
      std::copy(margins.begin(), margins.end(), out.begin());
      return;
    case Transform::Sigmoid:
      std::transform(margins.begin(), margins.end(), out.begin(), sigmoid);
      return;
    case Transform::Exponential:
      std::transform(margins.begin(), margins.end(), out.begin(),
                     [](float margin) { return std::exp(margin); });
      return;
    case Transform::Hinge:
      std::transform(margins.begin(), margins.end(), out.begin(),
                     [](float margin) { return margin > 0 ? 1.0F : 0.0F; });
      return;
    case Transform::Softmax:
      softmax(margins, out);
      return;
    case Transform::ArgMax:
      out[0] = indexOfLargest(margins);
      return;
    case Transform::Sorted:
      std::copy(margins.begin(), margins.end(), out.begin());
      std::sort(out.begin(), out.end());
      return;
  }
}

}  // namespace

Objective findObjective(std::string_view name) {
  for (const Objective& objective : kObjectives) {
    if (objective.name == name) {
      return objective;
    }
  }
  throw ModelError("learner.objective.name: unknown objective '" + std::string(name) +
                   "'; how its sums become values is not in the file");
}

float marginOfBaseScore(const Objective& objective, float baseScore) {
  const bool outside = !std::isfinite(baseScore) ||
                       (objective.link == Link::Logit && !(baseScore > 0 && baseScore < 1)) ||
                       (objective.link == Link::Log && !(baseScore > 0));
  if (outside) {
    throw ModelError("learner.learner_model_param.base_score: " + std::to_string(baseScore) +
                     " is out of range for " + std::string(objective.name));
  }
  switch (objective.link) {
    case Link::Logit:
      return -std::log(1.0F / baseScore - 1.0F);
    case Link::Log:
      return std::log(baseScore);
    case Link::Identity:
      break;
  }
  return baseScore;
}

size_t outputsPerRow(const Objective& objective, size_t numOutputs, OutputForm form) {
  switch (form) {
    case OutputForm::Margin:
      return numOutputs;
    case OutputForm::Value:
      return objective.transform == Transform::ArgMax ? 1 : numOutputs;
    case OutputForm::Probability:
      if (!objective.hasProbabilities || (!isMulticlass(objective) && numOutputs != 1)) {
        return 0;
      }
      return isMulticlass(objective) ? numOutputs : 2;
    case OutputForm::Prediction:
      return isMulticlass(objective) ? 1 : numOutputs;
  }
  return 0;
}

void transformRow(const Objective& objective, OutputForm form, std::span<const float> margins,
                  std::span<float> out) {
  switch (form) {
    case OutputForm::Margin:
      std::copy(margins.begin(), margins.end(), out.begin());
      return;
    case OutputForm::Value:
      transformValues(objective, margins, out);
      return;
    case OutputForm::Probability:
      if (isMulticlass(objective)) {
        softmax(margins, out);
      } else {
        out[1] = sigmoid(margins[0]);
        out[0] = 1.0F - out[1];
      }
      return;
    case OutputForm::Prediction:
      if (isMulticlass(objective)) {
        out[0] = indexOfLargest(margins);
      } else {
        transformValues(objective, margins, out);
      }
      return;
  }
}

}  // namespace auspex::operators
