// SPDX-License-Identifier: Apache-2.0
// MIN and MAX; NULLs are skipped, the extreme of nothing is NULL. Rows cannot leave again.
#include "operators/expressions/RowOrder.h"
#include "operators/functions/Builtins.h"
#include "operators/functions/aggregate/AggregateLoops.h"

namespace auspex::operators {

namespace {

template <typename T, bool isMaximum>
class ExtremeAggregate final : public TypedAggregate {
 public:
  explicit ExtremeAggregate(const SqlType& type) : TypedAggregate({type}, type, false) {}

  AggregateOutput run(const AggregateInput& input) const override {
    struct State {
      T value{};
      uint8_t present = 0;
    };
    std::vector<T> values = loadState<T>(input, 0, T{});
    std::vector<uint8_t> present = loadPresence(input, 0);
    std::vector<State> states(input.numGroups);
    for (size_t group = 0; group < states.size(); ++group) {
      states[group] = {values[group], present[group]};
    }
    const bool isText = resultType().is(TypeKind::String);
    const auto add = [isText](State& state, const T& value) {
      if (state.present == 0 || isBetter(value, state.value, isText)) {
        state = {value, 1};
      }
    };
    const std::vector<State> results = walkSteps<State, T, State>(
        input, states, add, [](State&, const T&) { refuseUndo(); },
        [&](State& state, const State& other) {
          if (other.present != 0) {
            add(state, other.value);
          }
        },
        [](const State& state) { return state; });
    std::vector<Owner> owners;
    for (const std::span<const ColumnPtr> columns : {input.state, input.arguments}) {
      for (const ColumnPtr& column : columns) {
        collectOwners(*column, owners);
      }
    }
    return {{toColumn(states, owners)}, toColumn(results, owners)};
  }

 private:
  static bool isBetter(const T& value, const T& best, [[maybe_unused]] bool isText) {
    if constexpr (std::is_same_v<T, std::string_view>) {
      const int order = isText ? compareText(value, best) : value.compare(best);
      return isMaximum ? order > 0 : order < 0;
    } else {
      return isMaximum ? value > best : value < best;
    }
  }

  template <typename State>
  ColumnPtr toColumn(const std::vector<State>& states, const std::vector<Owner>& owners) const {
    std::vector<T> values(states.size());
    std::vector<uint8_t> validity(states.size());
    for (size_t i = 0; i < states.size(); ++i) {
      values[i] = states[i].value;
      validity[i] = states[i].present;
    }
    return Column::make(resultType(), std::move(values), std::move(validity),
                        std::is_same_v<T, std::string_view> ? owners : std::vector<Owner>{});
  }
};

template <bool isMaximum>
AggregateFunctionPtr makeExtreme(std::span<const SqlType> types, std::span<const Value>) {
  return visitPhysical(types[0].kind(), [&](auto identity) -> AggregateFunctionPtr {
    using T = typename decltype(identity)::type;
    return std::make_shared<const ExtremeAggregate<T, isMaximum>>(types[0]);
  });
}

template <bool isMaximum>
std::vector<AggregateOverload> extremeAggregates() {
  std::vector<AggregateOverload> result;
  for (const char* const signature :
       {"(INT) -> INT", "(BIGINT) -> BIGINT", "(DOUBLE) -> DOUBLE", "(DECIMAL) -> DECIMAL",
        "(STRING) -> STRING", "(BYTES) -> BYTES", "(DATE) -> DATE", "(TIME) -> TIME",
        "(TIMESTAMP) -> TIMESTAMP"}) {
    result.emplace_back(signature, makeExtreme<isMaximum>);
  }
  return result;
}

}  // namespace

void addExtremeAggregates(FunctionRegistry& registry) {
  registry.add(AggregateDefinition{"MIN", "Smallest of the values; NULL of none.", "MIN(amount)",
                                   false, extremeAggregates<false>()});
  registry.add(AggregateDefinition{"MAX", "Largest of the values; NULL of none.", "MAX(amount)",
                                   false, extremeAggregates<true>()});
}

}  // namespace auspex::operators
