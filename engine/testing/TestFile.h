// SPDX-License-Identifier: Apache-2.0
// A .test file as steps, in the order of the file. The format is described in docs/testing.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace auspex::engine {

/// A file that is no test: where and why.
class TestFileError : public std::runtime_error {
 public:
  TestFileError(size_t line, const std::string& message)
      : std::runtime_error(message), line_(line) {}
  size_t line() const { return line_; }

 private:
  size_t line_;
};

/// A record as a test writes it: `key | value | @timestamp | partition n | headers {...}`.
struct WrittenRecord {
  size_t line = 0;
  std::string text;                ///< the whole line
  std::optional<std::string> key;  ///< absent: `null`
  std::optional<std::string> value;
  std::optional<int64_t> timestamp;
  std::optional<int32_t> partition;
  std::optional<std::string> headers;  ///< a JSON object
  std::string reason;                  ///< of a dead letter: part of it
};

/// How records or rows are compared.
struct ComparisonRules {
  bool unordered = false;
  double tolerance = 1e-9;  ///< relative, of numbers
  /// Of a pull query: how many rows of state it may read at most.
  std::optional<uint64_t> maxReads = {};
};

struct StatementStep {
  std::string sql;
  size_t sqlLine = 0;      ///< line of the file on which the SQL begins
  bool succeeds = true;    ///< else the rest says how it fails
  uint32_t errorLine = 0;  ///< of the SQL, from 1; 0: anywhere
  uint32_t errorColumn = 0;
  std::string message;  ///< part of the error's message
};

struct QueryStep {
  std::string sql;
  size_t sqlLine = 0;
  std::vector<std::string> rows;
  ComparisonRules rules;
};

struct TopicStep {
  std::string topic;
  int32_t numPartitions = 1;
  std::map<std::string, std::string> config;  ///< Kafka's names
};

struct InputStep {
  std::string topic;
  std::vector<WrittenRecord> records;
};

struct OutputStep {
  std::string topic;
  std::vector<WrittenRecord> records;
  ComparisonRules rules;
};

struct DeadLettersStep {
  std::string query;
  std::vector<WrittenRecord> records;
};

struct MetricStep {
  std::string query;       ///< empty: all queries together
  std::string name;        ///< rowsIn, rowsOut, deadLetters, expressionErrors, draws, commits
  std::string comparison;  ///< <=, >=, <, >, =
  uint64_t bound = 0;
  bool perDraw = false;              ///< the bound is ceil(bound / rows a draw)
  std::optional<size_t> atDrawRows;  ///< only when so many rows are in a draw
};

/// Ends the process; the broker and the state directory stay.
struct RestartStep {};

/// The process dies at these steps of the broker, counted from the next record to be processed,
/// one after the other.
struct CrashStep {
  std::vector<uint64_t> atSteps;
  bool afterEffect = false;
};

/// Processes what was given as input so far.
struct ProcessStep {};

struct TestStep {
  size_t line = 0;
  std::string title;  ///< the line of the directive
  std::variant<StatementStep, QueryStep, TopicStep, InputStep, OutputStep, DeadLettersStep,
               MetricStep, RestartStep, CrashStep, ProcessStep>
      action;
};

/// Parses a file's text. Throws TestFileError.
std::vector<TestStep> parseTestFile(const std::string& text);

}  // namespace auspex::engine
