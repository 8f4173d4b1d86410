// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/RecordComparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/testing/JsonDifference.h"

namespace auspex::engine {
namespace {

/// Header of a dead letter that says why.
constexpr const char* kReasonHeader = "auspex.reason";
/// Lines shown before the first difference, and in all.
constexpr size_t kShownBefore = 5;
constexpr size_t kMaxShown = 40;
/// Expected lines are padded up to so many columns.
constexpr size_t kMaxPadding = 70;

/// One line of the report: either side may be missing.
struct Pair {
  std::string expected;
  std::string found;
  std::string reason;  // empty: they agree
};

std::string render(const std::vector<Pair>& pairs) {
  const auto first = std::find_if(pairs.begin(), pairs.end(),
                                  [](const Pair& pair) { return !pair.reason.empty(); });
  if (first == pairs.end()) {
    return "";
  }
  const auto firstIndex = static_cast<size_t>(first - pairs.begin());
  const size_t begin = firstIndex > kShownBefore ? firstIndex - kShownBefore : 0;
  const size_t end = std::min(pairs.size(), begin + kMaxShown);
  size_t width = 8;
  for (size_t i = begin; i < end; ++i) {
    width = std::max(width, std::min(pairs[i].expected.size(), kMaxPadding));
  }
  std::string text = fmt::format("    {:<{}}   {}\n", "expected", width, "found");
  for (size_t i = begin; i < end; ++i) {
    const Pair& pair = pairs[i];
    text += fmt::format("  {} {:<{}} : {}\n", pair.reason.empty() ? ' ' : '!', pair.expected, width,
                        pair.found);
    if (!pair.reason.empty()) {
      text += fmt::format("      {}\n", pair.reason);
    }
  }
  if (end < pairs.size()) {
    text += fmt::format("    ... and {} more\n", pairs.size() - end);
  }
  return text;
}

std::vector<Pair> pairInOrder(const std::vector<std::string>& expected,
                              const std::vector<std::string>& found, const Difference& difference) {
  std::vector<Pair> pairs;
  for (size_t i = 0; i < std::max(expected.size(), found.size()); ++i) {
    Pair& pair = pairs.emplace_back();
    if (i < expected.size()) {
      pair.expected = expected[i];
    }
    if (i < found.size()) {
      pair.found = found[i];
    }
    if (i >= found.size()) {
      pair.reason = "expected, not found";
    } else if (i >= expected.size()) {
      pair.reason = "found, not expected";
    } else {
      pair.reason = difference(i, i).value_or("");
    }
  }
  return pairs;
}

std::vector<Pair> pairInAnyOrder(const std::vector<std::string>& expected,
                                 const std::vector<std::string>& found,
                                 const Difference& difference) {
  std::vector<Pair> pairs;
  std::vector<bool> used(found.size(), false);
  for (size_t i = 0; i < expected.size(); ++i) {
    Pair pair{expected[i], "", "expected, not found"};
    for (size_t j = 0; j < found.size(); ++j) {
      if (!used[j] && !difference(i, j)) {
        used[j] = true;
        pair.found = found[j];
        pair.reason = "";
        break;
      }
    }
    pairs.push_back(std::move(pair));
  }
  for (size_t j = 0; j < found.size(); ++j) {
    if (!used[j]) {
      pairs.push_back({"", found[j], "found, not expected"});
    }
  }
  return pairs;
}

/// Texts that differ but are the same JSON are equal.
std::optional<std::string> differenceOfTexts(const std::string& what, const std::string& expected,
                                             const std::string& found, double tolerance) {
  if (expected == found) {
    return std::nullopt;
  }
  const auto left = JsonTree::parse(expected);
  const auto right = JsonTree::parse(found);
  if (left && right) {
    const auto difference = differenceOf(*left, *right, tolerance);
    return difference ? std::optional(fmt::format("{}: {}", what, *difference)) : std::nullopt;
  }
  return fmt::format("{}: expected {}, found {}", what, expected, found);
}

std::optional<std::string> differenceOfSides(const char* what,
                                             const std::optional<std::string>& expected,
                                             const std::optional<std::string>& found,
                                             double tolerance) {
  if (expected && found) {
    return differenceOfTexts(what, *expected, *found, tolerance);
  }
  if (expected.has_value() == found.has_value()) {
    return std::nullopt;
  }
  return fmt::format("{}: expected {}, found {}", what, expected.value_or("null"),
                     found.value_or("null"));
}

JsonTree headersOf(const FoundRecord& record) {
  JsonTree tree;
  tree.kind = JsonTree::Kind::Object;
  for (const auto& [name, value] : record.headers) {
    JsonTree text;
    text.kind = value ? JsonTree::Kind::String : JsonTree::Kind::Null;
    text.text = value.value_or("");
    tree.members.emplace_back(name, std::move(text));
  }
  return tree;
}

std::optional<std::string> differenceOfRecords(const WrittenRecord& expected,
                                               const FoundRecord& found, double tolerance) {
  if (auto key = differenceOfSides("key", expected.key, found.key, tolerance)) {
    return key;
  }
  if (auto value = differenceOfSides("value", expected.value, found.value, tolerance)) {
    return value;
  }
  if (expected.timestamp && *expected.timestamp != found.timestamp) {
    return fmt::format("timestamp: expected {}, found {}", *expected.timestamp, found.timestamp);
  }
  if (expected.partition && *expected.partition != found.partition) {
    return fmt::format("partition: expected {}, found {}", *expected.partition, found.partition);
  }
  if (expected.headers) {
    const auto difference =
        differenceOf(*JsonTree::parse(*expected.headers), headersOf(found), tolerance);
    return difference ? std::optional("headers: " + *difference) : std::nullopt;
  }
  return std::nullopt;
}

std::string trimmedRight(std::string text) {
  text.resize(text.find_last_not_of(" \t\r") + 1);
  return text;
}

std::vector<std::string> splitCells(const std::string& row) {
  std::vector<std::string> cells;
  size_t begin = 0;
  while (true) {
    const size_t end = row.find(" | ", begin);
    std::string cell = trimmedRight(row.substr(begin, end - begin));
    cell.erase(0, std::min(cell.find_first_not_of(' '), cell.size()));
    cells.push_back(std::move(cell));
    if (end == std::string::npos) {
      return cells;
    }
    begin = end + 3;
  }
}

/// A cell may be written as JSON or, for strings, as the bare text.
std::optional<std::string> differenceOfCells(size_t index, const std::string& expected,
                                             const std::string& found, double tolerance) {
  const auto tree = JsonTree::parse(found);
  const bool isBare = tree && tree->kind == JsonTree::Kind::String && tree->text == expected;
  if (expected == "*" || isBare) {
    return std::nullopt;
  }
  return differenceOfTexts(fmt::format("column {}", index + 1), expected, found, tolerance);
}

}  // namespace

std::optional<std::string> compareLists(const std::vector<std::string>& expected,
                                        const std::vector<std::string>& found, bool unordered,
                                        const Difference& difference) {
  const std::string text = render(unordered ? pairInAnyOrder(expected, found, difference)
                                            : pairInOrder(expected, found, difference));
  return text.empty() ? std::nullopt : std::optional(text);
}

std::string FoundRow::text() const {
  return fmt::format("{}", fmt::join(cells, " | "));
}

std::optional<std::string> compareRecords(const std::vector<WrittenRecord>& expected,
                                          const std::vector<FoundRecord>& found,
                                          const ComparisonRules& rules) {
  std::vector<std::string> left;
  std::vector<std::string> right;
  for (const WrittenRecord& record : expected) {
    left.push_back(record.text);
  }
  for (const FoundRecord& record : found) {
    right.push_back(record.text());
  }
  return compareLists(left, right, rules.unordered, [&](size_t i, size_t j) {
    return differenceOfRecords(expected[i], found[j], rules.tolerance);
  });
}

std::optional<std::string> compareDeadLetters(const std::vector<WrittenRecord>& expected,
                                              const std::vector<FoundRecord>& found) {
  std::vector<std::string> left;
  std::vector<std::string> right;
  for (const WrittenRecord& record : expected) {
    left.push_back(record.text);
  }
  for (const FoundRecord& record : found) {
    right.push_back(fmt::format("{} | {} | {}", record.key.value_or("null"),
                                record.value.value_or("null"), record.headerText(kReasonHeader)));
  }
  const double tolerance = 0;
  return compareLists(left, right, false, [&](size_t i, size_t j) -> std::optional<std::string> {
    if (auto difference = differenceOfRecords(expected[i], found[j], tolerance)) {
      return difference;
    }
    const std::string reason = found[j].headerText(kReasonHeader);
    if (reason.find(expected[i].reason) != std::string::npos) {
      return std::nullopt;
    }
    return fmt::format("reason: expected {}, found {}", expected[i].reason, reason);
  });
}

std::optional<std::string> compareRows(const std::vector<std::string>& expected,
                                       const std::vector<FoundRow>& found,
                                       const ComparisonRules& rules) {
  std::vector<std::string> right;
  for (const FoundRow& row : found) {
    right.push_back(row.text());
  }
  const auto difference = [&](size_t i, size_t j) -> std::optional<std::string> {
    const std::vector<std::string> cells = splitCells(expected[i]);
    if (cells.size() != found[j].cells.size()) {
      return fmt::format("expected {} columns, found {}", cells.size(), found[j].cells.size());
    }
    for (size_t k = 0; k < cells.size(); ++k) {
      if (auto cell = differenceOfCells(k, cells[k], found[j].cells[k], rules.tolerance)) {
        return cell;
      }
    }
    return std::nullopt;
  };
  return compareLists(expected, right, rules.unordered, difference);
}

std::optional<std::string> compareLines(const std::vector<std::string>& expected,
                                        const std::string& found) {
  std::vector<std::string> left;
  for (const std::string& line : expected) {
    left.push_back(trimmedRight(line));
  }
  std::vector<std::string> right;
  std::istringstream lines(found);
  for (std::string line; std::getline(lines, line);) {
    line = trimmedRight(line);
    if (!line.empty()) {
      right.push_back(line);
    }
  }
  return compareLists(left, right, false, [&](size_t i, size_t j) -> std::optional<std::string> {
    return left[i] == right[j] ? std::nullopt : std::optional<std::string>("the lines differ");
  });
}

}  // namespace auspex::engine
