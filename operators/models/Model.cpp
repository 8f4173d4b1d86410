// SPDX-License-Identifier: Apache-2.0
#include "operators/models/Model.h"

#include <algorithm>

#include "operators/data/Ascii.h"

namespace auspex::operators {

void ModelVersion::scoreWide(WideFeatureMatrix features, OutputForm form,
                             std::span<double> out) const {
  const size_t numValues = features.rows * features.features;
  std::vector<float> matrix(numValues);
  std::transform(features.values, features.values + numValues, matrix.begin(),
                 [](double value) { return static_cast<float>(value); });
  std::vector<float> scores(out.size());
  score({matrix.data(), features.rows, features.features}, form, scores);
  std::copy(scores.begin(), scores.end(), out.begin());
}

std::string ModelVersion::refusalOf(OutputForm form) const {
  switch (form) {
    case OutputForm::Probability:
      return "with objective " + info_.objective + " gives no probabilities";
    case OutputForm::Leaf:
      return "has no trees, so it gives no leaves";
    case OutputForm::Contribution:
      return "gives no contributions: its file does not tell the training weights of all nodes, a "
             "tree is deeper than 256, or outputs times features are more than 131072";
    case OutputForm::Margin:
    case OutputForm::Value:
    case OutputForm::Prediction:
      break;
  }
  return "cannot give this form";
}

NamedPlace findByName(std::string_view name, std::span<const std::string> names) {
  NamedPlace exact;
  NamedPlace ignoringCase;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) {
      exact = {exact.match == NameMatch::Missing ? NameMatch::Found : NameMatch::Ambiguous, i};
    } else if (equalsIgnoringCase(names[i], name)) {
      ignoringCase = {
          ignoringCase.match == NameMatch::Missing ? NameMatch::Found : NameMatch::Ambiguous, i};
    }
  }
  return exact.match != NameMatch::Missing ? exact : ignoringCase;
}

}  // namespace auspex::operators
