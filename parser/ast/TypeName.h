// SPDX-License-Identifier: Apache-2.0
// The written form of a SQL type, before anybody knows which names are types.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "parser/ast/Identifier.h"
#include "parser/ast/Span.h"

namespace auspex::parser {

struct TypeField;

/// A type as written. `Named` covers the primitives and registered types alike; the binder decides.
struct TypeName {
  enum class Kind { Named, Decimal, Array, Map, Struct };

  Kind kind = Kind::Named;
  /// Named only: the name, upper-cased unless quoted (INTEGER, VARCHAR, ADDRESS).
  Identifier name;
  /// Named only: parameters in parentheses as written, numbers or the word STRING.
  std::vector<std::string> parameters;
  /// Decimal only.
  std::int32_t precision = 0;
  std::int32_t scale = 0;
  /// Array: the element type. Map: the key type, then the value type. Empty otherwise.
  std::vector<TypeName> children;
  /// Struct only: the fields in order; may be empty.
  std::vector<TypeField> fields;
  Span span;
};

/// One field of a STRUCT type.
struct TypeField {
  Identifier name;
  TypeName type;
};

}  // namespace auspex::parser
