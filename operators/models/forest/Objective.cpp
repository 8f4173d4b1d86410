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
    Objective{"reg:expectileerror", Transform::Increasing, Link::Increasing, OutputKind::Value,
              false},
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

/// Expectiles: what each stands above the one before, at the least.
constexpr float kLeastStep = 1e-6F;

/// log(1 + e^x) without overflow.
float softplus(float value) {
  return std::log1p(std::exp(-std::abs(value))) + std::max(value, 0.0F);
}

/// The x of softplus(x) = value, for value > 0.
float inverseSoftplus(float value) {
  return value + std::log(-std::expm1(-value));
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
    case Transform::Increasing:
      out[0] = margins[0];
      for (size_t i = 1; i < margins.size(); ++i) {
        out[i] = out[i - 1] + (kLeastStep + softplus(margins[i]));
      }
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

void linkBaseScores(const Objective& objective, std::span<float> scores) {
  const auto isOutside = [&](float score) {
    return !std::isfinite(score) || (objective.link == Link::Logit && !(score > 0 && score < 1)) ||
           (objective.link == Link::Log && !(score > 0));
  };
  const auto outside = std::find_if(scores.begin(), scores.end(), isOutside);
  if (outside != scores.end()) {
    throw ModelError("learner.learner_model_param.base_score: " + std::to_string(*outside) +
                     " is out of range for " + std::string(objective.name));
  }
  switch (objective.link) {
    case Link::Logit:
      std::transform(scores.begin(), scores.end(), scores.begin(),
                     [](float score) { return -std::log(1.0F / score - 1.0F); });
      return;
    case Link::Log:
      std::transform(scores.begin(), scores.end(), scores.begin(),
                     [](float score) { return std::log(score); });
      return;
    case Link::Increasing:
      for (size_t i = scores.size(); i-- > 1;) {
        const float step = std::max(scores[i] - scores[i - 1] - kLeastStep, kLeastStep);
        scores[i] = inverseSoftplus(step);
      }
      return;
    case Link::Identity:
      return;
  }
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
    case OutputForm::Leaf:
    case OutputForm::Contribution:
      break;  // no matter of the objective
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
    case OutputForm::Leaf:
    case OutputForm::Contribution:
      break;  // not made of margins
  }
}

}  // namespace auspex::operators
