// SPDX-License-Identifier: Apache-2.0
// A statement that is well written but means nothing here: an unknown name, types that do not fit.
#pragma once

#include <stdexcept>
#include <string>

#include "parser/ast/Span.h"

namespace auspex::queries {

/// What is wrong with a statement and where; shown with parser::renderError.
class StatementError : public std::runtime_error {
 public:
  StatementError(const std::string& message, parser::Span span)
      : std::runtime_error(message), span_(span) {}
  const parser::Span& span() const { return span_; }

 private:
  parser::Span span_;
};

}  // namespace auspex::queries
