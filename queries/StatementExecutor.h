// SPDX-License-Identifier: Apache-2.0
// Executes statements in order against the catalog; the only place that turns them into changes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "operators/functions/FunctionRegistry.h"
#include "operators/models/ModelRegistry.h"
#include "operators/models/registry/MlflowRegistry.h"
#include "operators/ports/HttpTransport.h"
#include "parser/Parser.h"
#include "queries/StatementError.h"
#include "queries/StatementResult.h"
#include "queries/catalog/Catalog.h"
#include "queries/planning/QueryPlanner.h"
#include "queries/planning/TopologyBuilder.h"
#include "queries/ports/CommandLog.h"
#include "queries/ports/ModelArtefacts.h"
#include "queries/ports/QueryRunner.h"
#include "queries/ports/StatementFiles.h"
#include "queries/ports/TopicAdmin.h"

namespace auspex::queries {

/// What the executor needs from the world. References outlive it.
struct ExecutorPorts {
  TopicAdmin& topics;
  QueryRunner& runner;
  CommandLog& log;
  StatementFiles& files;
  ModelArtefacts& artefacts;
  std::shared_ptr<operators::HttpTransport> transport = {};       ///< to model servers; null: none
  std::shared_ptr<operators::HttpTransport> topicTransport = {};  ///< to those behind topics
};

struct ExecutorSettings {
  std::string serviceId = "default_";
  std::string defaultKeyFormat = "KAFKA";
  std::string defaultValueFormat;  ///< empty: VALUE_FORMAT is required
  /// `test` counts queries over all sinks, as ksqlDB does; else a query counts those into its sink.
  bool countQueriesGlobally = false;
  std::function<int64_t()> now;  ///< ms since epoch, for INSERT VALUES
};

/// A statement of a script that is no statement, known by what it was to make.
struct UnreadStatement {
  size_t position = 0;             ///< it stands before the statement with this index
  std::vector<std::string> names;  ///< what it was to create, change or drop
};

/// Files of registries that were fetched and not used yet, by address and URI: those that a check
/// of a program has seen, or that were fetched beforehand.
using FetchedArtefacts = std::map<std::string, operators::RegisteredArtefact>;

/// Properties given by SET, by name.
using SessionProperties = std::map<std::string, std::string>;

/// One thread. Every method throws StatementError or SyntaxError for a wrong statement and leaves
/// catalog and world as they were.
class StatementExecutor {
 public:
  StatementExecutor(ExecutorPorts ports, ExecutorSettings settings,
                    const operators::FunctionRegistry& functions);

  /// Brings catalog, models, queries and connectors back from the command log.
  void restore();

  /// Takes over what another instance of the service has executed meanwhile: statements about
  /// models, in order; others are its own affair. Returns what could not be taken over, and why.
  std::vector<std::string> hear(const std::vector<Command>& commands);

  /// Checks a whole script without changing anything: every statement against what those before it
  /// would make. Returns all independent errors: none for a statement that needs what a wrong one,
  /// or one of `unread` (in order), was to make.
  std::vector<StatementError> check(const std::vector<parser::ParsedStatement>& statements,
                                    const std::vector<UnreadStatement>& unread = {}) const;

  /// Executes one statement of an interactive session.
  StatementResult execute(const parser::ParsedStatement& statement);

  /// Executes one statement of a program that may have run before: a statement that the log holds
  /// with the same text is a no-op; with another text it is an error that names the difference.
  StatementResult executeOnce(const parser::ParsedStatement& statement);

  /// Takes over the version that the alias of a model leads to in its registry now: adds it, with
  /// its file, unless it is there, and points `default` at it. Throws as execute does; what served
  /// goes on then.
  void follow(const std::string& model, const operators::RegisteredVersion& version,
              std::optional<operators::RegisteredArtefact> artefact);
  /// How following a model went last, for DESCRIBE MODEL.
  void noteRegistry(const std::string& model, std::string state) {
    registryStates_[model] = std::move(state);
  }

  /// How a SELECT would run, for people.
  std::string explain(const TransientQuery& query) const;

  const Catalog& catalog() const { return catalog_; }
  const operators::ModelRegistry& models() const { return *models_; }
  const operators::FunctionRegistry& functions() const { return functions_; }
  SessionProperties& properties() { return properties_; }
  /// What SHOW VARIABLES lists: given at the start, and changed by DEFINE and UNDEFINE. Whoever
  /// reads the statements has put the values into their texts.
  parser::Variables& variables() { return variables_; }
  PlanningContext planningContext() const {
    return {catalog_, functions_, models_, {}, [this](const std::string& topic) {
              return ports_.topics.numPartitions(topic);
            }};
  }
  /// A SELECT as it would run, with its result going nowhere.
  operators::Topology topologyOf(const QueryPlan& plan) const;
  /// Options for a topology of a query in this service.
  TopologyOptions topologyOptions(const std::string& queryId) const;

 private:
  friend class StatementRun;

  struct Logged {
    std::string text;
    std::string queryId;
  };

  StatementResult run(const parser::ParsedStatement& statement, const std::string& object,
                      const Command* replayed, bool isProgram = false);
  void remember(const Command& command);
  /// What a statement of a session is known by that has no name of its own.
  std::string nextSessionObject();
  /// Whether the command does what is done already: two instances that run a program for the first
  /// time at the same moment log each statement twice.
  bool isRepeated(const Command& command, const parser::Statement& statement) const;

  ExecutorPorts ports_;
  ExecutorSettings settings_;
  const operators::FunctionRegistry& functions_;
  Catalog catalog_;
  std::shared_ptr<operators::ModelRegistry> models_;
  SessionProperties properties_;
  parser::Variables variables_;
  std::shared_ptr<FetchedArtefacts> fetched_ = std::make_shared<FetchedArtefacts>();
  bool isCheck_ = false;                               // of a program, which will run afterwards
  std::map<std::string, std::string> registryStates_;  // by model
  std::map<std::string, Logged> logged_;               // by object
  std::map<std::string, int> queryCounts_;             // per sink, or "" for all
  int numSessionStatements_ = 0;  // unnamed ones in the log that no program contains
  int numProgramStatements_ = 0;  // unnamed ones seen by executeOnce
};

}  // namespace auspex::queries
