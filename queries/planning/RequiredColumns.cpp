// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/RequiredColumns.h"

#include "operators/SourceOperator.h"

namespace auspex::queries {

void require(const operators::ExpressionPtr& expression, Required& required) {
  std::vector<size_t> columns;
  operators::collectColumns(*expression, columns);
  for (const size_t column : columns) {
    required[column] = true;
  }
}

std::vector<size_t> positionsOf(const Required& required) {
  std::vector<size_t> positions;
  for (size_t i = 0; i < required.size(); ++i) {
    if (required[i]) {
      positions.push_back(i);
    }
  }
  return positions;
}

std::vector<size_t> keysOf(const DataSource& source) {
  std::vector<size_t> keys;
  for (size_t key = 0; key < source.schema.numKeys(); ++key) {
    keys.push_back(key);
  }
  if (source.window) {
    const size_t bounds = source.schema.size() + operators::kNumPseudoColumns;
    keys.insert(keys.end(), {bounds, bounds + 1});
  }
  return keys;
}

void collectKeys(const PlanNode& node, size_t first, std::vector<size_t>& keys) {
  const auto* const source = std::get_if<SourcePlan>(&node.step);
  const auto* const subquery = std::get_if<SubqueryPlan>(&node.step);
  if (source != nullptr || subquery != nullptr) {
    const operators::Schema& schema = source != nullptr ? source->source->schema : subquery->schema;
    for (size_t key = 0; key < schema.numKeys(); ++key) {
      keys.push_back(first + key);
    }
    if (subquery != nullptr && subquery->isWindowed) {
      keys.insert(keys.end(), {first + schema.size(), first + schema.size() + 1});
    }
    return;
  }
  for (const PlanNodePtr& input : node.inputs) {
    collectKeys(*input, first, keys);
    first += input->types.size();
  }
}

operators::JoinSide describeSide(const PlanNode& node, size_t side, size_t key,
                                 const Required& required, const std::vector<size_t>& equal) {
  size_t first = 0;
  for (size_t i = 0; i < side; ++i) {
    first += node.inputs[i]->types.size();
  }
  operators::JoinSide described;
  described.key = key;
  described.equal = equal;
  described.types = node.inputs[side]->types;
  const auto begin = required.begin() + static_cast<ptrdiff_t>(first);
  Required kept(begin, begin + static_cast<ptrdiff_t>(described.types.size()));
  kept[key] = true;
  for (const size_t column : equal) {
    kept[column] = true;
  }
  described.keptColumns = positionsOf(kept);
  return described;
}

operators::JoinSide describeTable(const std::vector<size_t>& keys, const Required& kept,
                                  const std::vector<operators::SqlType>& types) {
  operators::JoinSide table;
  table.key = keys[0];
  table.equal.assign(keys.begin() + 1, keys.end());
  table.keptColumns = positionsOf(kept);
  table.types = types;
  return table;
}

Required requiredOf(const operators::JoinSide& side) {
  Required required(side.types.size(), false);
  for (const size_t column : side.keptColumns) {
    required[column] = true;
  }
  return required;
}

}  // namespace auspex::queries
