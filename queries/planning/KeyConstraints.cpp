// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/KeyConstraints.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "operators/data/KeyCodec.h"
#include "operators/expressions/ExpressionFactory.h"
#include "stateStore/KeyValueStore.h"

namespace auspex::queries {
namespace {

using operators::ComparisonOperator;
using operators::ExpressionPtr;
using operators::KeyRange;
using operators::StateRange;

/// Alternatives beyond which a condition is taken to say nothing: reading all is no slower then.
constexpr size_t kMaxAlternatives = 10'000;
constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();

/// Encoded values of one column: low <= value < high; no high: up to the largest.
struct Interval {
  std::string low;
  std::optional<std::string> high;
  bool isPoint = false;

  bool isEmpty() const { return high && *high <= low; }
};

/// What one alternative of the condition demands, all of it together.
struct Alternative {
  std::vector<std::optional<Interval>> keys;  // per key column; absent: anything
  StateRange window;                          // its bounds only
};

using Alternatives = std::vector<Alternative>;

/// `column OP constant`, the column on the left.
struct ColumnComparison {
  size_t column = 0;
  ComparisonOperator operation = ComparisonOperator::Equal;
  operators::Value value;
  operators::SqlType type = operators::SqlType::boolean();
};

ComparisonOperator mirrored(ComparisonOperator operation) {
  switch (operation) {
    case ComparisonOperator::Less:
      return ComparisonOperator::Greater;
    case ComparisonOperator::LessOrEqual:
      return ComparisonOperator::GreaterOrEqual;
    case ComparisonOperator::Greater:
      return ComparisonOperator::Less;
    case ComparisonOperator::GreaterOrEqual:
      return ComparisonOperator::LessOrEqual;
    default:
      return operation;
  }
}

std::optional<ColumnComparison> columnComparison(ComparisonOperator operation,
                                                 const ExpressionPtr& left,
                                                 const ExpressionPtr& right) {
  if (const auto* const column = left->as<operators::ColumnNode>()) {
    const std::optional<operators::Value> value = operators::constantValue(*right);
    if (value && !value->isNull() && left->type() == right->type()) {
      return ColumnComparison{column->index, operation, *value, left->type()};
    }
    return std::nullopt;
  }
  if (right->as<operators::ColumnNode>() != nullptr) {
    return columnComparison(mirrored(operation), right, left);
  }
  return std::nullopt;
}

std::string encoded(const operators::SqlType& type, const operators::Value& value) {
  const operators::ColumnPtr column[] = {operators::makeConstant(type, value, 1)};
  std::string bytes;
  operators::KeyCodec({type}).encode(column, 0, bytes);
  return bytes;
}

/// Whether bytes of keys sort beside this constant as SQL's order has it: that of texts is by
/// UTF-16, which differs from that of the bytes behind the characters that begin with these.
bool isOrderedBeside(const operators::SqlType& type, const operators::Value& value) {
  if (const auto* const text = std::get_if<std::string>(&value.data)) {
    constexpr unsigned char kFirstDifferent = 0xEE;
    return !type.is(operators::TypeKind::String) ||
           std::none_of(text->begin(), text->end(),
                        [](char c) { return static_cast<unsigned char>(c) >= kFirstDifferent; });
  }
  return operators::KeyCodec::isOrdered(type);
}

/// The encoded values that satisfy the comparison; nothing when they are no interval.
std::optional<Interval> intervalOf(const ColumnComparison& comparison) {
  std::string low = encoded(comparison.type, comparison.value);
  std::string high = low;
  bool isPoint = true;
  if (const auto* const number = std::get_if<double>(&comparison.value.data)) {
    if (std::isnan(*number)) {
      return std::nullopt;
    }
    if (*number == 0) {  // two keys, which compare as one
      low = encoded(comparison.type, {-0.0});
      high = encoded(comparison.type, {0.0});
      isPoint = false;
    }
  }
  const bool isEqual = comparison.operation == ComparisonOperator::Equal ||
                       comparison.operation == ComparisonOperator::IsNotDistinctFrom;
  if (isEqual) {
    return Interval{std::move(low), stateStore::prefixEnd(high), isPoint};
  }
  if (!isOrderedBeside(comparison.type, comparison.value)) {
    return std::nullopt;
  }
  switch (comparison.operation) {
    case ComparisonOperator::Less:
      return Interval{"", std::move(low)};
    case ComparisonOperator::LessOrEqual:
      return Interval{"", stateStore::prefixEnd(high)};
    case ComparisonOperator::Greater:
      return Interval{stateStore::prefixEnd(high).value_or(high), std::nullopt};
    case ComparisonOperator::GreaterOrEqual:
      return Interval{std::move(low), std::nullopt};
    default:
      return std::nullopt;
  }
}

Interval intersection(const Interval& left, const Interval& right) {
  Interval both;
  both.low = std::max(left.low, right.low);
  both.high = !left.high                 ? right.high
              : !right.high              ? left.high
              : *left.high < *right.high ? left.high
                                         : right.high;
  both.isPoint = (left.isPoint || right.isPoint) && !both.isEmpty();
  return both;
}

/// Bounds of windows are whole numbers, so each comparison is a closed interval of them.
void limit(ComparisonOperator operation, int64_t value, int64_t& low, int64_t& high) {
  switch (operation) {
    case ComparisonOperator::Equal:
    case ComparisonOperator::IsNotDistinctFrom:
      low = std::max(low, value);
      high = std::min(high, value);
      break;
    case ComparisonOperator::Less:
      high = std::min(high, value == kLowest ? kLowest : value - 1);
      break;
    case ComparisonOperator::LessOrEqual:
      high = std::min(high, value);
      break;
    case ComparisonOperator::Greater:
      low = std::max(low, value == kHighest ? kHighest : value + 1);
      break;
    case ComparisonOperator::GreaterOrEqual:
      low = std::max(low, value);
      break;
    default:
      break;
  }
}

class Analysis {
 public:
  explicit Analysis(const LookupColumns& columns) : columns_(columns) {}

  /// The alternatives of which one holds where the condition does.
  Alternatives analyze(const ExpressionPtr& condition) const {
    if (const auto* const logical = condition->as<operators::LogicalNode>()) {
      const Alternatives left = analyze(logical->left);
      const Alternatives right = analyze(logical->right);
      return logical->operation == operators::LogicalOperator::And ? combine(left, right)
                                                                   : unite(left, right);
    }
    if (const auto* const comparison = condition->as<operators::ComparisonNode>()) {
      return {demand(columnComparison(comparison->operation, comparison->left, comparison->right))};
    }
    if (const auto* const in = condition->as<operators::InNode>()) {
      return analyzeIn(*in);
    }
    return {anything()};
  }

  /// All alternatives together: ranges of keys, and the windows from the first to the last.
  StateRange rangeOf(const Alternatives& alternatives) const {
    StateRange range{{}, kHighest, kLowest, kHighest, kLowest};
    for (const Alternative& alternative : alternatives) {
      const StateRange& window = alternative.window;
      const bool isEmpty =
          window.minStart > window.maxStart || window.minEnd > window.maxEnd ||
          std::any_of(alternative.keys.begin(), alternative.keys.end(),
                      [](const auto& interval) { return interval && interval->isEmpty(); });
      if (isEmpty) {
        continue;
      }
      range.keys.push_back(keyRangeOf(alternative));
      range.minStart = std::min(range.minStart, window.minStart);
      range.maxStart = std::max(range.maxStart, window.maxStart);
      range.minEnd = std::min(range.minEnd, window.minEnd);
      range.maxEnd = std::max(range.maxEnd, window.maxEnd);
    }
    mergeRanges(range.keys);
    return range;
  }

 private:
  Alternative anything() const {
    return {std::vector<std::optional<Interval>>(columns_.keys.size()), StateRange()};
  }

  Alternative demand(const std::optional<ColumnComparison>& comparison) const {
    Alternative demanded = anything();
    if (!comparison) {
      return demanded;
    }
    for (size_t i = 0; i < columns_.keys.size(); ++i) {
      if (columns_.keys[i].position == comparison->column &&
          columns_.keys[i].type == comparison->type) {
        demanded.keys[i] = intervalOf(*comparison);
      }
    }
    if (const auto* const number = std::get_if<int64_t>(&comparison->value.data)) {
      StateRange& window = demanded.window;
      if (columns_.windowStart == comparison->column) {
        limit(comparison->operation, *number, window.minStart, window.maxStart);
      } else if (columns_.windowEnd == comparison->column) {
        limit(comparison->operation, *number, window.minEnd, window.maxEnd);
      }
    }
    return demanded;
  }

  Alternatives analyzeIn(const operators::InNode& in) const {
    if (in.value->as<operators::ColumnNode>() == nullptr ||
        in.candidates.size() > kMaxAlternatives) {
      return {anything()};
    }
    Alternatives alternatives;
    for (const ExpressionPtr& candidate : in.candidates) {
      const std::optional<operators::Value> value = operators::constantValue(*candidate);
      if (value && value->isNull()) {
        continue;  // equals nothing
      }
      alternatives.push_back(
          demand(columnComparison(ComparisonOperator::Equal, in.value, candidate)));
    }
    return alternatives;
  }

  /// Each alternative says something of the first key column, so not all is read.
  static bool narrows(const Alternatives& alternatives) {
    return std::all_of(alternatives.begin(), alternatives.end(), [](const Alternative& one) {
      return !one.keys.empty() && one.keys[0].has_value();
    });
  }

  Alternatives combine(const Alternatives& left, const Alternatives& right) const {
    if (left.size() * right.size() > kMaxAlternatives) {
      // One side alone is too much, but never too little.
      const bool isLeft = narrows(left) && (!narrows(right) || left.size() <= right.size());
      return isLeft ? left : right;
    }
    Alternatives both;
    for (const Alternative& first : left) {
      for (const Alternative& second : right) {
        Alternative alternative = first;
        for (size_t i = 0; i < alternative.keys.size(); ++i) {
          std::optional<Interval>& key = alternative.keys[i];
          if (key && second.keys[i]) {
            key = intersection(*key, *second.keys[i]);
          } else if (second.keys[i]) {
            key = second.keys[i];
          }
        }
        StateRange& window = alternative.window;
        window.minStart = std::max(window.minStart, second.window.minStart);
        window.maxStart = std::min(window.maxStart, second.window.maxStart);
        window.minEnd = std::max(window.minEnd, second.window.minEnd);
        window.maxEnd = std::min(window.maxEnd, second.window.maxEnd);
        both.push_back(std::move(alternative));
      }
    }
    return both;
  }

  Alternatives unite(Alternatives left, const Alternatives& right) const {
    if (left.size() + right.size() > kMaxAlternatives) {
      return {anything()};
    }
    left.insert(left.end(), right.begin(), right.end());
    return left;
  }

  /// Columns of the key as long as each has one value, then the interval of the next one.
  static KeyRange keyRangeOf(const Alternative& alternative) {
    std::string prefix;
    for (const std::optional<Interval>& interval : alternative.keys) {
      if (!interval) {
        return {prefix, stateStore::prefixEnd(prefix)};
      }
      if (!interval->isPoint) {
        return {prefix + interval->low,
                interval->high ? prefix + *interval->high : stateStore::prefixEnd(prefix)};
      }
      prefix += interval->low;
    }
    return {prefix, stateStore::prefixEnd(prefix), true};
  }

  /// Sorts, and makes one of those that overlap.
  static void mergeRanges(std::vector<KeyRange>& ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const KeyRange& left, const KeyRange& right) { return left.begin < right.begin; });
    std::vector<KeyRange> merged;
    for (KeyRange& range : ranges) {
      if (merged.empty() || (merged.back().end && *merged.back().end <= range.begin)) {
        merged.push_back(std::move(range));
        continue;
      }
      KeyRange& last = merged.back();
      last.isPoint = last.isPoint && range.isPoint;
      if (!range.end || (last.end && *last.end < *range.end)) {
        last.end = range.end;
      }
    }
    ranges = std::move(merged);
  }

  const LookupColumns& columns_;
};

}  // namespace

StateRange rangeOf(const ExpressionPtr& condition, const LookupColumns& columns) {
  if (!condition) {
    return StateRange::whole();
  }
  const Analysis analysis(columns);
  return analysis.rangeOf(analysis.analyze(condition));
}

}  // namespace auspex::queries
