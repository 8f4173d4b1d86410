// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/TestFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "engine/Trimmed.h"
#include "engine/testing/JsonDifference.h"
#include "parser/Parser.h"

namespace auspex::engine {
namespace {

constexpr std::string_view kDirectives[] = {"statement", "query",        "topic",  "input",
                                            "output",    "dead letters", "metric", "restart",
                                            "crash",     "process"};
constexpr std::string_view kSeparator = " | ";

/// Takes the first word off the text.
std::string_view takeWord(std::string_view& text) {
  text = trimmed(text);
  const size_t size = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, size);
  text = trimmed(text.substr(size));
  return word;
}

template <typename T>
std::optional<T> toNumber(std::string_view text) {
  T value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

bool isDirective(std::string_view line) {
  return std::any_of(std::begin(kDirectives), std::end(kDirectives),
                     [&](std::string_view directive) {
                       return line.starts_with(directive) &&
                              (line.size() == directive.size() || line[directive.size()] == ' ');
                     });
}

class FileReader {
 public:
  explicit FileReader(const std::string& text) {
    size_t begin = 0;
    while (begin < text.size()) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      std::string_view line = std::string_view(text).substr(begin, end - begin);
      lines_.push_back(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
      begin = end + 1;
    }
  }

  std::vector<TestStep> read() {
    std::vector<TestStep> steps;
    while (next_ < lines_.size()) {
      const std::string_view line = trimmed(lines_[next_]);
      if (line.empty() || line.starts_with('#')) {
        ++next_;
        continue;
      }
      TestStep step;
      step.line = next_ + 1;
      step.title = line;
      directiveLine_ = next_++;
      readDirective(line, step);
      steps.push_back(std::move(step));
    }
    return steps;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw TestFileError(directiveLine_ + 1, message);
  }

  void readDirective(std::string_view rest, TestStep& step) {
    const std::string_view word = takeWord(rest);
    if (word == "statement") {
      step.action = readStatement(rest);
    } else if (word == "query") {
      step.action = readQuery(rest);
    } else if (word == "topic") {
      step.action = readTopic(rest);
    } else if (word == "input") {
      step.action = InputStep{readName(rest), readRecords(false)};
    } else if (word == "output") {
      OutputStep output;
      output.topic = readName(rest);
      output.rules = readRules(rest);
      output.records = readRecords(false);
      step.action = std::move(output);
    } else if (word == "dead") {
      if (takeWord(rest) != "letters") {
        fail("'dead letters QUERY' is expected");
      }
      step.action = DeadLettersStep{readName(rest), readRecords(true)};
    } else if (word == "metric") {
      step.action = readMetric(rest);
    } else if (word == "restart") {
      step.action = RestartStep{};
    } else if (word == "crash") {
      step.action = readCrash(rest);
    } else if (word == "process") {
      step.action = ProcessStep{};
    } else {
      fail(
          fmt::format("'{}' is no directive. Known are: statement, query, topic, input, output, "
                      "dead letters, metric, restart, crash, process",
                      word));
    }
  }

  std::string readName(std::string_view& rest) const {
    const std::string_view name = takeWord(rest);
    if (name.empty()) {
      fail("a name is expected");
    }
    return std::string(name);
  }

  ComparisonRules readRules(std::string_view& rest) const {
    ComparisonRules rules;
    while (!rest.empty()) {
      const std::string_view word = takeWord(rest);
      if (word == "unordered") {
        rules.unordered = true;
      } else if (word == "tolerance") {
        const auto tolerance = toNumber<double>(takeWord(rest));
        if (!tolerance || *tolerance < 0) {
          fail("a number is expected after 'tolerance'");
        }
        rules.tolerance = *tolerance;
      } else if (word == "reads") {
        rules.maxReads = toNumber<uint64_t>(takeWord(rest));
        if (!rules.maxReads) {
          fail("a number of rows is expected after 'reads'");
        }
      } else {
        fail(fmt::format("'{}' is neither 'unordered', 'tolerance' nor 'reads'", word));
      }
    }
    return rules;
  }

  /// Appends lines to `sql` until they hold complete statements.
  void readSql(std::string& sql, bool several) {
    const auto isMore = [&] {
      const std::string_view line = trimmed(lines_[next_]);
      return !line.empty() && !line.starts_with('#') && !isDirective(line);
    };
    while (next_ < lines_.size() && (!parser::isComplete(sql) || (several && isMore()))) {
      sql += (sql.empty() ? "" : "\n") + std::string(lines_[next_++]);
    }
    if (!parser::isComplete(sql)) {
      fail("the SQL does not end with ';'");
    }
  }

  StatementStep readStatement(std::string_view rest) {
    StatementStep statement;
    const std::string_view kind = takeWord(rest);
    if (kind != "ok" && kind != "error") {
      fail("'statement ok' or 'statement error' is expected");
    }
    statement.succeeds = kind == "ok";
    if (statement.succeeds && !rest.empty()) {
      fail("nothing may follow 'statement ok'; the SQL begins on the next line");
    }
    std::string_view after = rest;
    const std::string_view place = takeWord(after);
    const size_t colon = place.find(':');
    if (colon != std::string_view::npos) {
      const auto line = toNumber<uint32_t>(place.substr(0, colon));
      const auto column = toNumber<uint32_t>(place.substr(colon + 1));
      if (line && column) {
        statement.errorLine = *line;
        statement.errorColumn = *column;
        rest = after;
      }
    }
    statement.message = rest;
    statement.sqlLine = next_ + 1;
    readSql(statement.sql, statement.succeeds);
    return statement;
  }

  QueryStep readQuery(std::string_view rest) {
    QueryStep query;
    query.sqlLine = rest.empty() ? next_ + 1 : next_;
    for (const std::string_view rule : {"unordered", "tolerance", "reads"}) {
      if (rest.starts_with(rule)) {
        query.rules = readRules(rest);
        query.sqlLine = next_ + 1;
      }
    }
    query.sql = rest;
    readSql(query.sql, false);
    while (next_ < lines_.size() && !trimmed(lines_[next_]).empty()) {
      query.rows.emplace_back(lines_[next_++]);
    }
    return query;
  }

  TopicStep readTopic(std::string_view rest) const {
    TopicStep topic;
    topic.topic = readName(rest);
    while (!rest.empty()) {
      const std::string_view name = takeWord(rest);
      const std::string_view value = takeWord(rest);
      if (value.empty()) {
        fail("'topic NAME [partitions N] [SETTING VALUE]...' is expected");
      }
      if (name != "partitions") {
        topic.config[std::string(name)] = value;
        continue;
      }
      const auto count = toNumber<int32_t>(value);
      if (!count || *count < 1) {
        fail("'partitions N' is expected, N at least 1");
      }
      topic.numPartitions = *count;
    }
    return topic;
  }

  MetricStep readMetric(std::string_view rest) const {
    MetricStep metric;
    std::string name = readName(rest);
    const size_t dot = name.rfind('.');
    if (dot != std::string::npos) {
      metric.query = name.substr(0, dot);
      name = name.substr(dot + 1);
    }
    metric.name = name;
    metric.comparison = takeWord(rest);
    std::string_view bound = takeWord(rest);
    if (bound.starts_with("ceil(") && bound.ends_with("/draw)")) {
      metric.perDraw = true;
      bound = bound.substr(5, bound.size() - 11);
    }
    const auto number = toNumber<uint64_t>(bound);
    constexpr std::string_view kComparisons[] = {"<=", ">=", "<", ">", "="};
    const bool known = std::find(std::begin(kComparisons), std::end(kComparisons),
                                 metric.comparison) != std::end(kComparisons);
    if (!number || !known) {
      fail("'metric [QUERY.]NAME <=|>=|<|>|= N' is expected; N may be ceil(N/draw)");
    }
    metric.bound = *number;
    if (!rest.empty()) {
      const bool fits = takeWord(rest) == "at" && takeWord(rest) == "draw";
      metric.atDrawRows = toNumber<size_t>(rest);
      if (!fits || !metric.atDrawRows) {
        fail("'at draw N' is expected");
      }
    }
    return metric;
  }

  CrashStep readCrash(std::string_view rest) const {
    CrashStep crash;
    const std::string_view when = takeWord(rest);
    if (when != "at" && when != "after") {
      fail("'crash at N...' or 'crash after N...' is expected");
    }
    crash.afterEffect = when == "after";
    while (!rest.empty()) {
      const auto step = toNumber<uint64_t>(takeWord(rest));
      if (!step || *step == 0) {
        fail("numbers of steps, from 1, are expected");
      }
      crash.atSteps.push_back(*step);
    }
    if (crash.atSteps.empty()) {
      fail("the number of a step is expected");
    }
    return crash;
  }

  std::vector<WrittenRecord> readRecords(bool areDeadLetters) {
    std::vector<WrittenRecord> records;
    for (; next_ < lines_.size(); ++next_) {
      const std::string_view line = trimmed(lines_[next_]);
      if (line.empty()) {
        break;
      }
      if (!line.starts_with('#')) {
        records.push_back(readRecord(line, areDeadLetters));
      }
    }
    return records;
  }

  [[noreturn]] void failRecord(const std::string& message) const {
    throw TestFileError(next_ + 1, message);
  }

  WrittenRecord readRecord(std::string_view line, bool isDeadLetter) const {
    WrittenRecord record;
    record.line = next_ + 1;
    record.text = line;
    const size_t keyEnd = line.find(kSeparator);
    if (keyEnd == std::string_view::npos) {
      failRecord("'key | value' is expected");
    }
    const std::string_view key = trimmed(line.substr(0, keyEnd));
    std::string_view rest = line.substr(keyEnd + kSeparator.size());
    if (key != "null") {
      record.key = key;
    }
    if (isDeadLetter) {
      const size_t reason = rest.rfind(kSeparator);
      if (reason == std::string_view::npos) {
        failRecord("'key | value | part of the reason' is expected");
      }
      record.reason = trimmed(rest.substr(reason + kSeparator.size()));
      rest = rest.substr(0, reason);
    }
    while (!isDeadLetter && takeTrailing(rest, record)) {
    }
    rest = trimmed(rest);
    if (rest != "null") {
      record.value = rest;
    }
    return record;
  }

  /// Takes `@timestamp`, `partition n` or `headers {...}` off the end.
  bool takeTrailing(std::string_view& rest, WrittenRecord& record) const {
    const size_t last = rest.rfind(kSeparator);
    if (last == std::string_view::npos) {
      return false;
    }
    std::string_view field = trimmed(rest.substr(last + kSeparator.size()));
    if (field.starts_with('@')) {
      record.timestamp = toNumber<int64_t>(field.substr(1));
      if (!record.timestamp) {
        failRecord(fmt::format("'{}' is no timestamp", field));
      }
    } else if (field.starts_with("partition ")) {
      record.partition = toNumber<int32_t>(trimmed(field.substr(10)));
      if (!record.partition) {
        failRecord(fmt::format("'{}' names no partition", field));
      }
    } else if (field.starts_with("headers ")) {
      const auto headers = JsonTree::parse(field.substr(8));
      if (!headers || headers->kind != JsonTree::Kind::Object) {
        failRecord("headers are a JSON object");
      }
      record.headers = field.substr(8);
    } else {
      return false;
    }
    rest = rest.substr(0, last);
    return true;
  }

  std::vector<std::string_view> lines_;
  size_t next_ = 0;
  size_t directiveLine_ = 0;
};

}  // namespace

std::vector<TestStep> parseTestFile(const std::string& text) {
  return FileReader(text).read();
}

}  // namespace auspex::engine
