// SPDX-License-Identifier: Apache-2.0
// Runs one query-validation case: production's engine without threads on a simulated broker, one
// query after the other, record by record in the order of the file.
#pragma once

#include <cstdint>
#include <string>

#include "engine/testing/qtt/QttCase.h"

namespace auspex::engine {

enum class QttVerdict : uint8_t { Passed, Failed, Skipped };

struct QttOutcome {
  QttVerdict verdict = QttVerdict::Passed;
  std::string text;  ///< why it failed, expected and found side by side; or why it was skipped
};

/// Never throws. Any thread. Source: dialect, QTT: execution, comparison, expectedException, post.
/// printed: each statement is printed and parsed again before it runs, so that the case passes only
/// if both trees mean the same.
QttOutcome runQttCase(const QttCase& test, bool printed);

}  // namespace auspex::engine
