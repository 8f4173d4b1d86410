// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttSession.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "engine/testing/qtt/QttComparison.h"
#include "engine/testing/qtt/QttEngine.h"
#include "engine/testing/qtt/QttRecords.h"
#include "operators/SourceOperator.h"

namespace auspex::engine {
namespace {

using Kind = JsonTree::Kind;

constexpr const char* kLimitReached = "Limit Reached";
constexpr const char* kCompleted = "Query Completed";

/// What a query answers: the types of its columns, its rows, and how it ended.
struct Answer {
  std::string schema;
  std::vector<operators::SqlType> types;
  std::vector<std::vector<JsonTree>> rows;
  std::string finalMessage;  // empty: none
};

std::string mismatch(const std::string& expected, const std::string& found) {
  return fmt::format("    expected: {}\n    found:    {}\n", expected, found);
}

/// Of a pull query on a table the columns of the key are marked.
std::string schemaOf(const queries::TransientQuery& query) {
  const queries::QueryPlan& plan = query.plan;
  const auto* const project = std::get_if<queries::ProjectPlan>(&plan.root->step);
  const queries::DataSource& source = *plan.sources[0];
  const size_t bounds = source.schema.size() + operators::kNumPseudoColumns;
  std::string text;
  for (size_t i = 0; i < plan.schema.size(); ++i) {
    const operators::SchemaColumn& column = plan.schema[i];
    bool isKey = false;
    if (query.pull && project != nullptr) {
      const auto* const read = project->expressions[i]->as<operators::ColumnNode>();
      isKey = read != nullptr && (read->index < source.schema.numKeys() || read->index >= bounds);
    }
    text += fmt::format("{}`{}` {}{}", i == 0 ? "" : ", ", column.name, column.type.toString(),
                        isKey ? " KEY" : "");
  }
  return text;
}

class QttSession {
 public:
  QttSession(const QttCase& test, bool printed) : test_(test), world_(test, printed) {
    // Only what ksqlDB's server takes is to be a pull query here.
    world_.setProperty("auspex.pull.strict", "true");
  }

  std::optional<std::string> run() {
    std::optional<QttFailure> failure = world_.prepare();
    std::optional<std::string> difference;
    if (!failure) {
      failure = runStatements(difference);
    }
    if (test_.expectedError) {
      return judgeError(failure);
    }
    if (failure) {
      return mismatch("no error", failure->shown);
    }
    return difference ? difference : differenceOfOutputs(test_, world_);
  }

 private:
  static bool isQuery(const parser::ParsedStatement& statement) {
    return std::holds_alternative<parser::Query>(statement.statement.node);
  }

  const JsonTree* responseTo(size_t statement) const {
    const bool isThere = test_.responses && statement < test_.responses->elements.size();
    return isThere ? &test_.responses->elements[statement] : nullptr;
  }

  /// All statements before the first query, then the inputs, then the queries one by one.
  std::optional<QttFailure> runStatements(std::optional<std::string>& difference) {
    const auto& statements = world_.statements();
    size_t next = 0;
    for (; next < statements.size() && !isQuery(statements[next]); ++next) {
      queries::StatementResult result;
      if (auto failure = world_.execute(next, result)) {
        return failure;
      }
      difference = difference ? difference : differenceOfAdmin(responseTo(next));
    }
    try {
      world_.engine().start();
      if (!test_.waitsForPush) {
        writeInputs();
      }
      world_.settle();
      for (; next < statements.size(); ++next) {
        queries::StatementResult result;
        if (auto failure = world_.execute(next, result)) {
          return failure;
        }
        if (!difference) {
          difference = result.query ? differenceOfQuery(*result.query, responseTo(next))
                                    : mismatch("a query", "another statement");
        }
      }
      if (test_.responses && test_.responses->elements.size() > statements.size() && !difference) {
        difference = mismatch("rows in Protobuf", "none: that is the server's");
      }
    } catch (const std::exception& error) {
      return QttFailure{{"StreamsException"}, error.what(), error.what(), world_.lastStatement()};
    }
    return std::nullopt;
  }

  void writeInputs() {
    for (const QttRecord& record : test_.inputs) {
      writeQttRecord(world_.broker(), record, world_.catalog());
    }
  }

  /// Of the answer to a statement only that it went well can be told without a server.
  static std::optional<std::string> differenceOfAdmin(const JsonTree* response) {
    const JsonTree* const admin = response == nullptr ? nullptr : response->find("admin");
    if (admin == nullptr) {
      return response == nullptr ? std::nullopt
                                 : std::optional(mismatch(response->toText(), "a statement's"));
    }
    for (const auto& [name, value] : admin->members) {
      if (name != "@type" || value.text != "currentStatus") {
        return mismatch(admin->toText(), R"({"@type": "currentStatus"})");
      }
    }
    return std::nullopt;
  }

  Answer ask(const queries::TransientQuery& query) {
    const bool isPush = query.plan.emitChanges;
    const auto reset = test_.properties.find("auto.offset.reset");
    const bool isLatest = reset != test_.properties.end() && reset->second == "latest";
    std::ostringstream output;
    RunningSelect running = world_.engine().startSelect(
        query, OutputFormat::Json, false, output,
        isPush && isLatest ? OffsetReset::Latest : OffsetReset::Earliest);
    world_.settle();
    if (test_.waitsForPush) {
      writeInputs();
      world_.settle();
    }
    world_.engine().stopSelect(running);
    running.check();
    running.collector->finish();
    Answer answer;
    answer.schema = schemaOf(query);
    answer.types = operators::typesOf(query.plan.schema.columns());
    std::istringstream lines(output.str());
    for (std::string line; std::getline(lines, line);) {
      const std::optional<JsonTree> tree = JsonTree::parse(line);
      std::vector<JsonTree>& row = answer.rows.emplace_back();
      for (const auto& [name, value] : tree.value().members) {
        row.push_back(value);
      }
    }
    if (running.collector->isFull()) {
      answer.finalMessage = query.pull ? "" : kLimitReached;
    } else {
      answer.finalMessage = query.pull || isPush ? "" : kCompleted;
    }
    return answer;
  }

  std::optional<std::string> differenceOfQuery(const queries::TransientQuery& query,
                                               const JsonTree* response) {
    const JsonTree* const expected = response == nullptr ? nullptr : response->find("query");
    if (expected == nullptr) {
      return response == nullptr ? std::nullopt
                                 : std::optional(mismatch(response->toText(), "a query's"));
    }
    const Answer answer = ask(query);
    std::vector<const JsonTree*> rows;
    std::string finalMessage;
    for (const JsonTree& part : expected->elements) {
      if (const JsonTree* const header = part.find("header")) {
        const JsonTree* const schema = header->find("schema");
        if (schema != nullptr && schema->text != answer.schema) {
          return mismatch(schema->text, answer.schema);
        }
      } else if (const JsonTree* const row = part.find("row")) {
        rows.push_back(row);
      } else if (const JsonTree* const message = part.find("finalMessage")) {
        finalMessage = message->text;
      }
    }
    if (finalMessage != answer.finalMessage) {
      return mismatch("at the end: " + finalMessage, answer.finalMessage);
    }
    return differenceOfRows(rows, answer);
  }

  /// In any order, each row once.
  std::optional<std::string> differenceOfRows(const std::vector<const JsonTree*>& expected,
                                              const Answer& answer) const {
    std::vector<bool> isTaken(answer.rows.size(), false);
    std::string text;
    for (const JsonTree* const row : expected) {
      bool isFound = false;
      for (size_t i = 0; i < answer.rows.size() && !isFound; ++i) {
        isFound = !isTaken[i] && isSameRow(*row, answer.rows[i], answer.types);
        isTaken[i] = isTaken[i] || isFound;
      }
      text += isFound ? "" : fmt::format("    missing: {}\n", row->toText());
    }
    for (size_t i = 0; i < answer.rows.size(); ++i) {
      JsonTree cells;
      cells.kind = Kind::Array;
      cells.elements = answer.rows[i];
      text += isTaken[i] ? "" : fmt::format("    found:   {}\n", cells.toText());
    }
    return text.empty() ? std::nullopt : std::optional(text);
  }

  static bool isSameRow(const JsonTree& expected, const std::vector<JsonTree>& found,
                        const std::vector<operators::SqlType>& types) {
    const JsonTree* const columns = expected.find("columns");
    if (columns == nullptr || columns->elements.size() != found.size()) {
      return false;
    }
    for (size_t i = 0; i < found.size(); ++i) {
      if (differenceOfValues(columns->elements[i], found[i], types[i], QttRules())) {
        return false;
      }
    }
    return true;
  }

  std::optional<std::string> judgeError(const std::optional<QttFailure>& failure) const {
    const JsonTree* const message = test_.expectedError->find("message");
    const std::string wanted = message == nullptr ? "" : message->text;
    if (!failure) {
      return mismatch(wanted, "no error");
    }
    if (failure->statement != world_.lastStatement() && !world_.statements().empty()) {
      return mismatch(wanted, fmt::format("statement {} fails already: {}", failure->statement + 1,
                                          failure->shown));
    }
    return failure->message.find(world_.withoutPlace(wanted)) == std::string::npos
               ? std::optional(mismatch(wanted, failure->shown))
               : std::nullopt;
  }

  const QttCase& test_;
  QttEngine world_;
};

}  // namespace

bool isSession(const QttCase& test) {
  const bool hasQuery =
      std::any_of(test.statements.begin(), test.statements.end(), [](const std::string& statement) {
        return statement.find("SELECT") != std::string::npos ||
               statement.find("select") != std::string::npos;
      });
  return test.responses || test.expectedError ||
         (!hasQuery && !test.expectedException && !test.post && !test.outputs.empty());
}

std::optional<std::string> runQttSession(const QttCase& test, bool printed) {
  return QttSession(test, printed).run();
}

}  // namespace auspex::engine
