// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/BlendKernel.h"

#include <algorithm>

namespace auspex::operators {

namespace {

/// Puts the values of one branch into the rows that take it: source(row) instead of target[row].
template <typename T, typename Source>
void take(const uint8_t* taken, Source source, T* target, size_t numRows) {
  for (size_t row = 0; row < numRows; ++row) {
    const T value = source(row);
    target[row] = taken[row] != 0 ? value : target[row];
  }
}

template <typename T>
void takeOperand(const uint8_t* taken, const Operand& operand, T* target, size_t numRows) {
  const T* const source = operand.column->values<T>().data();
  if (operand.constant) {
    const T constant = *source;
    take<T>(
        taken, [constant](size_t) { return constant; }, target, numRows);
  } else {
    take<T>(
        taken, [source](size_t row) { return source[row]; }, target, numRows);
  }
}

/// Which rows a condition takes: the flags themselves, or in `buffer` without those that are NULL.
const uint8_t* takenRows(const Operand& condition, size_t numRows, std::vector<uint8_t>& buffer) {
  const std::span<const uint8_t> flags = condition.column->values<uint8_t>();
  if (!condition.constant && !condition.column->hasNulls()) {
    return flags.data();
  }
  buffer.resize(numRows);
  for (size_t row = 0; row < numRows; ++row) {
    const size_t own = condition.rowOf(row);
    buffer[row] = condition.column->isNull(own) ? 0 : flags[own];
  }
  return buffer.data();
}

template <typename T>
std::vector<T> valuesOf(const Operand* operand, size_t numRows) {
  if (operand == nullptr) {
    return std::vector<T>(numRows);
  }
  const std::span<const T> source = operand->column->values<T>();
  return operand->constant ? std::vector<T>(numRows, source[0])
                           : std::vector<T>(source.begin(), source.end());
}

std::vector<uint8_t> validityOf(const Operand& operand, size_t numRows) {
  std::vector<uint8_t> validity = commonValidity({&operand, 1}, numRows);
  if (validity.empty()) {
    validity.assign(numRows, 1);
  }
  return validity;
}

std::vector<uint8_t> blendValidity(std::span<const uint8_t* const> taken,
                                   std::span<const Operand> results, const Operand* otherwise,
                                   size_t numRows) {
  std::vector<uint8_t> validity =
      otherwise == nullptr ? std::vector<uint8_t>(numRows, 0) : validityOf(*otherwise, numRows);
  for (size_t i = results.size(); i-- > 0;) {
    const std::vector<uint8_t> own = validityOf(results[i], numRows);
    const uint8_t* const source = own.data();
    take<uint8_t>(
        taken[i], [source](size_t row) { return source[row]; }, validity.data(), numRows);
  }
  return validity;
}

}  // namespace

ColumnPtr blend(const SqlType& type, std::span<const Operand> conditions,
                std::span<const Operand> results, const Operand* otherwise, size_t numRows) {
  AUSPEX_ASSERT(!type.isNested());
  AUSPEX_ASSERT(conditions.size() == results.size());
  std::vector<std::vector<uint8_t>> buffers(conditions.size());
  std::vector<const uint8_t*> taken;
  for (size_t i = 0; i < conditions.size(); ++i) {
    taken.push_back(takenRows(conditions[i], numRows, buffers[i]));
  }
  const auto hasNulls = [](const Operand& part) { return part.column->hasNulls(); };
  std::vector<uint8_t> validity;
  if (otherwise == nullptr || hasNulls(*otherwise) ||
      std::any_of(results.begin(), results.end(), hasNulls)) {
    validity = blendValidity(taken, results, otherwise, numRows);
  }
  return visitPhysical(type.kind(), [&](auto identity) {
    using T = typename decltype(identity)::type;
    std::vector<T> values = valuesOf<T>(otherwise, numRows);
    for (size_t i = results.size(); i-- > 0;) {
      takeOperand<T>(taken[i], results[i], values.data(), numRows);
    }
    std::vector<Owner> owners;
    if constexpr (std::is_same_v<T, std::string_view>) {
      owners = ownersOf(results);
      if (otherwise != nullptr) {
        collectOwners(*otherwise->column, owners);
      }
    }
    return Column::make(type, std::move(values), std::move(validity), std::move(owners));
  });
}

}  // namespace auspex::operators
