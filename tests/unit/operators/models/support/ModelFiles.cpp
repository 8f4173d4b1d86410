// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/operators/models/support/ModelFiles.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace auspex::operators {

std::string modelPath(const std::string& name) {
  return std::string(MODEL_FILES) + "/" + name;
}

bool hasModelFile(const std::string& name) {
  return std::filesystem::exists(modelPath(name));
}

std::string readModelBytes(const std::string& name) {
  std::ifstream file(modelPath(name), std::ios::binary);
  REQUIRE_MESSAGE(file.good(), name);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::string stemOf(const std::string& name) {
  return name.substr(0, name.rfind('.'));
}

std::vector<std::string> listModels() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(MODEL_FILES)) {
    const std::string name = entry.path().filename().string();
    const bool isModel = entry.path().extension() == ".json" || entry.path().extension() == ".ubj";
    if (isModel && hasModelFile(stemOf(name) + ".expected")) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

ExpectedScores readExpected(const std::string& stem) {
  std::istringstream text(readModelBytes(stem + ".expected"));
  ExpectedScores expected;
  text >> expected.rows >> expected.features >> expected.marginsPerRow >> expected.valuesPerRow;
  const auto read = [&](size_t count, std::vector<float>& values) {
    std::string token;
    for (size_t i = 0; i < count; ++i) {
      text >> token;
      values.push_back(std::strtof(token.c_str(), nullptr));
    }
  };
  for (size_t row = 0; row < expected.rows; ++row) {
    read(expected.features, expected.matrix);
    read(expected.marginsPerRow, expected.margins);
    read(expected.valuesPerRow, expected.values);
  }
  REQUIRE_MESSAGE(text.good(), stem);
  REQUIRE(expected.rows > 0);
  return expected;
}

}  // namespace auspex::operators
