// SPDX-License-Identifier: Apache-2.0
#include "queries/catalog/Catalog.h"

#include <algorithm>

namespace auspex::queries {

std::vector<std::string> Catalog::readersOf(std::string_view source) const {
  std::vector<std::string> ids;
  for (const auto& [id, query] : queries) {
    if (std::find(query->sources.begin(), query->sources.end(), source) != query->sources.end()) {
      ids.push_back(id);
    }
  }
  return ids;
}

std::vector<std::string> Catalog::writersOf(std::string_view source) const {
  std::vector<std::string> ids;
  for (const auto& [id, query] : queries) {
    if (query->sink == source) {
      ids.push_back(id);
    }
  }
  return ids;
}

}  // namespace auspex::queries
