// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/LightgbmReader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "operators/models/ModelError.h"
#include "operators/models/forest/ForestLimits.h"
#include "operators/models/forest/JsonReader.h"
#include "operators/models/forest/LightgbmTree.h"

namespace auspex::operators {

namespace {

constexpr std::string_view kFirstLine = "tree";
constexpr std::string_view kTree = "Tree=";
constexpr std::string_view kEnd = "end of trees";
constexpr std::string_view kPandas = "pandas_categorical:";
constexpr std::string_view kBoosting = "[boosting: ";
/// Longest part of "key=value" lines: the fields of a tree are a dozen or two.
constexpr size_t kFieldsPerPart = 64;

/// Lines one after the other.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> next() {
    if (rest_.empty()) {
      return std::nullopt;
    }
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    return line;
  }

 private:
  std::string_view rest_;
};

/// The file in its parts.
struct LightgbmDocument {
  LightgbmFields header;
  std::vector<LightgbmFields> trees;
  std::string_view pandasCategories;
  std::string_view boosting;
};

void addField(std::string_view line, LightgbmFields& fields) {
  const size_t mark = line.find('=');
  const std::string_view value =
      mark == std::string_view::npos ? std::string_view() : line.substr(mark + 1);
  if (fields.size() >= kFieldsPerPart ||
      !fields.emplace(std::string(line.substr(0, mark)), value).second) {
    throw ModelError("'" + std::string(line.substr(0, 40)) + "': a field stands twice");
  }
}

/// What follows the trees: only the dictionaries and the kind of boosting matter.
void readEnd(Lines& lines, LightgbmDocument& document) {
  while (const auto line = lines.next()) {
    if (line->starts_with(kPandas)) {
      document.pandasCategories = line->substr(kPandas.size());
    } else if (line->starts_with(kBoosting) && line->ends_with("]")) {
      document.boosting = line->substr(kBoosting.size(), line->size() - kBoosting.size() - 1);
    }
  }
}

LightgbmDocument readDocument(std::string_view bytes) {
  LightgbmDocument document;
  Lines lines(bytes);
  lines.next();
  LightgbmFields* fields = &document.header;
  while (const auto line = lines.next()) {
    if (*line == kEnd) {
      readEnd(lines, document);
      return document;
    }
    if (line->starts_with(kTree)) {
      if (line->substr(kTree.size()) != std::to_string(document.trees.size())) {
        throw ModelError("'" + std::string(line->substr(0, 40)) + "': tree " +
                         std::to_string(document.trees.size()) + " is expected");
      }
      if (document.trees.size() >= ForestLimits::kTrees) {
        throw ModelError("more than " + std::to_string(ForestLimits::kTrees) + " trees");
      }
      fields = &document.trees.emplace_back();
    } else if (!line->empty()) {
      addField(*line, *fields);
    }
  }
  throw ModelError("the file ends before 'end of trees'");
}

size_t headerCount(const LightgbmFields& header, std::string_view name, size_t limit) {
  const auto found = header.find(name);
  const std::vector<int64_t> values =
      found == header.end() ? std::vector<int64_t>{} : parseIntegers(name, found->second);
  if (values.size() != 1 || values[0] < 0 || static_cast<size_t>(values[0]) > limit) {
    throw ModelError(std::string(name) + ": is missing or not a number from 0 to " +
                     std::to_string(limit));
  }
  return static_cast<size_t>(values[0]);
}

std::string_view fieldOf(const LightgbmFields& header, std::string_view name) {
  const auto found = header.find(name);
  return found == header.end() ? std::string_view() : found->second;
}

std::vector<std::string> splitWords(std::string_view text) {
  std::vector<std::string> words;
  size_t start = 0;
  while (start < text.size()) {
    const size_t end = std::min(text.find(' ', start), text.size());
    if (end > start) {
      words.emplace_back(text.substr(start, end - start));
    }
    start = end + 1;
  }
  return words;
}

/// Python's package notes the categories of pandas columns, in the order of these columns: one JSON
/// list of lists. "null" when there were none.
std::vector<FeatureInfo> readPandasCategories(std::string_view text) {
  std::vector<FeatureInfo> dictionaries;
  if (text.empty() || text == "null") {
    return dictionaries;
  }
  JsonReader reader(text);
  reader.beginArray();
  while (reader.nextElement()) {
    FeatureInfo& dictionary = dictionaries.emplace_back();
    bool isKnown = true;
    reader.beginArray();
    while (reader.nextElement()) {
      const auto kind = reader.peek();
      if (kind == DocumentReader::Kind::String) {
        dictionary.categories.push_back(reader.readString());
      } else if (kind == DocumentReader::Kind::Number) {
        const double number = reader.readDouble();
        isKnown = isKnown && number >= -9e15 && number <= 9e15 &&
                  number == static_cast<double>(static_cast<int64_t>(number));
        dictionary.integerCategories.push_back(isKnown ? static_cast<int64_t>(number) : 0);
      } else {
        reader.skip();
        isKnown = false;
      }
    }
    isKnown = isKnown && (dictionary.categories.empty() || dictionary.integerCategories.empty());
    if (!isKnown) {
      dictionary = FeatureInfo();
    }
  }
  reader.expectEnd();
  return dictionaries;
}

/// Names, and of categorical features the dictionaries. feature_infos has "[least:largest]" for
/// numbers, "code:code:..." for categories, "none" for a feature that says nothing.
std::vector<FeatureInfo> makeFeatures(const LightgbmDocument& document, size_t numFeatures) {
  const std::vector<std::string> names = splitWords(fieldOf(document.header, "feature_names"));
  const std::vector<std::string> kinds = splitWords(fieldOf(document.header, "feature_infos"));
  if (names.size() != numFeatures) {
    throw ModelError("feature_names: has " + std::to_string(names.size()) + " entries for " +
                     std::to_string(numFeatures) + " features");
  }
  if (!kinds.empty() && kinds.size() != numFeatures) {
    throw ModelError("feature_infos: has " + std::to_string(kinds.size()) + " entries for " +
                     std::to_string(numFeatures) + " features");
  }
  std::vector<FeatureInfo> features(numFeatures);
  std::vector<size_t> categorical;
  for (size_t i = 0; i < numFeatures; ++i) {
    features[i].name = names[i];
    if (!kinds.empty() && kinds[i] != "none" && !kinds[i].starts_with('[')) {
      features[i].kind = FeatureKind::Categorical;
      categorical.push_back(i);
    }
  }
  std::vector<FeatureInfo> dictionaries = readPandasCategories(document.pandasCategories);
  // With a categorical feature that says nothing the lists cannot be told apart: then codes are the
  // input.
  if (dictionaries.size() == categorical.size()) {
    for (size_t i = 0; i < categorical.size(); ++i) {
      features[categorical[i]].categories = std::move(dictionaries[i].categories);
      features[categorical[i]].integerCategories = std::move(dictionaries[i].integerCategories);
    }
  }
  return features;
}

TreeSpan chooseTrees(size_t numTrees, size_t perRound, const RoundChoice& choice) {
  const size_t numRounds = numTrees / perRound;
  const size_t end = choice.end == 0 || choice.useBest ? numRounds : choice.end;
  if (end > numRounds || (choice.first >= end && numRounds > 0)) {
    throw ModelError("the rounds " + std::to_string(choice.first) + " to " + std::to_string(end) +
                     " are not among the " + std::to_string(numRounds) + " of the model");
  }
  return {choice.first * perRound, end * perRound};
}

void addTrees(const LightgbmDocument& document, size_t perRound, const TreeSpan& used,
              LightgbmModel& model) {
  size_t numCategoryWords = 0;
  for (size_t i = 0; i < document.trees.size(); ++i) {
    try {
      addLightgbmTree(document.trees[i], static_cast<uint32_t>(i % perRound), model.forest,
                      numCategoryWords);
    } catch (const ModelError& error) {
      throw ModelError("tree " + std::to_string(i) + ": " + error.what());
    }
  }
  // Unused trees were compiled too, so that damage in them is found.
  model.forest.trees.resize(used.end);
  model.forest.trees.erase(model.forest.trees.begin(),
                           model.forest.trees.begin() + static_cast<ptrdiff_t>(used.first));
}

void describe(const LightgbmDocument& document, LightgbmModel& model) {
  ModelInfo& info = model.info;
  info.format = "LightGBM text " + std::string(fieldOf(document.header, "version"));
  info.kind = document.boosting.empty() ? "gbdt" : std::string(document.boosting.substr(0, 40));
  info.objective = std::string(fieldOf(document.header, "objective"));
  info.namedFeatures = true;
  info.isWide = true;
  info.numOutputs = model.forest.baseMargins.size();
  info.outputKind = model.objective.outputKind;
  describeTrees(model.forest, info);
}

}  // namespace

bool isLightgbmText(std::string_view bytes) {
  return bytes.starts_with(std::string(kFirstLine) + "\n") ||
         bytes.starts_with(std::string(kFirstLine) + "\r\n");
}

LightgbmModel readLightgbmModel(std::string_view bytes, const RoundChoice& choice) {
  const LightgbmDocument document = readDocument(bytes);
  const std::string_view version = fieldOf(document.header, "version");
  if (version != "v2" && version != "v3" && version != "v4") {
    throw ModelError("version: '" + std::string(version.substr(0, 40)) +
                     "' is not known; v2, v3 and v4 are");
  }
  LightgbmModel model;
  model.objective = parseLightgbmObjective(fieldOf(document.header, "objective"));
  const size_t perRound =
      headerCount(document.header, "num_tree_per_iteration", ForestLimits::kOutputs);
  const size_t numClasses = headerCount(document.header, "num_class", ForestLimits::kOutputs);
  if (perRound == 0 || perRound != std::max(numClasses, size_t{1}) ||
      (perRound > 1) != model.objective.hasClasses || document.trees.size() % perRound != 0) {
    throw ModelError("num_tree_per_iteration: " + std::to_string(perRound) + " does not fit " +
                     std::to_string(numClasses) + " classes and " +
                     std::to_string(document.trees.size()) + " trees");
  }
  model.forest.numFeatures =
      headerCount(document.header, "max_feature_idx", ForestLimits::kFeatures - 1) + 1;
  model.forest.baseMargins.assign(perRound, 0.0F);
  model.info.features = makeFeatures(document, model.forest.numFeatures);
  const TreeSpan used = chooseTrees(document.trees.size(), perRound, choice);
  addTrees(document, perRound, used, model);
  if (document.header.contains("average_output")) {
    model.divisor = static_cast<double>(std::max((used.end - used.first) / perRound, size_t{1}));
  }
  describe(document, model);
  return model;
}

}  // namespace auspex::operators
