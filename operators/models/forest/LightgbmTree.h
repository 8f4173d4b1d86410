// SPDX-License-Identifier: Apache-2.0
// One tree of a LightGBM model: read as the lists of the file, checked, and turned into
// breadth-first nodes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "operators/models/forest/ForestDescription.h"

namespace auspex::operators {

/// The "key=value" lines of a part of the file.
using LightgbmFields = std::map<std::string, std::string_view, std::less<>>;

/// Checks the tree and adds it, with its category sets, to the forest: lists of the right length,
/// every split and leaf reached exactly once, features and categories in range, numbers finite,
/// within ForestLimits. Throws ModelError naming the field.
void addLightgbmTree(const LightgbmFields& fields, uint32_t output, ForestDescription& forest,
                     size_t& numCategoryWords);

/// The numbers of a list with blanks between. Throws ModelError, naming the field.
std::vector<double> parseNumbers(std::string_view field, std::string_view text);
std::vector<int64_t> parseIntegers(std::string_view field, std::string_view text);

}  // namespace auspex::operators
