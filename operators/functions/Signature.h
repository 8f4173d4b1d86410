// SPDX-License-Identifier: Apache-2.0
// Parameter and result types of a function as patterns over types, read from text such as
// `(ARRAY<T>, T) -> BOOLEAN`.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/data/SqlType.h"

namespace auspex::operators {

/// One type of a signature.
///
/// pattern := BOOLEAN | INT | BIGINT | DOUBLE | DECIMAL (any) | STRING | BYTES | DATE | TIME
///          | TIMESTAMP | letter (a generic: T) | ANY (each argument its own type)
///          | STRUCT<name pattern, ...> (concrete) | ARRAY<pattern> | MAP<pattern, pattern> | UNIT
///          (a bare unit of time) | LAMBDA(pattern, ... => pattern)
struct TypePattern {
  enum class Kind : uint8_t { Concrete, AnyDecimal, Generic, Any, Array, Map, Unit, Lambda };

  Kind kind = Kind::Concrete;
  SqlType type;                     ///< Concrete
  char generic = 0;                 ///< Generic
  std::vector<TypePattern> nested;  ///< Array: 1, Map: 2, Lambda: parameters and then the body

  /// As error texts print it: `ARRAY<T>`.
  std::string toString() const;
};

/// Types bound to the generic letters A .. Z while a signature is matched.
using GenericTypes = std::array<std::optional<SqlType>, 26>;

/// The pattern with its generics replaced, or nullopt when one of them is not bound.
std::optional<SqlType> substitute(const TypePattern& pattern, const GenericTypes& generics);

/// Parameters and result. One parameter may repeat (`STRING...`: none or more).
struct Signature {
  std::vector<TypePattern> parameters;
  std::vector<std::string> names;  ///< of the parameters; empty texts where none is given
  bool variadic = false;
  size_t repeated = 0;  ///< which parameter repeats, when variadic
  TypePattern result;

  /// Reads `(T, T...) -> T` or, with names, `(ARRAY<T> list) -> T`. Aborts on a text that is none:
  /// signatures are constants of the code.
  static Signature parse(std::string_view text);

  /// Pattern of argument number `index` of so many.
  const TypePattern& parameterAt(size_t index, size_t numArguments) const;
  bool acceptsCount(size_t numArguments) const;
  /// `NAME(STRING, INT...)`, as the list of alternatives shows it.
  std::string toString(std::string_view name) const;
};

}  // namespace auspex::operators
