// SPDX-License-Identifier: Apache-2.0
// Aggregates whose state is a list of values: COLLECT_LIST, COLLECT_SET, EARLIEST_BY_OFFSET,
// LATEST_BY_OFFSET, TOPK and TOPKDISTINCT.
#include <fmt/format.h>

#include <algorithm>

#include "operators/expressions/NestedKernels.h"
#include "operators/expressions/RowOrder.h"
#include "operators/expressions/TypeError.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/aggregate/AggregateLoops.h"

namespace auspex::operators {

namespace {

enum class ListRule : uint8_t {
  All,       // COLLECT_LIST
  Set,       // COLLECT_SET, in order of first appearance
  Earliest,  // the first ones
  Latest,    // the last ones
  Top,       // the largest ones, descending
  TopDistinct
};

struct ListSettings {
  ListRule rule = ListRule::All;
  size_t limit = SIZE_MAX;
  bool ignoresNull = false;
  bool givesOne = false;  ///< the result is the only element, not the list
};

/// State: ARRAY<T>. Within a call a list is rows of a pool that holds stored elements and
/// arguments.
class ListAggregate : public TypedAggregate {
 public:
  ListAggregate(const SqlType& element, const ListSettings& settings)
      : TypedAggregate({SqlType::array(element)},
                       settings.givesOne ? element : SqlType::array(element),
                       settings.rule == ListRule::All),
        settings_(settings) {}

  AggregateOutput run(const AggregateInput& input) const override {
    const auto [pool, oldBegin, storedBegin] = makeValuePool(input);
    std::vector<std::vector<uint32_t>> lists = loadLists(input, storedBegin);
    std::vector<uint32_t> resultRows;
    std::vector<uint32_t> resultOffsets{0};
    for (const AggregateStep& step : input.steps) {
      std::vector<uint32_t>& list = lists[step.group];
      switch (step.kind) {
        case AggregateStep::Kind::Add:
          add(list, *pool, step.row);
          break;
        case AggregateStep::Kind::Undo:
          remove(list, *pool, oldBegin + step.row);
          break;
        case AggregateStep::Kind::Merge:
          for (const uint32_t element : std::vector<uint32_t>(lists[step.row])) {
            add(list, *pool, element);
          }
          break;
      }
      if (settings_.givesOne) {
        resultRows.push_back(list.empty() ? kNoRow : list[0]);
      } else {
        resultRows.insert(resultRows.end(), list.begin(), list.end());
        resultOffsets.push_back(static_cast<uint32_t>(resultRows.size()));
      }
    }
    ColumnPtr results = gatherOrNull(pool, resultRows);
    if (!settings_.givesOne) {
      results = Column::makeNested(resultType(), std::move(resultOffsets), {std::move(results)});
    }
    return {{storeLists(lists, pool)}, std::move(results)};
  }

 private:
  static std::vector<std::vector<uint32_t>> loadLists(const AggregateInput& input,
                                                      uint32_t storedBegin) {
    std::vector<std::vector<uint32_t>> lists(input.numGroups);
    for (size_t group = 0; group < input.numGroups && !input.state.empty(); ++group) {
      const Column& stored = *input.state[0];
      if (input.fresh[group] != 0 || stored.isNull(group)) {
        continue;
      }
      for (uint32_t i = stored.offsets()[group]; i < stored.offsets()[group + 1]; ++i) {
        lists[group].push_back(storedBegin + i);
      }
    }
    return lists;
  }

  ColumnPtr storeLists(const std::vector<std::vector<uint32_t>>& lists,
                       const ColumnPtr& pool) const {
    std::vector<uint32_t> rows;
    std::vector<uint32_t> offsets{0};
    for (const std::vector<uint32_t>& list : lists) {
      rows.insert(rows.end(), list.begin(), list.end());
      offsets.push_back(static_cast<uint32_t>(rows.size()));
    }
    return Column::makeNested(stateTypes()[0], std::move(offsets), {gather(pool, rows)});
  }

  static bool contains(const std::vector<uint32_t>& list, const Column& pool, uint32_t row) {
    return std::any_of(list.begin(), list.end(),
                       [&](uint32_t element) { return equalRows(pool, element, pool, row); });
  }

  void add(std::vector<uint32_t>& list, const Column& pool, uint32_t row) const {
    if (settings_.ignoresNull && pool.isNull(row)) {
      return;
    }
    switch (settings_.rule) {
      case ListRule::Set:
        if (contains(list, pool, row)) {
          return;
        }
        [[fallthrough]];
      case ListRule::All:
      case ListRule::Earliest:
        if (list.size() < settings_.limit) {
          list.push_back(row);
        }
        return;
      case ListRule::Latest:
        list.push_back(row);
        if (list.size() > settings_.limit) {
          list.erase(list.begin());
        }
        return;
      case ListRule::TopDistinct:
        if (contains(list, pool, row)) {
          return;
        }
        [[fallthrough]];
      case ListRule::Top:
        break;
    }
    const auto place =
        std::upper_bound(list.begin(), list.end(), row, [&](uint32_t added, uint32_t element) {
          return compareRows(orderOf(pool), added, orderOf(pool), element) > 0;
        });
    list.insert(place, row);
    list.resize(std::min(list.size(), settings_.limit));
  }

  /// What the largest ones are found by: of rows of several columns the first.
  static const Column& orderOf(const Column& pool) {
    return pool.type().is(TypeKind::Struct) ? *pool.children()[0] : pool;
  }

  /// The last equal element leaves.
  static void remove(std::vector<uint32_t>& list, const Column& pool, uint32_t row) {
    for (size_t i = list.size(); i-- > 0;) {
      if (equalRows(pool, list[i], pool, row)) {
        list.erase(list.begin() + static_cast<ptrdiff_t>(i));
        return;
      }
    }
  }

  ListSettings settings_;
};

SqlType topRowType(std::span<const SqlType> types) {
  std::vector<StructField> fields{{"sort_col", types[0]}};
  for (size_t i = 1; i < types.size(); ++i) {
    fields.push_back({fmt::format("col{}", i - 1), types[i]});
  }
  return SqlType::structOf(std::move(fields));
}

/// TOPK with further columns: the list is of rows with all of them.
class TopRowsAggregate final : public ListAggregate {
 public:
  TopRowsAggregate(std::span<const SqlType> types, size_t limit)
      : ListAggregate(topRowType(types), ListSettings{ListRule::Top, limit, true, false}),
        rowType_(topRowType(types)) {}

  AggregateOutput run(const AggregateInput& input) const override {
    const std::vector<ColumnPtr> rows = asRows(input.arguments);
    const std::vector<ColumnPtr> oldRows = asRows(input.oldArguments);
    AggregateInput inner = input;
    inner.arguments = rows;
    inner.oldArguments = oldRows;
    return ListAggregate::run(inner);
  }

 private:
  /// NULL where the column to sort by is.
  std::vector<ColumnPtr> asRows(std::span<const ColumnPtr> columns) const {
    if (columns.empty()) {
      return {};
    }
    const std::span<const uint8_t> validity = columns[0]->validity();
    return {Column::makeStruct(rowType_, columns[0]->size(), {columns.begin(), columns.end()},
                               {validity.begin(), validity.end()})};
  }

  SqlType rowType_;
};

AggregateFunctionPtr makeTopRows(std::span<const SqlType> types, std::span<const Value> literals) {
  const int32_t limit = std::get<int32_t>(literals.back().data);
  if (limit < 1) {
    throw TypeError(fmt::format("The number of values to keep must be 1 or more, got {}", limit));
  }
  return std::make_shared<const TopRowsAggregate>(types.first(types.size() - 1),
                                                  static_cast<size_t>(limit));
}

template <ListRule rule>
AggregateFunctionPtr makeCollect(std::span<const SqlType> types, std::span<const Value>) {
  return std::make_shared<const ListAggregate>(types[0], ListSettings{rule});
}

/// A literal INT is the number of values, a literal BOOLEAN whether NULLs are ignored (they are).
template <ListRule rule>
AggregateFunctionPtr makeLimited(std::span<const SqlType> types, std::span<const Value> literals) {
  ListSettings settings{rule, 1, true, true};
  for (const Value& value : literals) {
    if (const bool* const ignoresNull = std::get_if<bool>(&value.data)) {
      settings.ignoresNull = *ignoresNull;
    } else if (const int32_t* const limit = std::get_if<int32_t>(&value.data)) {
      if (*limit < 1) {
        throw TypeError(
            fmt::format("The number of values to keep must be 1 or more, got {}", *limit));
      }
      settings.limit = static_cast<size_t>(*limit);
      settings.givesOne = false;
    }
  }
  return std::make_shared<const ListAggregate>(types[0], settings);
}

template <ListRule rule>
std::vector<AggregateOverload> offsetOverloads() {
  return {{"(T) -> T", makeLimited<rule>},
          {"(T, BOOLEAN) -> T", makeLimited<rule>, 1},
          {"(T, INT) -> ARRAY<T>", makeLimited<rule>, 1},
          {"(T, INT, BOOLEAN) -> ARRAY<T>", makeLimited<rule>, 2}};
}

template <ListRule rule>
std::vector<AggregateOverload> topOverloads() {
  std::vector<AggregateOverload> overloads;
  for (const char* const type :
       {"INT", "BIGINT", "DOUBLE", "DECIMAL", "STRING", "BYTES", "DATE", "TIME", "TIMESTAMP"}) {
    overloads.emplace_back(fmt::format("({}, INT) -> ARRAY<{}>", type, type).c_str(),
                           makeLimited<rule>, 1);
  }
  return overloads;
}

std::vector<AggregateOverload> topRowsOverloads() {
  std::vector<AggregateOverload> overloads = topOverloads<ListRule::Top>();
  for (const char* const type : {"INT", "BIGINT", "DOUBLE", "STRING"}) {
    overloads.emplace_back(fmt::format("({}, ANY, ANY..., INT) -> ARRAY<ANY>", type).c_str(),
                           makeTopRows, 1);
  }
  return overloads;
}

}  // namespace

void addListAggregates(FunctionRegistry& registry) {
  registry.add(AggregateDefinition{"COLLECT_LIST",
                                   "All values in order, NULLs included.",
                                   "COLLECT_LIST(amount)",
                                   true,
                                   {{"(T) -> ARRAY<T>", makeCollect<ListRule::All>}}});
  registry.add(AggregateDefinition{"COLLECT_SET",
                                   "The different values in order of first appearance.",
                                   "COLLECT_SET(country)",
                                   false,
                                   {{"(T) -> ARRAY<T>", makeCollect<ListRule::Set>}}});
  registry.add(AggregateDefinition{
      "EARLIEST_BY_OFFSET", "The first value, or the first n; NULLs are ignored unless FALSE.",
      "EARLIEST_BY_OFFSET(amount, 2)", false, offsetOverloads<ListRule::Earliest>()});
  registry.add(AggregateDefinition{
      "LATEST_BY_OFFSET", "The last value, or the last n; NULLs are ignored unless FALSE.",
      "LATEST_BY_OFFSET(amount)", false, offsetOverloads<ListRule::Latest>()});
  registry.add(AggregateDefinition{
      "TOPK", "The n largest values, descending; with further columns rows of sort_col, col0, ...",
      "TOPK(amount, id, 3)", false, topRowsOverloads()});
  registry.add(AggregateDefinition{"TOPKDISTINCT", "The n largest different values, descending.",
                                   "TOPKDISTINCT(amount, 3)", false,
                                   topOverloads<ListRule::TopDistinct>()});
}

}  // namespace auspex::operators
