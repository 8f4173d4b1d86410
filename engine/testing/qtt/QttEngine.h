// SPDX-License-Identifier: Apache-2.0
// The engine that a query-validation case runs in, and its statements.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/Engine.h"
#include "engine/brokers/simulated/SimulatedBroker.h"
#include "engine/testing/qtt/QttCase.h"
#include "parser/Parser.h"

namespace auspex::engine {

/// The service id that the cases' internal topics are named after.
inline constexpr const char* kQttServiceId = "some.ksql.service.id";

/// What went wrong, by the names of Java's classes that cases expect.
struct QttFailure {
  std::vector<std::string> classes;  ///< the most derived first
  std::string message;               ///< all that ksqlDB's message may consist of
  std::string shown;
  size_t statement =
      0;  ///< its number; that of the last one for failures of the parser and the run
};

/// One thread.
class QttEngine {
 public:
  /// printed: runs what the printer makes of each statement, parsed again. `test` outlives this.
  QttEngine(const QttCase& test, bool printed);

  SimulatedBroker& broker() { return *broker_; }
  Engine& engine() { return *engine_; }
  const queries::Catalog& catalog() { return engine_->executor().catalog(); }

  /// Parses the statements, creates the topics that they name and the case's, and sets the case's
  /// properties.
  std::optional<QttFailure> prepare();
  const std::vector<parser::ParsedStatement>& statements() const { return statements_; }
  size_t lastStatement() const { return statements_.empty() ? 0 : statements_.size() - 1; }
  /// Executes one of them; the answer goes to `result`.
  std::optional<QttFailure> execute(size_t statement, queries::StatementResult& result);
  /// Sets a property; one that means nothing here is left out.
  void setProperty(const std::string& name, const std::string& value);
  /// Runs what there is to run to its end. Throws std::runtime_error when a query fails.
  void settle();
  /// What is expected where a message of a syntax error has a place; without it where statements
  /// are printed: there it is another one.
  std::string withoutPlace(const std::string& message) const;

 private:
  void createTopics();

  const QttCase& test_;
  bool printed_;
  std::shared_ptr<SimulatedBroker> broker_;
  std::unique_ptr<Engine> engine_;
  std::vector<parser::ParsedStatement> statements_;
};

/// The topics that the case's outputs name hold exactly those records; else what differs.
std::optional<std::string> differenceOfOutputs(const QttCase& test, QttEngine& world);

}  // namespace auspex::engine
