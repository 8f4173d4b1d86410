// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/LightgbmObjective.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "operators/models/ModelError.h"

namespace auspex::operators {

namespace {

struct Known {
  std::string_view name;
  WideTransform transform;
  OutputKind outputKind;
  bool hasProbabilities;
  bool hasClasses;
};

constexpr std::array kKnown = {
    Known{"regression", WideTransform::Identity, OutputKind::Value, false, false},
    Known{"regression_l1", WideTransform::Identity, OutputKind::Value, false, false},
    Known{"huber", WideTransform::Identity, OutputKind::Value, false, false},
    Known{"fair", WideTransform::Identity, OutputKind::Value, false, false},
    Known{"quantile", WideTransform::Identity, OutputKind::Value, false, false},
    Known{"mape", WideTransform::Identity, OutputKind::Value, false, false},
    Known{"poisson", WideTransform::Exponential, OutputKind::Value, false, false},
    Known{"gamma", WideTransform::Exponential, OutputKind::Value, false, false},
    Known{"tweedie", WideTransform::Exponential, OutputKind::Value, false, false},
    Known{"binary", WideTransform::Sigmoid, OutputKind::Probability, true, false},
    Known{"multiclass", WideTransform::Softmax, OutputKind::ClassLabel, true, true},
    Known{"multiclassova", WideTransform::Sigmoid, OutputKind::ClassLabel, true, true},
    Known{"cross_entropy", WideTransform::Sigmoid, OutputKind::Probability, true, false},
    Known{"cross_entropy_lambda", WideTransform::LogOnePlusExp, OutputKind::Value, false, false},
    Known{"lambdarank", WideTransform::Identity, OutputKind::Value, false, false},
    Known{"rank_xendcg", WideTransform::Identity, OutputKind::Value, false, false},
};

void applyParameter(std::string_view parameter, LightgbmObjective& objective) {
  if (parameter == "sqrt") {
    objective.transform = WideTransform::SignedSquare;
    return;
  }
  constexpr std::string_view kSlope = "sigmoid:";
  if (!parameter.starts_with(kSlope)) {
    return;  // what training needed: num_class, alpha and the like
  }
  const std::string_view text = parameter.substr(kSlope.size());
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), objective.slope);
  if (error != std::errc() || end != text.data() + text.size() || !(objective.slope > 0) ||
      !std::isfinite(objective.slope)) {
    throw ModelError("objective: '" + std::string(text.substr(0, 40)) +
                     "' is no slope of a sigmoid");
  }
}

double wideSigmoid(double sum, double slope) {
  return 1.0 / (1.0 + std::exp(-slope * sum));
}

void softmax(std::span<const double> sums, std::span<double> out) {
  const double largest = *std::max_element(sums.begin(), sums.end());
  double total = 0;
  for (size_t i = 0; i < sums.size(); ++i) {
    out[i] = std::exp(sums[i] - largest);
    total += out[i];
  }
  for (double& value : out) {
    value /= total;
  }
}

void transformValues(const LightgbmObjective& objective, std::span<const double> sums,
                     std::span<double> out) {
  const auto each = [&](auto change) {
    std::transform(sums.begin(), sums.end(), out.begin(), change);
  };
  switch (objective.transform) {
    case WideTransform::Identity:
      return each([](double sum) { return sum; });
    case WideTransform::SignedSquare:
      return each([](double sum) { return std::copysign(sum * sum, sum); });
    case WideTransform::Exponential:
      return each([](double sum) { return std::exp(sum); });
    case WideTransform::Sigmoid:
      return each([&](double sum) { return wideSigmoid(sum, objective.slope); });
    case WideTransform::LogOnePlusExp:
      return each([](double sum) { return std::log1p(std::exp(sum)); });
    case WideTransform::Softmax:
      return softmax(sums, out);
  }
}

}  // namespace

LightgbmObjective parseLightgbmObjective(std::string_view line) {
  LightgbmObjective objective;
  objective.name = std::string(line.substr(0, line.find(' ')));
  const auto known = std::find_if(kKnown.begin(), kKnown.end(),
                                  [&](const Known& entry) { return entry.name == objective.name; });
  if (known == kKnown.end()) {
    throw ModelError("objective: unknown objective '" + objective.name.substr(0, 80) +
                     "'; how its sums become values is not in the file");
  }
  objective.transform = known->transform;
  objective.outputKind = known->outputKind;
  objective.hasProbabilities = known->hasProbabilities;
  objective.hasClasses = known->hasClasses;
  size_t start = objective.name.size();
  while (start < line.size()) {
    const size_t end = std::min(line.find(' ', start + 1), line.size());
    applyParameter(line.substr(start + 1, end - start - 1), objective);
    start = end;
  }
  return objective;
}

size_t outputsPerRow(const LightgbmObjective& objective, size_t numOutputs, OutputForm form) {
  switch (form) {
    case OutputForm::Margin:
    case OutputForm::Value:
      return numOutputs;
    case OutputForm::Probability:
      if (!objective.hasProbabilities) {
        return 0;
      }
      return objective.hasClasses ? numOutputs : 2;
    case OutputForm::Prediction:
      return objective.hasClasses ? 1 : numOutputs;
    case OutputForm::Leaf:
    case OutputForm::Contribution:
      break;  // no matter of the objective
  }
  return 0;
}

void transformRow(const LightgbmObjective& objective, OutputForm form, std::span<const double> sums,
                  std::span<double> out) {
  if (form == OutputForm::Margin) {
    std::copy(sums.begin(), sums.end(), out.begin());
  } else if (form == OutputForm::Prediction && objective.hasClasses) {
    out[0] = static_cast<double>(std::max_element(sums.begin(), sums.end()) - sums.begin());
  } else if (form == OutputForm::Probability && !objective.hasClasses) {
    out[1] = wideSigmoid(sums[0], objective.slope);
    out[0] = 1.0 - out[1];
  } else {
    transformValues(objective, sums, out);
  }
}

}  // namespace auspex::operators
