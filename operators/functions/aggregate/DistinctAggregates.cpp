// SPDX-License-Identifier: Apache-2.0
// ATTR, COUNT_DISTINCT and SUM_LIST.
#include <algorithm>
#include <cmath>

#include "operators/data/Arena.h"
#include "operators/expressions/CastKernels.h"
#include "operators/expressions/NestedKernels.h"
#include "operators/expressions/RowOrder.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/aggregate/AggregateLoops.h"

namespace auspex::operators {

namespace {

/// State: the different values of a group, NULL being one, and how often each is there. Within a
/// call a value is a row of a pool that holds arguments and stored values.
class AttributeAggregate final : public TypedAggregate {
 public:
  explicit AttributeAggregate(const SqlType& type)
      : TypedAggregate({SqlType::array(type), SqlType::array(SqlType::bigint())}, type, true) {}

  AggregateOutput run(const AggregateInput& input) const override {
    const auto [pool, oldBegin, storedBegin] = makeValuePool(input);
    std::vector<std::vector<Entry>> groups = load(input, storedBegin);
    std::vector<uint32_t> results;
    for (const AggregateStep& step : input.steps) {
      std::vector<Entry>& entries = groups[step.group];
      switch (step.kind) {
        case AggregateStep::Kind::Add:
          change(entries, *pool, step.row, 1);
          break;
        case AggregateStep::Kind::Undo:
          change(entries, *pool, oldBegin + step.row, -1);
          break;
        case AggregateStep::Kind::Merge:
          for (const Entry& entry : std::vector<Entry>(groups[step.row])) {
            change(entries, *pool, entry.row, entry.count);
          }
          break;
      }
      results.push_back(entries.size() == 1 ? entries[0].row : kNoRow);
    }
    return {store(groups, pool), gatherOrNull(pool, results)};
  }

 private:
  struct Entry {
    uint32_t row = 0;
    int64_t count = 0;
  };

  static std::vector<std::vector<Entry>> load(const AggregateInput& input, uint32_t storedBegin) {
    std::vector<std::vector<Entry>> groups(input.numGroups);
    for (size_t group = 0; group < input.numGroups && !input.state.empty(); ++group) {
      const Column& values = *input.state[0];
      const Column& counts = *input.state[1];
      if (input.fresh[group] != 0 || values.isNull(group)) {
        continue;
      }
      const uint32_t shift = counts.offsets()[group] - values.offsets()[group];
      for (uint32_t i = values.offsets()[group]; i < values.offsets()[group + 1]; ++i) {
        groups[group].push_back(
            {storedBegin + i, counts.children()[0]->values<int64_t>()[i + shift]});
      }
    }
    return groups;
  }

  static void change(std::vector<Entry>& entries, const Column& pool, uint32_t row, int64_t by) {
    const auto same = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
      return equalRows(pool, entry.row, pool, row);
    });
    if (same == entries.end()) {
      if (by > 0) {
        entries.push_back({row, by});
      }
      return;
    }
    same->count += by;
    if (same->count <= 0) {
      entries.erase(same);
    }
  }

  std::vector<ColumnPtr> store(const std::vector<std::vector<Entry>>& groups,
                               const ColumnPtr& pool) const {
    std::vector<uint32_t> rows;
    std::vector<int64_t> counts;
    std::vector<uint32_t> offsets{0};
    for (const std::vector<Entry>& entries : groups) {
      for (const Entry& entry : entries) {
        rows.push_back(entry.row);
        counts.push_back(entry.count);
      }
      offsets.push_back(static_cast<uint32_t>(rows.size()));
    }
    return {Column::makeNested(stateTypes()[0], offsets, {gather(pool, rows)}),
            Column::makeNested(stateTypes()[1], offsets,
                               {Column::make(SqlType::bigint(), std::move(counts))})};
  }
};

/// HyperLogLog over 2^14 registers, as BYTES: three bytes (register, rank) for each register in
/// use while that is shorter, else one byte for each. Small counts are exact in practice.
class DistinctCountAggregate final : public TypedAggregate {
 public:
  DistinctCountAggregate() : TypedAggregate({SqlType::bytes()}, SqlType::bigint(), false) {}

  AggregateOutput run(const AggregateInput& input) const override {
    std::vector<std::vector<uint8_t>> groups(input.numGroups);
    for (size_t group = 0; group < input.numGroups; ++group) {
      groups[group] = load(input, group);
    }
    std::vector<int64_t> results;
    std::string text;
    for (const AggregateStep& step : input.steps) {
      std::vector<uint8_t>& registers = groups[step.group];
      if (step.kind == AggregateStep::Kind::Merge) {
        const std::vector<uint8_t>& other = groups[step.row];
        for (size_t i = 0; i < kNumRegisters; ++i) {
          registers[i] = std::max(registers[i], other[i]);
        }
      } else if (step.kind == AggregateStep::Kind::Undo) {
        refuseUndo();
      } else if (!input.arguments[0]->isNull(step.row)) {
        text.clear();
        appendText(text, *input.arguments[0], step.row);
        add(registers, hashOf(text));
      }
      results.push_back(estimate(registers));
    }
    const auto arena = std::make_shared<Arena>();
    std::vector<std::string_view> stored;
    for (const std::vector<uint8_t>& registers : groups) {
      stored.push_back(arena->copy(pack(registers)));
    }
    return {{Column::make(SqlType::bytes(), std::move(stored), {}, {arena})},
            Column::make(SqlType::bigint(), std::move(results))};
  }

 private:
  static constexpr int kIndexBits = 14;
  static constexpr size_t kNumRegisters = size_t{1} << kIndexBits;
  static constexpr size_t kEntryBytes = 3;

  /// The same on every machine and in every version: it decides what the state says.
  static uint64_t hashOf(std::string_view text) {
    uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) {
      hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3U;
    }
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdU;
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53U;
    return hash ^ (hash >> 33);
  }

  static void add(std::vector<uint8_t>& registers, uint64_t hash) {
    const size_t index = hash >> (64 - kIndexBits);
    const uint64_t rest = hash << kIndexBits;
    const int rank = rest == 0 ? 64 - kIndexBits + 1 : __builtin_clzll(rest) + 1;
    registers[index] = std::max(registers[index], static_cast<uint8_t>(rank));
  }

  static int64_t estimate(const std::vector<uint8_t>& registers) {
    constexpr auto kCount = static_cast<double>(kNumRegisters);
    double sum = 0;
    size_t numEmpty = 0;
    for (const uint8_t rank : registers) {
      sum += std::ldexp(1.0, -rank);
      numEmpty += rank == 0 ? 1 : 0;
    }
    const double raw = 0.7213 / (1 + 1.079 / kCount) * kCount * kCount / sum;
    const bool isSmall = raw <= 2.5 * kCount && numEmpty > 0;
    return std::llround(isSmall ? kCount * std::log(kCount / static_cast<double>(numEmpty)) : raw);
  }

  static std::vector<uint8_t> load(const AggregateInput& input, size_t group) {
    std::vector<uint8_t> registers(kNumRegisters, 0);
    if (input.state.empty() || input.fresh[group] != 0 || input.state[0]->isNull(group)) {
      return registers;
    }
    const std::string_view bytes = input.state[0]->values<std::string_view>()[group];
    if (bytes.size() == kNumRegisters) {
      std::copy(bytes.begin(), bytes.end(), registers.begin());
      return registers;
    }
    for (size_t i = 0; i + kEntryBytes <= bytes.size(); i += kEntryBytes) {
      const size_t index =
          static_cast<uint8_t>(bytes[i]) * size_t{256} + static_cast<uint8_t>(bytes[i + 1]);
      registers[index % kNumRegisters] = static_cast<uint8_t>(bytes[i + 2]);
    }
    return registers;
  }

  static std::string pack(const std::vector<uint8_t>& registers) {
    std::string bytes;
    for (size_t i = 0; i < registers.size(); ++i) {
      if (registers[i] != 0) {
        bytes += static_cast<char>(i / 256);
        bytes += static_cast<char>(i % 256);
        bytes += static_cast<char>(registers[i]);
      }
      if (bytes.size() >= kNumRegisters) {
        return {registers.begin(), registers.end()};
      }
    }
    return bytes;
  }
};

/// State: the sum of all elements. INTEGER and BIGINT wrap around.
template <typename T>
class ListSumAggregate final : public TypedAggregate {
 public:
  explicit ListSumAggregate(const SqlType& type) : TypedAggregate({type}, type, true) {}

  AggregateOutput run(const AggregateInput& input) const override {
    std::vector<T> sums = loadState<T>(input, 0, T{});
    std::vector<T> results;
    for (const AggregateStep& step : input.steps) {
      T& sum = sums[step.group];
      if (step.kind == AggregateStep::Kind::Merge) {
        sum = add(sum, sums[step.row]);
      } else {
        const T change = sumOf(argumentOf(input, step, 0), step.row);
        sum = step.kind == AggregateStep::Kind::Add ? add(sum, change) : subtract(sum, change);
      }
      results.push_back(sum);
    }
    return {{Column::make(resultType(), std::move(sums))},
            Column::make(resultType(), std::move(results))};
  }

 private:
  static T add(T left, T right) {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      return static_cast<T>(static_cast<Unsigned>(left) + static_cast<Unsigned>(right));
    } else {
      return left + right;
    }
  }
  static T subtract(T left, T right) {
    if constexpr (std::is_integral_v<T>) {
      using Unsigned = std::make_unsigned_t<T>;
      return static_cast<T>(static_cast<Unsigned>(left) - static_cast<Unsigned>(right));
    } else {
      return left - right;
    }
  }

  static T sumOf(const Column& lists, size_t row) {
    T sum{};
    if (lists.isNull(row)) {
      return sum;
    }
    const Column& elements = *lists.children()[0];
    for (uint32_t i = lists.offsets()[row]; i < lists.offsets()[row + 1]; ++i) {
      sum = elements.isNull(i) ? sum : add(sum, elements.values<T>()[i]);
    }
    return sum;
  }
};

AggregateFunctionPtr makeAttribute(std::span<const SqlType> types, std::span<const Value>) {
  return std::make_shared<const AttributeAggregate>(types[0]);
}

AggregateFunctionPtr makeDistinctCount(std::span<const SqlType>, std::span<const Value>) {
  return std::make_shared<const DistinctCountAggregate>();
}

template <typename T>
AggregateFunctionPtr makeListSum(std::span<const SqlType> types, std::span<const Value>) {
  return std::make_shared<const ListSumAggregate<T>>(types[0].element());
}

}  // namespace

void addDistinctAggregates(FunctionRegistry& registry) {
  registry.add(AggregateDefinition{"ATTR",
                                   "The value when all are equal, else NULL.",
                                   "ATTR(country)",
                                   true,
                                   {{"(T) -> T", makeAttribute}}});
  registry.add(AggregateDefinition{"COUNT_DISTINCT",
                                   "Number of different values, estimated when there are many.",
                                   "COUNT_DISTINCT(country)",
                                   false,
                                   {{"(T) -> BIGINT", makeDistinctCount}}});
  registry.add(AggregateDefinition{"SUM_LIST",
                                   "Sum of the elements of all arrays, of their type; 0 of none.",
                                   "SUM_LIST(amounts)",
                                   true,
                                   {{"(ARRAY<INT>) -> INT", makeListSum<int32_t>},
                                    {"(ARRAY<BIGINT>) -> BIGINT", makeListSum<int64_t>},
                                    {"(ARRAY<DOUBLE>) -> DOUBLE", makeListSum<double>}}});
}

}  // namespace auspex::operators
