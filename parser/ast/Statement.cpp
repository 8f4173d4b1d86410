// SPDX-License-Identifier: Apache-2.0
#include "parser/ast/Statement.h"

#include <utility>

namespace auspex::parser {

Statement::Statement() = default;

Statement::Statement(Node written, const Span& where) : node(std::move(written)), span(where) {
}

Statement::Statement(const Statement& other) = default;
Statement::Statement(Statement&& other) noexcept = default;
Statement& Statement::operator=(const Statement& other) = default;
Statement& Statement::operator=(Statement&& other) noexcept = default;
Statement::~Statement() = default;

}  // namespace auspex::parser
