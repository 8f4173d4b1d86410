// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttRun.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/Engine.h"
#include "engine/testing/Settling.h"
#include "engine/testing/qtt/QttComparison.h"
#include "engine/testing/qtt/QttFunctions.h"
#include "engine/testing/qtt/QttPost.h"
#include "engine/testing/qtt/QttRecords.h"
#include "parser/Parser.h"
#include "parser/ast/Printer.h"

namespace auspex::engine {
namespace {

/// The service id that the cases' internal topics are named after.
constexpr const char* kServiceId = "some.ksql.service.id";
/// As kMaxRounds; a case has few records, and there are many cases.
constexpr int kMaxCaseRounds = 1'000'000;
constexpr const char* kExactComparison = "use.exact.numeric.comparison";

/// What went wrong, by the names of Java's classes that cases expect.
struct Failure {
  std::vector<std::string> classes;  // the most derived first
  std::string message;               // without place
  std::string shown;
  size_t statement = 0;  // its number; that of the last one for failures of the parser and the run
};

class QttRun {
 public:
  QttRun(const QttCase& test, bool printed)
      : test_(test), printed_(printed), broker_(std::make_shared<SimulatedBroker>()) {
    EngineOptions options;
    options.serviceId = kServiceId;
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

  /// Why the case fails, or nothing.
  std::optional<std::string> run() {
    std::optional<Failure> failure = executeStatements();
    if (!failure) {
      failure = runQueries();
    }
    if (test_.expectedException) {
      return judgeException(failure);
    }
    if (failure) {
      return fmt::format("    expected: no error\n    found:    {}\n", failure->shown);
    }
    if (auto difference = compareOutputs()) {
      return difference;
    }
    if (test_.post) {
      return failedPostCondition(*test_.post,
                                 {catalog(), *broker_, topologies_, std::string(kServiceId)});
    }
    return std::nullopt;
  }

 private:
  const queries::Catalog& catalog() { return engine_->executor().catalog(); }

  /// The messages as ksqlDB's servers send them: the parser's own, and the one with the place
  /// before it and the statement behind.
  static Failure syntaxFailure(const parser::SyntaxError& error, const std::string& script,
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

  /// The messages as ksqlDB's servers send them: plain, with the place, and as they begin where a
  /// statement is not even prepared.
  static std::string messagesOf(const std::exception& error, const std::string& statement) {
    const std::string placed = placeOf(error) + error.what();
    return fmt::format(
        "{}\n{}\nFailed to prepare statement: {}\nException while preparing statement: {}\n"
        "Statement: {};",
        error.what(), placed, error.what(), placed, statement);
  }

  /// What ksqlDB puts before some messages.
  static std::string placeOf(const std::exception& error) {
    const auto* const wrong = dynamic_cast<const queries::StatementError*>(&error);
    return wrong == nullptr
               ? ""
               : fmt::format("Line: {}, Col: {}: ", wrong->span().line, wrong->span().column);
  }

  std::optional<Failure> executeStatements() {
    std::string script;
    for (const std::string& statement : test_.statements) {
      script += statement + "\n";
    }
    std::vector<parser::ParsedStatement> statements;
    try {
      statements = parser::parse(script);
    } catch (const parser::SyntaxError& error) {
      return syntaxFailure(error, script, 0);
    }
    if (printed_) {
      printAndParse(statements);
    }
    lastStatement_ = statements.empty() ? 0 : statements.size() - 1;
    setProperties();
    createTopics(statements);
    for (size_t i = 0; i < statements.size(); ++i) {
      try {
        engine_->executor().execute(statements[i]);
      } catch (const parser::SyntaxError& error) {
        return syntaxFailure(error, script, i);
      } catch (const std::exception& error) {
        return Failure{{"KsqlStatementException", "KsqlException"},
                       messagesOf(error, statements[i].text),
                       error.what(),
                       i};
      }
    }
    return std::nullopt;
  }

  static size_t numComments(const parser::Statement& statement) {
    return statement.comments ? statement.comments->comments.size() : 0;
  }

  /// Puts what is parsed of the printed text in the place of each statement.
  static void printAndParse(std::vector<parser::ParsedStatement>& statements) {
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

  void setProperties() {
    for (const auto& [name, value] : test_.properties) {
      parser::ParsedStatement statement;
      statement.statement.node = parser::SetProperty{name, value};
      try {
        engine_->executor().execute(statement);
      } catch (const queries::StatementError&) {
        // A switch of the tests, or a setting of theirs that means nothing here.
      }
    }
  }

  void createTopics(const std::vector<parser::ParsedStatement>& statements) {
    for (const QttTopic& topic : test_.topics) {
      ensureQttTopic(*broker_, topic.name, topic.numPartitions);
    }
    for (const parser::ParsedStatement& statement : statements) {
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

  std::optional<Failure> runQueries() {
    try {
      feedAll();
    } catch (const std::exception& error) {
      return Failure{{"StreamsException"}, error.what(), error.what(), lastStatement_};
    }
    return std::nullopt;
  }

  void feedAll() {
    std::vector<int64_t> endOfInput;  // the offset behind each input record
    for (const QttRecord& record : test_.inputs) {
      writeQttRecord(*broker_, record, catalog());
      endOfInput.push_back(broker_->endOffset({record.topic, 0}, Isolation::ReadCommitted));
      inputTopics_.insert(record.topic);
    }
    while (auto topology = engine_->startNextQuery()) {
      topologies_.push_back(topology);
      const std::vector<std::string> sources = externalSources(*topology);
      for (const std::string& source : sources) {
        broker_->limitReads(source, 0);
      }
      for (size_t i = 0; i < test_.inputs.size(); ++i) {
        const std::string& topic = test_.inputs[i].topic;
        if (std::find(sources.begin(), sources.end(), topic) != sources.end()) {
          broker_->limitReads(topic, endOfInput[i]);
          settle();
        }
      }
      for (const std::string& source : sources) {
        if (!inputTopics_.contains(source)) {
          feedTopic(source);
        }
      }
      settle();
    }
  }

  static std::vector<std::string> externalSources(const operators::Topology& topology) {
    std::vector<std::string> topics;
    for (const operators::SubTopology& part : topology.parts) {
      for (const operators::SourceTopic& source : part.sources) {
        if (!source.internal) {
          topics.push_back(source.topic);
        }
      }
    }
    return topics;
  }

  /// Everything that earlier queries and statements have written, record by record.
  void feedTopic(const std::string& topic) {
    const auto description = broker_->topic(topic);
    for (int32_t partition = 0; description && partition < description->numPartitions;
         ++partition) {
      for (const SimulatedRead& read : broker_->records(topic, partition)) {
        broker_->limitReads(topic, read.offset + 1);
        settle();
      }
    }
  }

  void settle() {
    int quiet = 0;
    for (int round = 0; quiet < kQuietRounds; ++round) {
      if (round == kMaxCaseRounds) {
        throw std::runtime_error("the queries do not come to rest");
      }
      quiet = engine_->runtime().poll() ? 0 : quiet + 1;
    }
  }

  std::optional<std::string> compareOutputs() {
    QttRules rules;
    const auto exact = test_.properties.find(kExactComparison);
    rules.exactNumbers = exact == test_.properties.end() || exact->second != "false";
    rules.anyTimeForZero = test_.inputs.empty();
    std::vector<std::string> topics;
    for (const QttRecord& record : test_.outputs) {
      if (std::find(topics.begin(), topics.end(), record.topic) == topics.end()) {
        topics.push_back(record.topic);
      }
    }
    if (!topics.empty() && topologies_.empty()) {
      return std::string("    expected: a query that writes\n    found:    none\n");
    }
    for (const std::string& topic : topics) {
      std::vector<QttRecord> expected;
      std::copy_if(test_.outputs.begin(), test_.outputs.end(), std::back_inserter(expected),
                   [&](const QttRecord& record) { return record.topic == topic; });
      const auto found = readQttRecords(*broker_, broker_->topic(topic), catalog());
      if (auto difference = compareTopic(expected, found, rules)) {
        return fmt::format("    topic {}\n{}{}", topic, *difference, shownDeadLetters());
      }
    }
    return std::nullopt;
  }

  /// Rows that were set aside say most about records that are missing.
  std::string shownDeadLetters() {
    std::string text;
    for (const auto& topology : topologies_) {
      const auto description = broker_->topic(topology->deadLetterTopic);
      for (int32_t i = 0; description && i < description->numPartitions; ++i) {
        for (const SimulatedRead& read : broker_->records(topology->deadLetterTopic, i)) {
          for (const auto& [name, value] : read.record.headers) {
            if (name == "auspex.reason") {
              text += fmt::format("    dead letter: {}\n", value.value_or(""));
            }
          }
        }
      }
    }
    return text;
  }

  /// Without its place where statements are printed: there it is another one.
  std::string expectedText(const JsonTree& message) const {
    const size_t begin = message.text.find("Line: ");
    const size_t end = message.text.find(": ", message.text.find("Col: ") + 5);
    return printed_ && begin != std::string::npos && end != std::string::npos
               ? message.text.substr(end + 2)
               : message.text;
  }

  std::optional<std::string> judgeException(const std::optional<Failure>& failure) {
    const JsonTree* const type = test_.expectedException->find("type");
    const JsonTree* const message = test_.expectedException->find("message");
    const std::string wanted =
        fmt::format("{} {}", type == nullptr ? "an error:" : type->text + ":",
                    message == nullptr ? "" : message->text);
    const auto different = [&](const std::string& found) {
      return fmt::format("    expected: {}\n    found:    {}\n", wanted, found);
    };
    if (!failure) {
      return different("no error");
    }
    if (failure->statement != lastStatement_) {
      return different(fmt::format("statement {} of {} fails already: {}", failure->statement + 1,
                                   lastStatement_ + 1, failure->shown));
    }
    if (type != nullptr) {
      const std::string name = type->text.substr(type->text.rfind('.') + 1);
      const auto& classes = failure->classes;
      if (std::find(classes.begin(), classes.end(), name) == classes.end()) {
        return different(fmt::format("{}: {}", classes[0], failure->shown));
      }
    }
    if (message != nullptr && failure->message.find(expectedText(*message)) == std::string::npos) {
      return different(failure->shown);
    }
    return std::nullopt;
  }

  const QttCase& test_;
  bool printed_;
  std::shared_ptr<SimulatedBroker> broker_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::shared_ptr<const operators::Topology>> topologies_;
  std::set<std::string> inputTopics_;
  size_t lastStatement_ = 0;
};

}  // namespace

QttOutcome runQttCase(const QttCase& test, bool printed) {
  if (!test.skipped.empty()) {
    return {QttVerdict::Skipped, test.skipped};
  }
  if (!test.broken.empty()) {
    return {QttVerdict::Failed, fmt::format("    {}\n", test.broken)};
  }
  try {
    if (auto text = QttRun(test, printed).run()) {
      return {QttVerdict::Failed, std::move(*text)};
    }
  } catch (const std::exception& error) {
    return {QttVerdict::Failed, fmt::format("    the case cannot run: {}\n", error.what())};
  }
  return {};
}

}  // namespace auspex::engine
