// SPDX-License-Identifier: Apache-2.0
// What sweeps compare, and how they show a difference.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "tests/unit/engine/runtime/SweptProgram.h"

namespace auspex::engine {

inline std::string textOf(const std::map<std::string, std::vector<std::string>>& rows) {
  std::string text;
  for (const auto& [name, lines] : rows) {
    text += fmt::format("{} ({}):\n    {}\n", name, lines.size(), fmt::join(lines, "\n    "));
  }
  return text;
}

inline SweepSettings withRows(size_t drawRows) {
  SweepSettings settings;
  settings.drawRows = drawRows;
  return settings;
}

/// Outputs and state are those expected, and the engine did not give up.
inline void checkSame(const SweptOutcome& expected, const SweptOutcome& found) {
  CHECK(found.failure == "");
  CHECK(textOf(found.outputs) == textOf(expected.outputs));
  CHECK(textOf(found.state) == textOf(expected.state));
}

}  // namespace auspex::engine
