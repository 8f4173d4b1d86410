// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/WindowClause.h"

#include <fmt/format.h>

#include <algorithm>

#include "operators/data/ClampedAdd.h"
#include "queries/StatementError.h"
#include "queries/planning/Durations.h"

namespace auspex::queries {
namespace {

/// Each row changes all windows that it lies in.
constexpr int64_t kMostWindowsOfRow = 10'000;

}  // namespace

std::optional<operators::AggregateWindow> windowOf(const parser::Select& select,
                                                   const PlannedSources& from) {
  if (!select.window) {
    return std::nullopt;
  }
  if (from.root->isTable) {
    throw StatementError("WINDOW clause is only supported for streams.", select.window->span);
  }
  const parser::WindowExpression& written = *select.window;
  constexpr int64_t kDayMillis = 86'400'000;
  operators::AggregateWindow window;
  const int64_t size = millisOf(written.size);
  if (size <= 0) {
    throw StatementError("The size of a window must be positive.", written.size.span);
  }
  window.advance = size;
  window.key.sizeMillis = size;
  switch (written.kind) {
    case parser::WindowKind::Tumbling:
      window.key.type = operators::WindowType::Tumbling;
      break;
    case parser::WindowKind::Hopping:
      window.key.type = operators::WindowType::Hopping;
      window.advance = written.advance ? millisOf(*written.advance) : size;
      if (window.advance <= 0 || window.advance > size) {
        throw StatementError("A hopping window advances by more than 0 and at most its size.",
                             written.span);
      }
      if (size / window.advance > kMostWindowsOfRow) {
        throw StatementError(fmt::format("Each row would lie in {} windows; {} at most.",
                                         size / window.advance, kMostWindowsOfRow),
                             written.span);
      }
      break;
    case parser::WindowKind::Session:
      window.key = {operators::WindowType::Session, 0};
      window.gap = size;
      window.advance = 0;
      break;
  }
  window.emitFinal = select.emit == parser::EmitKind::Final;
  const int64_t defaultGrace = window.emitFinal ? 0 : std::max<int64_t>(0, kDayMillis - size);
  window.grace = written.grace ? millisOf(*written.grace) : defaultGrace;
  if (written.retention &&
      millisOf(*written.retention) < operators::addClamped(size, window.grace)) {
    throw StatementError("The retention of a window must be at least its size and grace period.",
                         written.retention->span);
  }
  window.retention = written.retention ? millisOf(*written.retention) : 0;
  return window;
}

}  // namespace auspex::queries
