// SPDX-License-Identifier: Apache-2.0
// The category dictionaries of an XGBoost document ("cats", since 3.1).
#pragma once

#include <cstdint>
#include <vector>

#include "operators/models/Model.h"
#include "operators/models/forest/DocumentReader.h"

namespace auspex::operators {

/// Reads the object that comes next into one FeatureInfo per feature, of which only the categories
/// are set. Throws ModelError when a dictionary is damaged.
void readCategoryDictionaries(DocumentReader& reader, std::vector<FeatureInfo>& dictionaries);

/// Clears a dictionary that the file's version is known to have written wrongly.
void dropDamagedCategories(const std::vector<int32_t>& version, FeatureInfo& feature);

}  // namespace auspex::operators
