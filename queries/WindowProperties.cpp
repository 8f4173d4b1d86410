// SPDX-License-Identifier: Apache-2.0
#include "queries/WindowProperties.h"

#include <fmt/format.h>

#include "operators/data/Ascii.h"
#include "queries/StatementError.h"
#include "queries/planning/Durations.h"

namespace auspex::queries {

std::optional<operators::KeyWindow> keyWindowOf(const Properties& properties,
                                                const parser::Span& span) {
  const auto type = properties.text("WINDOW_TYPE");
  const auto size = properties.text("WINDOW_SIZE");
  if (!type) {
    if (size) {
      throw StatementError("'WINDOW_SIZE' needs a 'WINDOW_TYPE'.",
                           properties.spanOf("WINDOW_SIZE", span));
    }
    return std::nullopt;
  }
  const parser::Span place = properties.spanOf("WINDOW_TYPE", span);
  operators::KeyWindow window;
  using operators::WindowType;
  bool isKnown = false;
  for (const WindowType known : {WindowType::Tumbling, WindowType::Hopping, WindowType::Session}) {
    if (operators::equalsIgnoringCase(*type, operators::nameOf(known))) {
      window.type = known;
      isKnown = true;
    }
  }
  if (!isKnown) {
    throw StatementError(
        fmt::format("Invalid value '{}' for property 'WINDOW_TYPE': it is TUMBLING, HOPPING or "
                    "SESSION.",
                    *type),
        place);
  }
  if (window.isSession()) {
    if (size) {
      throw StatementError("'WINDOW_SIZE' should not be set for SESSION windows.",
                           properties.spanOf("WINDOW_SIZE", span));
    }
    return window;
  }
  if (!size) {
    throw StatementError(
        fmt::format("{} windows require 'WINDOW_SIZE' to be provided in the WITH clause. For "
                    "example: 'WINDOW_SIZE'='10 SECONDS'",
                    operators::nameOf(window.type)),
        place);
  }
  window.sizeMillis = parseMillis(*size, properties.spanOf("WINDOW_SIZE", span));
  return window;
}

}  // namespace auspex::queries
