// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/PhysicalTypes.h"

#include <algorithm>

#include "operators/expressions/BoundExpression.h"

namespace auspex::operators {

std::vector<uint8_t> commonValidity(std::span<const Operand> operands, size_t numRows) {
  std::vector<uint8_t> validity;
  for (const Operand& operand : operands) {
    if (!operand.column->hasNulls()) {
      continue;
    }
    const std::span<const uint8_t> own = operand.column->validity();
    if (operand.constant) {
      if (own[0] == 0) {
        validity.assign(numRows, 0);
        return validity;
      }
      continue;
    }
    if (validity.empty()) {
      validity.assign(own.begin(), own.end());
      continue;
    }
    for (size_t row = 0; row < numRows; ++row) {
      validity[row] = static_cast<uint8_t>(validity[row] & own[row]);
    }
  }
  return validity;
}

void collectOwners(const Column& column, std::vector<Owner>& owners) {
  for (const Owner& owner : column.owners()) {
    if (std::find(owners.begin(), owners.end(), owner) == owners.end()) {
      owners.push_back(owner);
    }
  }
  for (const ColumnPtr& child : column.children()) {
    collectOwners(*child, owners);
  }
}

std::vector<Owner> ownersOf(std::span<const Operand> operands) {
  std::vector<Owner> owners;
  for (const Operand& operand : operands) {
    collectOwners(*operand.column, owners);
  }
  return owners;
}

ColumnPtr materialize(const Operand& operand, size_t numRows) {
  if (!operand.constant) {
    AUSPEX_ASSERT(operand.column->size() == numRows);
    return operand.column;
  }
  const std::vector<uint32_t> rows(numRows, 0);
  return gather(operand.column, rows);
}

void RowFailures::add(size_t row, std::string message) {
  ++count_;
  if (failedRows_ != nullptr) {
    failedRows_->push_back(static_cast<uint32_t>(row));
  }
  if (errors_ == nullptr) {
    return;
  }
  const uint32_t drawIndex = drawIndex_.empty() ? static_cast<uint32_t>(row) : drawIndex_[row];
  errors_->add(drawIndex, RowErrorKind::Expression,
               place_ == nullptr ? std::string() : place_->toString(), std::move(message));
}

}  // namespace auspex::operators
