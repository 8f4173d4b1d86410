// SPDX-License-Identifier: Apache-2.0
#include "operators/models/ModelContract.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "operators/models/FeatureBinding.h"
#include "operators/models/ModelError.h"

namespace auspex::operators {
namespace {

struct Form {
  OutputForm form;
  const char* name;
};

constexpr std::array kForms = {
    Form{OutputForm::Prediction, "PREDICT"}, Form{OutputForm::Probability, "PREDICT_PROBA"},
    Form{OutputForm::Margin, "PREDICT_MARGIN"}, Form{OutputForm::Leaf, "PREDICT_LEAF"},
    Form{OutputForm::Contribution, "EXPLAIN_PREDICT"}};

struct ArgumentWord {
  ArgumentKind kind;
  const char* name;
};

constexpr std::array kArgumentWords = {
    ArgumentWord{ArgumentKind::Double, "numbers"}, ArgumentWord{ArgumentKind::Integer, "integers"},
    ArgumentWord{ArgumentKind::Boolean, "booleans"}, ArgumentWord{ArgumentKind::String, "strings"}};

bool takes(const FeatureInfo& feature, ArgumentKind kind) {
  try {
    bindFeature(feature, 0, kind, {});
    return true;
  } catch (const ModelError&) {
    return false;
  }
}

std::string shown(const FeatureInfo& feature, size_t place) {
  return feature.name.empty() ? "feature " + std::to_string(place + 1)
                              : "feature '" + feature.name + "'";
}

std::string nameOf(const ModelInfo& info) {
  return "version " + std::to_string(info.version);
}

void requireSameInputs(const FeatureInfo& former, const FeatureInfo& next, size_t place,
                       const ModelInfo& formerInfo) {
  for (const ArgumentWord& kind : kArgumentWords) {
    const bool before = takes(former, kind.kind);
    if (before != takes(next, kind.kind)) {
      throw ModelError(shown(former, place) + (before ? " does not take " : " takes ") + kind.name +
                       ", which that of " + nameOf(formerInfo) + (before ? " does" : " does not"));
    }
  }
}

void requireSameFeatures(const ModelInfo& former, const ModelInfo& next) {
  if (former.namedFeatures != next.namedFeatures) {
    throw ModelError(std::string("its features have ") + (next.namedFeatures ? "" : "no ") +
                     "names, those of " + nameOf(former) + (next.namedFeatures ? " none" : " do"));
  }
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < next.features.size(); ++i) {
    places.emplace(next.features[i].name, i);
  }
  for (size_t i = 0; i < former.features.size() && former.namedFeatures; ++i) {
    if (!places.contains(former.features[i].name)) {
      throw ModelError("it lacks " + shown(former.features[i], i) + " of " + nameOf(former));
    }
  }
  if (former.features.size() != next.features.size()) {
    throw ModelError("it has " + std::to_string(next.features.size()) + " features, " +
                     nameOf(former) + " has " + std::to_string(former.features.size()));
  }
  for (size_t i = 0; i < former.features.size(); ++i) {
    const size_t place = former.namedFeatures ? places.at(former.features[i].name) : i;
    requireSameInputs(former.features[i], next.features[place], i, former);
  }
}

}  // namespace

void requireSameContract(const ModelVersion& former, const ModelVersion& next) {
  requireSameFeatures(former.info(), next.info());
  if (former.info().outputKind != next.info().outputKind ||
      former.info().numOutputs != next.info().numOutputs) {
    throw ModelError("its objective " + next.info().objective + " with " +
                     std::to_string(next.info().numOutputs) +
                     " outputs gives something else than " + former.info().objective + " with " +
                     std::to_string(former.info().numOutputs) + " of " + nameOf(former.info()));
  }
  for (const Form& form : kForms) {
    const size_t before = former.outputsPerRow(form.form);
    const size_t after = next.outputsPerRow(form.form);
    const bool isFree = form.form == OutputForm::Leaf;  // as many as there are trees
    if (isFree ? (before == 0) != (after == 0) : before != after) {
      throw ModelError(std::string(form.name) + " gives " + std::to_string(after) + " numbers, " +
                       std::to_string(before) + " by " + nameOf(former.info()));
    }
  }
}

void warmUp(const ModelVersion& version) {
  const size_t numFeatures = version.info().features.size();
  const std::vector<double> row(numFeatures, std::numeric_limits<double>::quiet_NaN());
  for (const Form& form : kForms) {
    std::vector<double> scores(version.outputsPerRow(form.form));
    if (!scores.empty()) {
      version.scoreWide({row.data(), 1, numFeatures}, form.form, scores);
    }
  }
}

}  // namespace auspex::operators
