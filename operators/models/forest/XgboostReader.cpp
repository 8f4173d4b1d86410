// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/XgboostReader.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "operators/models/forest/XgboostTree.h"

namespace auspex::operators {

namespace {

constexpr std::string_view kParameters = "learner.learner_model_param.";

/// Everything of the document that is needed, as it stands there; members come in any order.
struct Document {
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
  bool hasTrees = false;
  bool hasLearner = false;
};

template <typename OnMember>
void readObject(DocumentReader& reader, OnMember onMember) {
  std::string key;
  reader.beginObject();
  while (reader.nextMember(key)) {
    onMember(key);
  }
}

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

/// The dictionary of one feature: {offsets, values} for strings as bytes, {type, values} for
/// integers.
FeatureInfo readDictionary(DocumentReader& reader) {
  std::vector<int64_t> offsets;
  std::vector<int64_t> values;
  bool isText = false;
  readObject(reader, [&](const std::string& key) {
    if (key == "offsets") {
      isText = true;
      reader.readIntegers(offsets);
    } else if (key == "values") {
      reader.readIntegers(values);
    } else {
      reader.skip();
    }
  });
  FeatureInfo dictionary;
  if (!isText) {
    dictionary.integerCategories = std::move(values);
    return dictionary;
  }
  std::string bytes;
  for (const int64_t value : values) {
    if (value < -128 || value > 255) {
      reader.fail("cats: " + std::to_string(value) + " is no byte of a string");
    }
    bytes += static_cast<char>(value);
  }
  for (size_t i = 1; i < offsets.size(); ++i) {
    const int64_t start = offsets[i - 1];
    if (start < 0 || offsets[i] < start || offsets[i] > static_cast<int64_t>(bytes.size())) {
      reader.fail("cats: offset " + std::to_string(offsets[i]) + " is out of range");
    }
    dictionary.categories.push_back(
        bytes.substr(static_cast<size_t>(start), static_cast<size_t>(offsets[i] - start)));
  }
  return dictionary;
}

void readDictionaries(DocumentReader& reader, Document& document) {
  readObject(reader, [&](const std::string& key) {
    if (key != "enc") {
      reader.skip();
      return;
    }
    document.dictionaries.clear();
    reader.beginArray();
    while (reader.nextElement()) {
      document.dictionaries.push_back(readDictionary(reader));
      if (document.dictionaries.size() > ForestLimits::kFeatures) {
        reader.fail("cats: more than " + std::to_string(ForestLimits::kFeatures) + " features");
      }
    }
  });
}

void readTrees(DocumentReader& reader, Document& document) {
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

void readTreeModel(DocumentReader& reader, Document& document) {
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
      readDictionaries(reader, document);
    } else if (key == "weights" || key == "boosted_rounds") {
      reader.fail("linear models (booster gblinear) are not supported");
    } else {
      reader.fail("unknown field '" + key.substr(0, 80) +
                  "' in gradient_booster.model: it may change what the model means");
    }
  });
}

/// DART's tree weights stand beside `gbtree` (to 3.2), beside `model` (3.3) or in it (since 3.4).
void readBooster(DocumentReader& reader, Document& document) {
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

void readLearnerParameters(DocumentReader& reader, Document& document) {
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

void readLearner(DocumentReader& reader, Document& document) {
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

void requireParts(const Document& document) {
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
  require(
      document.booster == "gbtree" || document.booster == "dart",
      "learner.gradient_booster.name: unknown booster '" + document.booster.substr(0, 80) + "'");
  require(document.hasTrees, "learner.gradient_booster.model.trees: is missing");
  require(document.numFeatures >= 0, std::string(kParameters) + "num_feature: is missing");
  require(!document.baseScores.empty(), std::string(kParameters) + "base_score: is missing");
  require(document.numClasses <= 1 || document.numTargets <= 1,
          std::string(kParameters) + "num_target: several targets of several classes each");
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

bool isAscii(const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(), [](const std::string& text) {
    return std::all_of(text.begin(), text.end(),
                       [](char letter) { return static_cast<unsigned char>(letter) < 0x80; });
  });
}

/// Python's XGBoost 3.1 to 3.3 counts characters where offsets are bytes, so that with one
/// non-ASCII category all later ones are shifted. Such a dictionary would send strings the wrong
/// way silently.
void dropDamagedCategories(const std::vector<int32_t>& version, FeatureInfo& feature) {
  const bool isAffected = version[0] == 3 && version[1] < 4;
  if (isAffected && !isAscii(feature.categories)) {
    feature.categories.clear();
    feature.hasDamagedCategories = true;
    feature.kind = FeatureKind::Categorical;
  }
}

std::vector<FeatureInfo> makeFeatures(Document& document) {
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

/// How many trees count: all, or those up to the best round.
size_t numTreesUsed(const Document& document, size_t numOutputs, bool useBestIteration) {
  const size_t numTrees = document.trees.size();
  const auto best =
      std::find_if(document.attributes.begin(), document.attributes.end(),
                   [](const auto& attribute) { return attribute.first == "best_iteration"; });
  if (!useBestIteration || best == document.attributes.end()) {
    return numTrees;
  }
  const std::string& text = best->second;
  size_t round = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), round);
  if (error != std::errc() || end != text.data() + text.size() || round >= ForestLimits::kTrees) {
    throw ModelError("learner.attributes.best_iteration: '" + text.substr(0, 40) +
                     "' is not a round");
  }
  if (document.roundStarts.empty()) {
    const auto perRound = static_cast<size_t>(std::max<int64_t>(document.numParallelTrees, 1));
    return std::min(numTrees, (round + 1) * perRound * numOutputs);
  }
  const int64_t last =
      round + 1 < document.roundStarts.size() ? document.roundStarts[round + 1] : -1;
  if (last < 0 || static_cast<size_t>(last) > numTrees) {
    throw ModelError("learner.gradient_booster.model.iteration_indptr: names no trees for round " +
                     std::to_string(round));
  }
  return static_cast<size_t>(last);
}

std::vector<float> makeBaseMargins(const Document& document, const Objective& objective,
                                   size_t numOutputs) {
  if (document.baseScores.size() != 1 && document.baseScores.size() != numOutputs) {
    throw ModelError(std::string(kParameters) + "base_score: has " +
                     std::to_string(document.baseScores.size()) + " entries for " +
                     std::to_string(numOutputs) + " outputs");
  }
  std::vector<float> margins(numOutputs);
  for (size_t i = 0; i < numOutputs; ++i) {
    margins[i] =
        marginOfBaseScore(objective, document.baseScores[document.baseScores.size() == 1 ? 0 : i]);
  }
  return margins;
}

/// Compiles the trees, freeing each one of the document as it is done.
void addTrees(Document& document, size_t numUsed, ForestDescription& forest) {
  size_t numCategoryWords = 0;
  forest.trees.reserve(numUsed);
  for (size_t i = 0; i < document.trees.size(); ++i) {
    const int32_t output = document.treeOutputs[i];
    if (output < 0 || static_cast<size_t>(output) >= forest.baseMargins.size()) {
      throw ModelError("learner.gradient_booster.model.tree_info[" + std::to_string(i) +
                       "]: " + std::to_string(output) + " is no output; there are " +
                       std::to_string(forest.baseMargins.size()));
    }
    try {
      const float weight = document.treeWeights.empty() ? 1.0F : document.treeWeights[i];
      addXgboostTree(document.trees[i], static_cast<uint32_t>(output), weight, forest,
                     numCategoryWords);
    } catch (const ModelError& error) {
      throw ModelError("tree " + std::to_string(i) + ": " + error.what());
    }
    document.trees[i] = {};
  }
  // Unused trees were compiled too, so that damage in them is found.
  forest.trees.resize(numUsed);
}

}  // namespace

XgboostModel readXgboostModel(DocumentReader& reader, bool useBestIteration) {
  Document document;
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
  const auto numOutputs =
      static_cast<size_t>(std::max({int64_t{1}, document.numClasses, document.numTargets}));
  model.forest.numFeatures = static_cast<size_t>(document.numFeatures);
  model.forest.baseMargins = makeBaseMargins(document, model.objective, numOutputs);
  const size_t numUsed = numTreesUsed(document, numOutputs, useBestIteration);
  addTrees(document, numUsed, model.forest);

  ModelInfo& info = model.info;
  info.format = "XGBoost " + std::string(reader.encoding()) + " " + std::to_string(version[0]) +
                "." + std::to_string(version[1]) + "." + std::to_string(version[2]);
  info.objective = document.objective;
  info.features = makeFeatures(document);
  info.namedFeatures =
      !info.features.empty() &&
      std::none_of(info.features.begin(), info.features.end(),
                   [](const FeatureInfo& feature) { return feature.name.empty(); });
  for (const TreeDescription& tree : model.forest.trees) {
    info.maxDepth = std::max(info.maxDepth, size_t{tree.depth});
    for (const TreeNode& node : tree.nodes) {
      if (node.categorySet != 0) {
        info.features[node.feature].kind = FeatureKind::Categorical;
      }
    }
  }
  info.numOutputs = numOutputs;
  info.outputKind = model.objective.outputKind;
  info.numTrees = model.forest.trees.size();
  info.attributes = std::move(document.attributes);
  return model;
}

}  // namespace auspex::operators
