// SPDX-License-Identifier: Apache-2.0
#include "operators/models/forest/ForestDescription.h"

#include <algorithm>

#include "operators/models/Model.h"

namespace auspex::operators {

void describeTrees(const ForestDescription& forest, ModelInfo& info) {
  for (const TreeDescription& tree : forest.trees) {
    info.numTrees += tree.repeats ? 0 : 1;
    info.maxDepth = std::max(info.maxDepth, size_t{tree.depth});
    for (const TreeNode& node : tree.nodes) {
      if (node.categorySet != 0) {
        info.features[node.feature].kind = FeatureKind::Categorical;
      }
    }
  }
}

}  // namespace auspex::operators
