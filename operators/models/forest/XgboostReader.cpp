// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/XgboostReader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "operators/models/forest/ForestLimits.h"
#include "operators/models/forest/XgboostCategories.h"
#include "operators/models/forest/XgboostTree.h"

namespace auspex::operators {

namespace {

constexpr std::string_view kParameters = "learner.learner_model_param.";

/// Everything of the document that is needed, as it stands there; members come in any order.
struct XgboostDocument {
  std::vector<int32_t> version;
  std::string booster;
  std::string objective;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<std::string> featureNames;
  std::vector<std::string> featureTypes;
  std::vector<float> baseScores;
  int64_t numFeatures = -1;
  int64_t numClasses = 0;
  int64_t numTargets = 1;
  int64_t numTrees = -1;
  int64_t numParallelTrees = 1;
  std::vector<int32_t> treeOutputs;
  std::vector<int64_t> roundStarts;
  std::vector<float> treeWeights;
  std::vector<XgboostTree> trees;
  std::vector<FeatureInfo> dictionaries;
  std::vector<float> linearWeights;
  bool hasTrees = false;
  bool hasLearner = false;
};

void readStrings(DocumentReader& reader, std::vector<std::string>& values, size_t limit) {
  values.clear();
  reader.beginArray();
  while (reader.nextElement()) {
    values.push_back(reader.readString());
    if (values.size() > limit) {
      reader.fail("more than " + std::to_string(limit) + " entries");
    }
  }
}

/// Parameters are numbers written as strings.
int64_t readCount(DocumentReader& reader, const std::string& key, size_t limit) {
  const std::string text = reader.readString();
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 ||
      static_cast<size_t>(value) > limit) {
    reader.fail(key + ": '" + text.substr(0, 40) + "' is not a number from 0 to " +
                std::to_string(limit));
  }
  return value;
}

/// "5E-1" before 3.1, "[5E-1]" or "[1E0,2E0]" since.
std::vector<float> readBaseScores(DocumentReader& reader) {
  const std::string text = reader.readString();
  const auto refuse = [&]() {
    reader.fail("base_score: '" + text.substr(0, 40) + "' is neither a number nor a list of them");
  };
  std::string_view left = text;
  const bool isList = left.size() >= 2 && left.front() == '[' && left.back() == ']';
  if (isList) {
    left = left.substr(1, left.size() - 2);
  }
  std::vector<float> values;
  while (true) {
    left.remove_prefix(std::min(left.find_first_not_of(' '), left.size()));
    float value = 0;
    const auto [end, error] = std::from_chars(left.data(), left.data() + left.size(), value);
    if (error != std::errc()) {
      refuse();
    }
    values.push_back(value);
    left.remove_prefix(static_cast<size_t>(end - left.data()));
    if (left.empty()) {
      break;
    }
    if (left.front() != ',' || !isList || values.size() >= ForestLimits::kOutputs) {
      refuse();
    }
    left.remove_prefix(1);
  }
  return values;
}

void readTrees(DocumentReader& reader, XgboostDocument& document) {
  document.trees.clear();
  document.hasTrees = true;
  reader.beginArray();
  while (reader.nextElement()) {
    if (document.trees.size() >= ForestLimits::kTrees) {
      reader.fail("more than " + std::to_string(ForestLimits::kTrees) + " trees");
    }
    try {
      document.trees.push_back(readXgboostTree(reader));
    } catch (const ModelError& error) {
      throw ModelError("tree " + std::to_string(document.trees.size()) + ": " + error.what());
    }
  }
}

void readTreeModel(DocumentReader& reader, XgboostDocument& document) {
  readObject(reader, [&](const std::string& key) {
    if (key == "gbtree_model_param") {
      readObject(reader, [&](const std::string& name) {
        if (name == "num_trees") {
          document.numTrees = readCount(reader, name, ForestLimits::kTrees);
        } else if (name == "num_parallel_tree") {
          document.numParallelTrees = readCount(reader, name, ForestLimits::kTrees);
        } else {
          reader.skip();
        }
      });
    } else if (key == "trees") {
      readTrees(reader, document);
    } else if (key == "tree_info") {
      reader.readIntegers(document.treeOutputs);
    } else if (key == "iteration_indptr") {
      reader.readIntegers(document.roundStarts);
    } else if (key == "weight_drop") {
      reader.readFloats(document.treeWeights);
    } else if (key == "cats") {
      readCategoryDictionaries(reader, document.dictionaries);
    } else if (key == "weights") {
      reader.readFloats(document.linearWeights);
    } else if (key == "boosted_rounds" || key == "param") {
      reader.skip();
    } else {
      reader.fail("unknown field '" + key.substr(0, 80) +
                  "' in gradient_booster.model: it may change what the model means");
    }
  });
}

/// DART's tree weights stand beside `gbtree` (to 3.2), beside `model` (3.3) or in it (since 3.4).
void readBooster(DocumentReader& reader, XgboostDocument& document) {
  readObject(reader, [&](const std::string& key) {
    if (key == "name") {
      document.booster = reader.readString();
    } else if (key == "model") {
      readTreeModel(reader, document);
    } else if (key == "gbtree") {
      readBooster(reader, document);
    } else if (key == "weight_drop") {
      reader.readFloats(document.treeWeights);
    } else {
      reader.skip();
    }
  });
}

void readLearnerParameters(DocumentReader& reader, XgboostDocument& document) {
  readObject(reader, [&](const std::string& key) {
    if (key == "base_score") {
      document.baseScores = readBaseScores(reader);
    } else if (key == "num_feature") {
      document.numFeatures = readCount(reader, key, ForestLimits::kFeatures);
    } else if (key == "num_class") {
      document.numClasses = readCount(reader, key, ForestLimits::kOutputs);
    } else if (key == "num_target") {
      document.numTargets = readCount(reader, key, ForestLimits::kOutputs);
    } else {
      reader.skip();
    }
  });
}

void readLearner(DocumentReader& reader, XgboostDocument& document) {
  document.hasLearner = true;
  readObject(reader, [&](const std::string& key) {
    if (key == "attributes") {
      readObject(reader, [&](const std::string& name) {
        document.attributes.emplace_back(name, reader.readString());
      });
    } else if (key == "feature_names") {
      readStrings(reader, document.featureNames, ForestLimits::kFeatures);
    } else if (key == "feature_types") {
      readStrings(reader, document.featureTypes, ForestLimits::kFeatures);
    } else if (key == "gradient_booster") {
      readBooster(reader, document);
    } else if (key == "learner_model_param") {
      readLearnerParameters(reader, document);
    } else if (key == "objective") {
      readObject(reader, [&](const std::string& name) {
        if (name == "name") {
          document.objective = reader.readString();
        } else {
          reader.skip();
        }
      });
    } else {
      reader.skip();
    }
  });
}

void requireParts(const XgboostDocument& document) {
  const auto require = [](bool holds, const std::string& message) {
    if (!holds) {
      throw ModelError(message);
    }
  };
  require(document.hasLearner, "learner: is missing, so this is no XGBoost model");
  require(document.version.size() == 3, "version: is missing or not three numbers");
  for (const int32_t part : document.version) {
    require(part >= 0 && part < 1000, "version: is not a version");
  }
  require(document.version[0] >= 1, "version: files before 1.0 are not supported");
  require(document.numFeatures >= 0, std::string(kParameters) + "num_feature: is missing");
  require(!document.baseScores.empty(), std::string(kParameters) + "base_score: is missing");
  require(document.numClasses <= 1 || document.numTargets <= 1,
          std::string(kParameters) + "num_target: several targets of several classes each");
  if (document.booster == "gblinear") {
    return;
  }
  require(
      document.booster == "gbtree" || document.booster == "dart",
      "learner.gradient_booster.name: unknown booster '" + document.booster.substr(0, 80) + "'");
  require(document.hasTrees, "learner.gradient_booster.model.trees: is missing");
  const size_t numTrees = document.trees.size();
  require(document.numTrees == static_cast<int64_t>(numTrees),
          "learner.gradient_booster.model.gbtree_model_param.num_trees: " +
              std::to_string(document.numTrees) + " for " + std::to_string(numTrees) + " trees");
  require(document.treeOutputs.size() == numTrees,
          "learner.gradient_booster.model.tree_info: has " +
              std::to_string(document.treeOutputs.size()) + " entries for " +
              std::to_string(numTrees) + " trees");
  require(document.treeWeights.empty() ? document.booster != "dart" || numTrees == 0
                                       : document.treeWeights.size() == numTrees,
          "learner.gradient_booster.weight_drop: has " +
              std::to_string(document.treeWeights.size()) + " entries for " +
              std::to_string(numTrees) + " trees");
}

std::vector<FeatureInfo> makeFeatures(XgboostDocument& document) {
  const auto numFeatures = static_cast<size_t>(document.numFeatures);
  const auto requireLength = [&](std::string_view field, size_t length) {
    if (length != 0 && length != numFeatures) {
      throw ModelError(std::string(field) + ": has " + std::to_string(length) + " entries for " +
                       std::to_string(numFeatures) + " features");
    }
  };
  requireLength("learner.feature_names", document.featureNames.size());
  requireLength("learner.feature_types", document.featureTypes.size());
  requireLength("learner.gradient_booster.model.cats.enc", document.dictionaries.size());
  std::vector<FeatureInfo> features = std::move(document.dictionaries);
  features.resize(numFeatures);
  for (size_t i = 0; i < numFeatures; ++i) {
    FeatureInfo& feature = features[i];
    if (!document.featureNames.empty()) {
      feature.name = std::move(document.featureNames[i]);
    }
    dropDamagedCategories(document.version, feature);
    const bool typed = !document.featureTypes.empty() && document.featureTypes[i] == "c";
    if (typed || !feature.categories.empty() || !feature.integerCategories.empty()) {
      feature.kind = FeatureKind::Categorical;
    }
  }
  return features;
}

std::optional<size_t> bestRound(const XgboostDocument& document) {
  const auto best =
      std::find_if(document.attributes.begin(), document.attributes.end(),
                   [](const auto& attribute) { return attribute.first == "best_iteration"; });
  if (best == document.attributes.end()) {
    return std::nullopt;
  }
  const std::string& text = best->second;
  size_t round = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), round);
  if (error != std::errc() || end != text.data() + text.size() || round >= ForestLimits::kTrees) {
    throw ModelError("learner.attributes.best_iteration: '" + text.substr(0, 40) +
                     "' is not a round");
  }
  return round;
}

/// Where each round starts among the trees, and where the last one ends.
std::vector<int64_t> startsOfRounds(const XgboostDocument& document, size_t numOutputs) {
  const auto numTrees = static_cast<int64_t>(document.trees.size());
  std::vector<int64_t> starts = document.roundStarts;
  if (starts.empty()) {
    const int64_t perRound =
        std::max<int64_t>(document.numParallelTrees, 1) * static_cast<int64_t>(numOutputs);
    for (int64_t start = 0; start < numTrees; start += perRound) {
      starts.push_back(start);
    }
    starts.push_back(numTrees);
  }
  if (!std::is_sorted(starts.begin(), starts.end()) || starts.front() != 0 ||
      starts.back() != numTrees) {
    throw ModelError(
        "learner.gradient_booster.model.iteration_indptr: does not divide the trees into rounds");
  }
  return starts;
}

/// Which trees count: all, those of the rounds asked for, or those up to the best round.
TreeSpan chooseTrees(const XgboostDocument& document, size_t numOutputs,
                     const RoundChoice& choice) {
  size_t end = choice.end;
  if (choice.useBest) {
    if (const auto best = bestRound(document)) {
      end = *best + 1;
    }
  }
  if (choice.first == 0 && end == 0) {
    return {0, document.trees.size()};
  }
  const std::vector<int64_t> starts = startsOfRounds(document, numOutputs);
  const size_t numRounds = starts.size() - 1;
  end = end == 0 ? numRounds : end;
  if (end > numRounds || choice.first >= end) {
    throw ModelError("the rounds " + std::to_string(choice.first) + " to " + std::to_string(end) +
                     " are not among the " + std::to_string(numRounds) + " of the model");
  }
  return {static_cast<size_t>(starts[choice.first]), static_cast<size_t>(starts[end])};
}

std::vector<float> makeBaseMargins(const XgboostDocument& document, const Objective& objective,
                                   size_t numOutputs) {
  if (document.baseScores.size() != 1 && document.baseScores.size() != numOutputs) {
    throw ModelError(std::string(kParameters) + "base_score: has " +
                     std::to_string(document.baseScores.size()) + " entries for " +
                     std::to_string(numOutputs) + " outputs");
  }
  std::vector<float> margins(numOutputs);
  for (size_t i = 0; i < numOutputs; ++i) {
    margins[i] = document.baseScores[document.baseScores.size() == 1 ? 0 : i];
  }
  linkBaseScores(objective, margins);
  return margins;
}

/// Compiles the trees, freeing each one of the document as it is done.
void addTrees(XgboostDocument& document, const TreeSpan& used, ForestDescription& forest) {
  size_t numCategoryWords = 0;
  size_t firstUsed = 0;
  size_t endUsed = 0;
  forest.trees.reserve(document.trees.size());
  for (size_t i = 0; i < document.trees.size(); ++i) {
    const int32_t output = document.treeOutputs[i];
    if (output < 0 || static_cast<size_t>(output) >= forest.baseMargins.size()) {
      throw ModelError("learner.gradient_booster.model.tree_info[" + std::to_string(i) +
                       "]: " + std::to_string(output) + " is no output; there are " +
                       std::to_string(forest.baseMargins.size()));
    }
    firstUsed = i == used.first ? forest.trees.size() : firstUsed;
    try {
      const float weight = document.treeWeights.empty() ? 1.0F : document.treeWeights[i];
      addXgboostTree(document.trees[i], static_cast<uint32_t>(output), weight, forest,
                     numCategoryWords);
    } catch (const ModelError& error) {
      throw ModelError("tree " + std::to_string(i) + ": " + error.what());
    }
    if (forest.trees.size() > ForestLimits::kTrees) {
      throw ModelError("more than " + std::to_string(ForestLimits::kTrees) +
                       " trees over all outputs");
    }
    endUsed = i < used.end ? forest.trees.size() : endUsed;
    document.trees[i] = {};
  }
  // Unused trees were compiled too, so that damage in them is found.
  forest.trees.resize(endUsed);
  forest.trees.erase(forest.trees.begin(),
                     forest.trees.begin() + static_cast<ptrdiff_t>(firstUsed));
}

/// Takes the weights of a linear model: one row per feature and the biases, a column per output.
void takeLinearWeights(XgboostDocument& document, const RoundChoice& choice, XgboostModel& model) {
  const size_t numOutputs = model.forest.baseMargins.size();
  const size_t wanted = (model.forest.numFeatures + 1) * numOutputs;
  if (document.linearWeights.size() != wanted) {
    throw ModelError("learner.gradient_booster.model.weights: has " +
                     std::to_string(document.linearWeights.size()) + " entries, not " +
                     std::to_string(wanted));
  }
  if (!std::all_of(document.linearWeights.begin(), document.linearWeights.end(),
                   [](float weight) { return std::isfinite(weight); })) {
    throw ModelError("learner.gradient_booster.model.weights: a weight is not finite");
  }
  if (choice.first != 0 || choice.end != 0) {
    throw ModelError("a linear model (booster gblinear) has no rounds to choose from");
  }
  model.linearWeights = std::move(document.linearWeights);
  model.isLinear = true;
}

}  // namespace

XgboostModel readXgboostModel(DocumentReader& reader, const RoundChoice& choice) {
  XgboostDocument document;
  readObject(reader, [&](const std::string& key) {
    if (key == "version") {
      reader.readIntegers(document.version);
    } else if (key == "learner") {
      readLearner(reader, document);
    } else {
      reader.skip();
    }
  });
  reader.expectEnd();
  requireParts(document);

  XgboostModel model;
  model.objective = findObjective(document.objective);
  const std::vector<int32_t>& version = document.version;
  const bool sortsQuantiles = version[0] > 3 || (version[0] == 3 && version[1] >= 4);
  if (document.objective == "reg:quantileerror" && sortsQuantiles) {
    model.objective.transform = Transform::Sorted;
  }
  if (document.objective == "binary:logitraw" && version[0] == 1 && version[1] < 3) {
    // The base score was a probability then.
    model.objective.link = Link::Logit;
  }
  const auto numOutputs =
      static_cast<size_t>(std::max({int64_t{1}, document.numClasses, document.numTargets}));
  model.forest.numFeatures = static_cast<size_t>(document.numFeatures);
  model.forest.baseMargins = makeBaseMargins(document, model.objective, numOutputs);
  if (document.booster == "gblinear") {
    takeLinearWeights(document, choice, model);
  } else {
    addTrees(document, chooseTrees(document, numOutputs, choice), model.forest);
  }

  ModelInfo& info = model.info;
  info.format = "XGBoost " + std::string(reader.encoding()) + " " + std::to_string(version[0]) +
                "." + std::to_string(version[1]) + "." + std::to_string(version[2]);
  info.kind = document.treeWeights.empty() ? document.booster : "dart";
  info.objective = document.objective;
  info.features = makeFeatures(document);
  info.namedFeatures =
      !info.features.empty() &&
      std::none_of(info.features.begin(), info.features.end(),
                   [](const FeatureInfo& feature) { return feature.name.empty(); });
  describeTrees(model.forest, info);
  info.numOutputs = numOutputs;
  info.outputKind = model.objective.outputKind;
  info.attributes = std::move(document.attributes);
  return model;
}

}  // namespace auspex::operators
