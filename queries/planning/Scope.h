// SPDX-License-Identifier: Apache-2.0
// The columns that an expression may name, with where each stands in the rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/data/SqlType.h"
#include "parser/ast/Expression.h"

namespace auspex::queries {

/// Whether rows have a pseudo column of that name already, as of dialect section 3: ROWTIME and the
/// like, and the bounds of windows.
bool isReservedColumnName(std::string_view name);

/// Throws StatementError when a column of a stream or table cannot have the name for that reason.
void checkColumnName(const std::string& name, const parser::Span& span);

struct ScopeColumn {
  std::string source;  ///< alias of its stream or table; empty for the key that a join makes up
  std::string name;
  operators::SqlType type;
  bool isKey = false;
  bool isPseudo = false;  ///< ROWTIME, ...: not part of `*`
  size_t position = 0;    ///< in the rows
};

/// Columns by name, within one FROM. Immutable while expressions are bound.
class Scope {
 public:
  void add(ScopeColumn column) { columns_.push_back(std::move(column)); }
  /// Adds the key that a join makes up, in front of the others, under a name that no other column
  /// has: ROWKEY, else ROWKEY_1 and so on.
  void addJoinKey(const operators::SqlType& type, size_t position);
  /// The next join makes another key, or none.
  void removeJoinKey();
  const std::vector<ScopeColumn>& columns() const { return columns_; }
  /// Number of columns that the rows have.
  size_t width() const { return width_; }
  void setWidth(size_t width) { width_ = width; }

  /// The column meant by `c` or `source.c`. Throws StatementError: "<clause> column 'C' cannot be
  /// resolved." with the nearest name, or that it is ambiguous.
  const ScopeColumn& resolve(const parser::ColumnReference& reference, const parser::Span& span,
                             const std::string& clause) const;
  /// Throws StatementError when there is no source of that name.
  void checkSource(const parser::Identifier& source) const;
  /// Several sources have a column of this name.
  bool isShared(const std::string& name) const;
  /// The name of a column in messages and plans: `source_name` where there are several sources.
  std::string shownName(const ScopeColumn& column) const;
  /// The names of all sources, in order.
  std::vector<std::string> sources() const;

 private:
  std::vector<ScopeColumn> columns_;
  size_t width_ = 0;
};

}  // namespace auspex::queries
