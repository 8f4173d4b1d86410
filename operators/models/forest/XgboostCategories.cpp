// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/XgboostCategories.h"

#include <algorithm>
#include <string>
#include <utility>

#include "operators/models/forest/ForestLimits.h"

namespace auspex::operators {

namespace {

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

bool isAscii(const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(), [](const std::string& text) {
    return std::all_of(text.begin(), text.end(),
                       [](char letter) { return static_cast<unsigned char>(letter) < 0x80; });
  });
}

}  // namespace

void readCategoryDictionaries(DocumentReader& reader, std::vector<FeatureInfo>& dictionaries) {
  readObject(reader, [&](const std::string& key) {
    if (key != "enc") {
      reader.skip();
      return;
    }
    dictionaries.clear();
    reader.beginArray();
    while (reader.nextElement()) {
      dictionaries.push_back(readDictionary(reader));
      if (dictionaries.size() > ForestLimits::kFeatures) {
        reader.fail("cats: more than " + std::to_string(ForestLimits::kFeatures) + " features");
      }
    }
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

}  // namespace auspex::operators
