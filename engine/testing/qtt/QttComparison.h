// SPDX-License-Identifier: Apache-2.0
// Compares what a query-validation case expects of a topic with what was found in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/testing/qtt/QttCase.h"
#include "engine/testing/qtt/QttRecords.h"

namespace auspex::engine {

struct QttRules {
  bool exactNumbers = true;     ///< fractional numbers of JSON are decimals, scale included
  bool anyTimeForZero = false;  ///< an expected timestamp of 0 matches anything: no inputs
};

/// Says where two values differ first and how, or nothing when they are equal. `type` is that of
/// the found value where its format does not show it. Source: dialect, QTT: comparison.
std::optional<std::string> differenceOfValues(const JsonTree& expected, const JsonTree& found,
                                              const std::optional<operators::SqlType>& type,
                                              const QttRules& rules);

/// Shows both sides and says why, or nothing when the topic holds exactly what is expected.
std::optional<std::string> compareTopic(const std::vector<QttRecord>& expected,
                                        const std::vector<QttFound>& found, const QttRules& rules);

}  // namespace auspex::engine
