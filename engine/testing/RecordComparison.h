// SPDX-License-Identifier: Apache-2.0
// Compares what a test expects with what was found, and shows both side by side where they differ.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/testing/TestFile.h"
#include "engine/testing/TopicRecords.h"

namespace auspex::engine {

/// What a statement or a SELECT has answered: rows of cells, each a JSON text or a plain one.
struct FoundRow {
  std::vector<std::string> cells;
  /// One line of `query`, as a .test file would write it.
  std::string text() const;
};

/// Why an expected entry and a found one, by their indexes, differ; nothing when they agree.
using Difference = std::function<std::optional<std::string>(size_t expected, size_t found)>;

// Each returns a text that shows both sides and says why, or nothing when they agree.

/// Any two lists, given as they are to be shown.
std::optional<std::string> compareLists(const std::vector<std::string>& expected,
                                        const std::vector<std::string>& found, bool unordered,
                                        const Difference& difference);
/// Key, value and (where written) timestamp, partition and headers of each record.
std::optional<std::string> compareRecords(const std::vector<WrittenRecord>& expected,
                                          const std::vector<FoundRecord>& found,
                                          const ComparisonRules& rules);
/// Key, value, and the reason as a part of the header that tells it.
std::optional<std::string> compareDeadLetters(const std::vector<WrittenRecord>& expected,
                                              const std::vector<FoundRecord>& found);
/// Rows `a | b`; the cell `*` stands for anything.
std::optional<std::string> compareRows(const std::vector<std::string>& expected,
                                       const std::vector<FoundRow>& found,
                                       const ComparisonRules& rules);
/// Lines of a text as they are, but for blanks at the end and empty lines.
std::optional<std::string> compareLines(const std::vector<std::string>& expected,
                                        const std::string& found);

}  // namespace auspex::engine
