// SPDX-License-Identifier: Apache-2.0
// What versions of a model have in common, and how arguments for one feed another.
#include "operators/models/ModelContract.h"

#include <doctest/doctest.h>

#include "operators/models/FeatureBinding.h"
#include "operators/models/ModelError.h"

using namespace auspex::operators;

namespace {

/// Gives what it is told to in every form.
class PlainModel final : public ModelVersion {
 public:
  PlainModel(ModelInfo info, size_t width, size_t numLeaves)
      : ModelVersion(std::move(info)), width_(width), numLeaves_(numLeaves) {}
  size_t outputsPerRow(OutputForm form) const override {
    return form == OutputForm::Leaf ? numLeaves_ : form == OutputForm::Probability ? 0 : width_;
  }
  void score(FeatureMatrix, OutputForm, std::span<float> out) const override {
    ++numScored;
    std::fill(out.begin(), out.end(), 1.0F);
  }
  mutable int numScored = 0;

 private:
  size_t width_;
  size_t numLeaves_;
};

ModelInfo plainInfo() {
  ModelInfo info;
  info.name = "M";
  info.objective = "reg:squarederror";
  info.namedFeatures = true;
  info.features.resize(3);
  info.features[0].name = "a";
  info.features[1].name = "b";
  info.features[2].name = "c";
  info.features[2].kind = FeatureKind::Categorical;
  info.features[2].categories = {"x", "y"};
  return info;
}

std::string difference(const ModelInfo& next, size_t width = 1, size_t numLeaves = 7) {
  try {
    requireSameContract(PlainModel(plainInfo(), 1, 3), PlainModel(next, width, numLeaves));
    return "";
  } catch (const ModelError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("order of features, dictionaries, and numbers of trees are free") {
  ModelInfo next = plainInfo();
  std::swap(next.features[0], next.features[2]);
  next.features[0].categories = {"z", "y", "x"};
  next.objective = "reg:absoluteerror";
  next.isWide = true;
  CHECK(difference(next) == "");
}

TEST_CASE("whatever a query could notice keeps a version out") {
  ModelInfo next = plainInfo();
  next.features[1].name = "d";
  CHECK(difference(next) == "it lacks feature 'b' of version 1");
  next = plainInfo();
  next.features.push_back(next.features[0]);
  next.features.back().name = "d";
  CHECK(difference(next) == "it has 4 features, version 1 has 3");
  next = plainInfo();
  next.namedFeatures = false;
  CHECK(difference(next) == "its features have no names, those of version 1 do");
  next = plainInfo();
  next.features[2].categories.clear();
  next.features[2].kind = FeatureKind::Numeric;
  CHECK(difference(next) == "feature 'c' takes numbers, which that of version 1 does not");
  next = plainInfo();
  next.features[0] = next.features[2];
  next.features[0].name = "a";
  CHECK(difference(next) == "feature 'a' does not take numbers, which that of version 1 does");
  next = plainInfo();
  next.outputKind = OutputKind::ClassLabel;
  CHECK(difference(next).find("gives something else") != std::string::npos);
  CHECK(difference(plainInfo(), 2) == "PREDICT gives 2 numbers, 1 by version 1");
  CHECK(difference(plainInfo(), 1, 0) == "PREDICT_LEAF gives 0 numbers, 3 by version 1");
}

TEST_CASE("a version is warmed in each form that it gives") {
  const PlainModel model(plainInfo(), 1, 3);
  warmUp(model);
  CHECK(model.numScored == 4);
}

TEST_CASE("arguments are found by the features' names, else by place") {
  ModelInfo planned = plainInfo();
  ModelInfo version = plainInfo();
  std::swap(version.features[0], version.features[2]);
  version.missing = -1;
  const ArgumentKind kinds[] = {ArgumentKind::Double, ArgumentKind::Bigint, ArgumentKind::String};
  const FeatureBinding byName = bindVersion(planned, version, kinds);
  CHECK(byName.sources[0].argument == 2);
  CHECK(byName.sources[0].conversion == FeatureConversion::Category);
  CHECK(byName.sources[1].argument == 1);
  CHECK(byName.sources[2].argument == 0);
  CHECK(byName.missing == -1);
  CHECK_THROWS_AS(bindVersion(planned, version, std::vector(3, ArgumentKind::Double)), ModelError);
  planned.namedFeatures = version.namedFeatures = false;
  CHECK_THROWS_AS(bindVersion(planned, version, kinds), ModelError);  // a string by place for 'a'
  version = planned;
  CHECK(bindVersion(planned, version, kinds).sources[2].argument == 2);
}
