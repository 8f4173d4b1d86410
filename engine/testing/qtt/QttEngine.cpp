// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttEngine.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "engine/testing/Settling.h"
#include "engine/testing/qtt/QttComparison.h"
#include "engine/testing/qtt/QttFunctions.h"
#include "engine/testing/qtt/QttRecords.h"
#include "parser/ast/Printer.h"

namespace auspex::engine {
namespace {

/// As kMaxRounds; a case has few records, and there are many cases.
constexpr int kMaxCaseRounds = 1'000'000;
constexpr const char* kExactComparison = "use.exact.numeric.comparison";

/// The messages as ksqlDB's servers send them: the parser's own, and the one with the place
/// before it and the statement behind.
QttFailure syntaxFailure(const parser::SyntaxError& error, const std::string& script,
                         size_t statement) {
  std::string_view written;
  for (const std::string_view piece : parser::splitStatements(script)) {
    if (static_cast<size_t>(piece.data() - script.data()) <= error.span().begin) {
      written = piece;
    }
  }
  written.remove_prefix(std::min(written.find_first_not_of(" \t\r\n"), written.size()));
  return {{"ParseFailedException", "KsqlException"},
          fmt::format("{}\nline {}:{}: Syntax Error\n{}\nStatement: {}", error.what(),
                      error.span().line, error.span().column, error.message(), written),
          error.message(),
          statement};
}

/// What ksqlDB puts before some messages.
std::string placeOf(const std::exception& error) {
  const auto* const wrong = dynamic_cast<const queries::StatementError*>(&error);
  return wrong == nullptr
             ? ""
             : fmt::format("Line: {}, Col: {}: ", wrong->span().line, wrong->span().column);
}

/// The messages as ksqlDB's servers send them: plain, with the place, and as they begin where a
/// statement is not even prepared.
std::string messagesOf(const std::exception& error, const std::string& statement) {
  const std::string placed = placeOf(error) + error.what();
  return fmt::format(
      "{}\n{}\nFailed to prepare statement: {}\nException while preparing statement: {}\n"
      "Statement: {};",
      error.what(), placed, error.what(), placed, statement);
}

size_t numComments(const parser::Statement& statement) {
  return statement.comments ? statement.comments->comments.size() : 0;
}

/// Puts what is parsed of the printed text in the place of each statement.
void printAndParse(std::vector<parser::ParsedStatement>& statements) {
  for (parser::ParsedStatement& statement : statements) {
    const std::string text = parser::print(statement.statement);
    const std::vector<parser::ParsedStatement> again = parser::parse(text + ";");
    if (again.size() != 1 || parser::print(again[0].statement) != text ||
        numComments(again[0].statement) != numComments(statement.statement)) {
      throw std::runtime_error("printed and parsed again it is another statement: " + text);
    }
    statement.statement.node = again[0].statement.node;
  }
}

}  // namespace

QttEngine::QttEngine(const QttCase& test, bool printed)
    : test_(test), printed_(printed), broker_(std::make_shared<SimulatedBroker>()) {
  EngineOptions options;
  options.serviceId = kQttServiceId;
  options.numThreads = -1;
  options.properties["commit.interval.ms"] = kCommitIntervalMs;
  options.properties["auspex.draw.rows"] = "1";
  options.defaultValueFormat = "";
  options.countQueriesGlobally = true;
  options.clock = [] { return int64_t{0}; };
  options.addFunctions = addQttFunctions;
  engine_ = std::make_unique<Engine>(options, broker_, nullptr);
  engine_->setEndless();
}

std::optional<QttFailure> QttEngine::prepare() {
  std::string script;
  for (const std::string& statement : test_.statements) {
    script += statement + "\n";
  }
  try {
    statements_ = parser::parse(script);
  } catch (const parser::SyntaxError& error) {
    return syntaxFailure(error, script, 0);
  }
  if (printed_) {
    printAndParse(statements_);
  }
  for (const auto& [name, value] : test_.properties) {
    setProperty(name, value);
  }
  createTopics();
  return std::nullopt;
}

std::optional<QttFailure> QttEngine::execute(size_t statement, queries::StatementResult& result) {
  const parser::ParsedStatement& parsed = statements_[statement];
  try {
    result = engine_->executor().execute(parsed);
  } catch (const std::exception& error) {
    return QttFailure{{"KsqlStatementException", "KsqlException"},
                      messagesOf(error, parsed.text),
                      error.what(),
                      statement};
  }
  return std::nullopt;
}

void QttEngine::setProperty(const std::string& name, const std::string& value) {
  parser::ParsedStatement statement;
  statement.statement.node = parser::SetProperty{name, value};
  try {
    engine_->executor().execute(statement);
  } catch (const queries::StatementError&) {
    // A switch of the tests, or a setting of theirs that means nothing here.
  }
}

void QttEngine::createTopics() {
  for (const QttTopic& topic : test_.topics) {
    ensureQttTopic(*broker_, topic.name, topic.numPartitions);
  }
  for (const parser::ParsedStatement& statement : statements_) {
    const auto* const create = std::get_if<parser::CreateSource>(&statement.statement.node);
    if (create == nullptr) {
      continue;
    }
    std::string topic;
    int32_t numPartitions = 1;
    for (const parser::Property& property : create->properties) {
      if (property.name.name == "KAFKA_TOPIC") {
        topic = property.text;
      } else if (property.name.name == "PARTITIONS") {
        numPartitions = std::clamp(std::atoi(property.text.c_str()), 1, 1000);
      }
    }
    if (!topic.empty()) {
      ensureQttTopic(*broker_, topic, numPartitions);
    }
  }
  for (const QttRecord& record : test_.inputs) {
    ensureQttTopic(*broker_, record.topic, 1);
  }
}

void QttEngine::settle() {
  int quiet = 0;
  for (int round = 0; quiet < kQuietRounds; ++round) {
    if (round == kMaxCaseRounds) {
      throw std::runtime_error("the queries do not come to rest");
    }
    quiet = engine_->runtime().poll() ? 0 : quiet + 1;
  }
}

std::string QttEngine::withoutPlace(const std::string& message) const {
  const size_t begin = message.find("Line: ");
  const size_t end = message.find(": ", message.find("Col: ") + 5);
  return printed_ && begin != std::string::npos && end != std::string::npos
             ? message.substr(end + 2)
             : message;
}

std::optional<std::string> differenceOfOutputs(const QttCase& test, QttEngine& world) {
  QttRules rules;
  const auto exact = test.properties.find(kExactComparison);
  rules.exactNumbers = exact == test.properties.end() || exact->second != "false";
  rules.anyTimeForZero = test.inputs.empty();
  std::vector<std::string> topics;
  for (const QttRecord& record : test.outputs) {
    if (std::find(topics.begin(), topics.end(), record.topic) == topics.end()) {
      topics.push_back(record.topic);
    }
  }
  for (const std::string& topic : topics) {
    std::vector<QttRecord> expected;
    std::copy_if(test.outputs.begin(), test.outputs.end(), std::back_inserter(expected),
                 [&](const QttRecord& record) { return record.topic == topic; });
    const auto found = readQttRecords(world.broker(), world.broker().topic(topic), world.catalog());
    if (auto difference = compareTopic(expected, found, rules)) {
      return fmt::format("    topic {}\n{}", topic, *difference);
    }
  }
  return std::nullopt;
}

}  // namespace auspex::engine
