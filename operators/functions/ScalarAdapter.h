// SPDX-License-Identifier: Apache-2.0
// Makes a kernel of a plain function over single values: `kernelOf<&length>`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "operators/data/Arena.h"
#include "operators/expressions/PhysicalTypes.h"
#include "operators/functions/ScalarFunction.h"

namespace auspex::operators {

/// What a function over single values may use besides its arguments.
class RowContext {
 public:
  RowContext(Arena& arena, RowFailures& failures) : arena_(arena), failures_(failures) {}

  /// Texts of the result live here (or in the arguments, or for ever).
  Arena& arena() { return arena_; }
  /// The row fails: its result is NULL, whatever the function returns.
  void fail(std::string message) {
    failures_.add(row_, std::move(message));
    failed_ = true;
  }

  // For the adapter.
  void beginRow(size_t row) {
    row_ = row;
    failed_ = false;
  }
  bool failed() const { return failed_; }

 private:
  Arena& arena_;
  RowFailures& failures_;
  size_t row_ = 0;
  bool failed_ = false;
};

namespace adapter {

template <typename T>
struct Slot {
  using Value = T;
  static constexpr bool kNullable = false;
};
template <typename T>
struct Slot<std::optional<T>> {
  using Value = T;
  static constexpr bool kNullable = true;
};
template <typename T>
using PhysicalOf = std::conditional_t<std::is_same_v<typename Slot<T>::Value, bool>, uint8_t,
                                      typename Slot<T>::Value>;

/// One parameter: std::optional ones see NULL, the others never do.
template <typename Parameter>
class Reader {
 public:
  explicit Reader(const Operand& operand) : operand_(operand), view_(operand) {}
  Parameter read(size_t row) const {
    using Value = typename Slot<Parameter>::Value;
    if constexpr (Slot<Parameter>::kNullable) {
      return operand_.isNull(row) ? std::nullopt : Parameter(static_cast<Value>(view_[row]));
    } else {
      return static_cast<Value>(view_[row]);
    }
  }

 private:
  const Operand& operand_;
  OperandView<PhysicalOf<Parameter>> view_;
};

/// Rows in which no parameter of the kind that never sees NULL has one.
template <typename... Parameters>
std::vector<uint8_t> requiredValidity(const KernelInput& input) {
  static constexpr bool kNullable[] = {Slot<Parameters>::kNullable..., false};
  std::vector<Operand> required;
  for (size_t i = 0; i < input.arguments.size(); ++i) {
    if (!kNullable[i]) {
      required.push_back(input.arguments[i]);
    }
  }
  return commonValidity(required, input.numRows);
}

template <typename T>
std::vector<T> emptyValues(size_t numRows) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return std::vector<T>(numRows, std::string_view("", 0));
  } else {
    return std::vector<T>(numRows);
  }
}

template <typename Result, bool usesContext, typename... Parameters, typename Apply,
          size_t... indexes>
ColumnPtr run(const KernelInput& input, Apply apply, std::index_sequence<indexes...>) {
  using Physical = PhysicalOf<Result>;
  AUSPEX_ASSERT(input.arguments.size() == sizeof...(Parameters));
  constexpr bool kIsText = std::is_same_v<Physical, std::string_view>;
  const std::tuple<Reader<Parameters>...> readers{Reader<Parameters>(input.arguments[indexes])...};
  std::vector<uint8_t> validity = requiredValidity<Parameters...>(input);
  std::vector<Physical> values = emptyValues<Physical>(input.numRows);
  if constexpr (!usesContext && !kIsText && !Slot<Result>::kNullable) {
    // Rows with NULL are computed too: nothing can go wrong, and the loop stays plain.
    input.rows.forEach([&](size_t row) {
      values[row] = static_cast<Physical>(apply(std::get<indexes>(readers).read(row)...));
    });
    return Column::make(input.resultType, std::move(values), std::move(validity));
  } else {
    const auto arena = std::make_shared<Arena>();
    RowContext context(*arena, input.failures);
    input.rows.forEach([&](size_t row) {
      if (!validity.empty() && validity[row] == 0) {
        return;
      }
      context.beginRow(row);
      const Result result = [&]() -> Result {
        if constexpr (usesContext) {
          return apply(context, std::get<indexes>(readers).read(row)...);
        } else {
          return apply(std::get<indexes>(readers).read(row)...);
        }
      }();
      bool present = !context.failed();
      if constexpr (Slot<Result>::kNullable) {
        present = present && result.has_value();
        values[row] = present ? static_cast<Physical>(*result) : Physical{};
      } else {
        values[row] = present ? static_cast<Physical>(result) : Physical{};
      }
      if (!present) {
        setNull(validity, row, input.numRows);
      }
    });
    std::vector<Owner> owners;
    if constexpr (kIsText) {
      owners = ownersOf(input.arguments);
      owners.push_back(arena);
    }
    return Column::make(input.resultType, std::move(values), std::move(validity),
                        std::move(owners));
  }
}

template <typename Function>
struct Traits;
template <typename Result, typename... Parameters>
struct Traits<Result (*)(Parameters...)> {
  template <typename Apply>
  static ColumnPtr apply(const KernelInput& input, Apply function) {
    return run<Result, false, Parameters...>(input, function,
                                             std::index_sequence_for<Parameters...>{});
  }
};
template <typename Result, typename... Parameters>
struct Traits<Result (*)(RowContext&, Parameters...)> {
  template <typename Apply>
  static ColumnPtr apply(const KernelInput& input, Apply function) {
    return run<Result, true, Parameters...>(input, function,
                                            std::index_sequence_for<Parameters...>{});
  }
};

}  // namespace adapter

/// A kernel that calls `function` for each row.
///
/// Parameters and result: bool, int32_t, int64_t, double, Int128, std::string_view in the physical
/// form of the signature's types. A NULL argument gives NULL without a call, unless the parameter
/// is a std::optional; an empty std::optional as result is NULL. A first parameter RowContext&
/// gives an arena for texts and a way to fail.
template <auto function>
ColumnPtr kernelOf(const KernelInput& input) {
  return adapter::Traits<decltype(function)>::apply(input, [](auto&&... arguments) {
    return function(std::forward<decltype(arguments)>(arguments)...);
  });
}

}  // namespace auspex::operators
