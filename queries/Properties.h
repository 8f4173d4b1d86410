// SPDX-License-Identifier: Apache-2.0
// The WITH clause of a statement, checked by name and type.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parser/ast/Property.h"

namespace auspex::queries {

/// Reads properties by their upper-case names. Throws StatementError at the property.
class Properties {
 public:
  /// Every given name must be among `allowed`; the message names the nearest.
  Properties(const std::vector<parser::Property>& given, std::span<const std::string_view> allowed);

  const parser::Property* find(std::string_view name) const;
  std::optional<std::string> text(std::string_view name) const;
  std::optional<int64_t> integer(std::string_view name) const;
  std::optional<double> number(std::string_view name) const;
  std::optional<bool> boolean(std::string_view name) const;
  /// A property that names a column: in back quotes as it is, else upper-cased.
  std::optional<std::string> columnName(std::string_view name) const;
  /// Where a property stands, or the fallback.
  parser::Span spanOf(std::string_view name, const parser::Span& fallback) const;

 private:
  const std::vector<parser::Property>& given_;
};

}  // namespace auspex::queries
