// SPDX-License-Identifier: Apache-2.0
// One execution of one statement: works on the executor's catalog and talks to the world through
// its ports. Split over several files by kind of statement.
#pragma once

#include <string>
#include <vector>

#include "operators/models/ModelLoader.h"
#include "queries/Properties.h"
#include "queries/StatementExecutor.h"

namespace auspex::queries {

/// Lives for one statement. Everything that can fail by the statement's fault comes before the
/// first change.
class StatementRun {
 public:
  /// replayed: the logged command when the log is being replayed; null for a new statement.
  /// object: what the log knows the statement by. isProgram: a statement of a program, not of a
  /// session.
  StatementRun(StatementExecutor& executor, const parser::ParsedStatement& statement,
               std::string object, const Command* replayed, bool isProgram)
      : executor_(executor),
        statement_(statement),
        object_(std::move(object)),
        replayed_(replayed),
        isProgram_(isProgram) {}

  StatementResult run();
  /// Points `default` at the version that the model's alias in its registry leads to now, and notes
  /// that. Heard a second time it does nothing: several instances may have said it.
  StatementResult follow(const parser::Identifier& name, uint32_t version);

 private:
  // Sources (SourceStatements.cpp, AlterStatements.cpp).
  StatementResult handle(const parser::CreateSource& create);
  StatementResult handle(const parser::DropSource& drop);
  StatementResult handle(const parser::AlterSource& alter);
  StatementResult handle(const parser::AssertTopic& assertion);
  StatementResult handle(const parser::AssertSchema& assertion);
  StatementResult handle(const parser::CreateType& create);
  StatementResult handle(const parser::DropType& drop);
  StatementResult handle(const parser::CreateConnector& create);
  StatementResult handle(const parser::DropConnector& drop);
  // Queries (QueryStatements.cpp).
  StatementResult handle(const parser::Query& query);
  StatementResult handle(const parser::CreateAsSelect& create);
  StatementResult handle(const parser::InsertSelect& insert);
  StatementResult handle(const parser::Explain& explain);
  StatementResult handle(const parser::ControlQuery& control);
  // INSERT VALUES (InsertStatements.cpp).
  StatementResult handle(const parser::InsertValues& insert);
  // Models (ModelStatements.cpp, ModelDefinitions.cpp, RegistryModels.cpp, RemoteModels.cpp,
  // AlterModelStatements.cpp, AlterModelOptions.cpp, DescribeModels.cpp).
  StatementResult handle(const parser::CreateModel& create);
  StatementResult handle(const parser::DropModel& drop);
  StatementResult handle(const parser::AlterModel& alter);
  StatementResult alterModel(const parser::Identifier& name, const parser::AddModelVersion& add);
  StatementResult alterModel(const parser::Identifier& name, const parser::DropModelVersion& drop);
  StatementResult alterModel(const parser::Identifier& name, const parser::SetModelAlias& set);
  StatementResult alterModel(const parser::Identifier& name, const parser::DropModelAlias& drop);
  StatementResult alterModel(const parser::Identifier& name, const parser::RollbackModel& rollback);
  StatementResult alterModel(const parser::Identifier& name, const parser::SplitModel& split);
  StatementResult alterModel(const parser::Identifier& name, const parser::DropModelSplit& drop);
  StatementResult alterModel(const parser::Identifier& name, const parser::ShadowModel& shadow);
  StatementResult alterModel(const parser::Identifier& name, const parser::DropModelShadow& drop);
  StatementResult alterModel(const parser::Identifier& name, const parser::SetModelOptions& set);
  /// Actions that parse and have no machinery yet.
  template <typename Other>
  StatementResult alterModel(const parser::Identifier&, const Other&) {
    throw StatementError("This action of ALTER MODEL is not supported yet.", span());
  }
  StatementResult handle(const parser::ShowModelVersions& show);
  StatementResult handle(const parser::ShowCreateModel& show);
  // Served models (ServingStatements.cpp).
  StatementResult handle(const parser::ServeModel& serve);
  StatementResult handle(const parser::StopServing& stop);
  ServingDefinition bindServing(const parser::ServeModel& serve) const;
  TextTable listServedModels() const;
  // Listings and the session (ShowStatements.cpp).
  StatementResult handle(const parser::Show& show);
  TextTable listSources(bool tables) const;
  TextTable listTopics(bool all) const;
  TextTable listQueries() const;
  TextTable listModels() const;
  TextTable listFunctions() const;
  TextTable listConnectors(parser::ShowKind kind) const;
  StatementResult handle(const parser::Describe& describe);
  StatementResult handle(const parser::SetProperty& set);
  StatementResult handle(const parser::UnsetProperty& unset);
  StatementResult handle(const parser::DefineVariable& define);
  StatementResult handle(const parser::UndefineVariable& undefine);
  /// Everything that parses and has no machinery yet.
  template <typename Other>
  StatementResult handle(const Other&) {
    throw StatementError("This statement is not supported yet.", span());
  }

  const parser::Span& span() const { return statement_.span; }
  Catalog& catalog() { return executor_.catalog_; }
  [[noreturn]] void failUnknown(const std::string& what, const parser::Identifier& name,
                                const std::vector<std::string>& known) const;
  /// Logs the statement (with records) unless it is being replayed.
  void log(const std::string& queryId = "", std::map<std::string, std::string> details = {},
           const std::vector<InsertedRecord>& records = {});
  /// Removes an object from what a rerun knows.
  /// What relative paths of this statement start at; for a replayed one, where they did.
  std::string basePath() const;
  void logDrop(const std::string& object);

  void ensureTopic(const std::string& topic, const Properties& properties,
                   std::optional<int32_t> inherited, bool isTable, const parser::Span& place);
  /// A property of the session; the fallback when it is not set.
  std::string sessionProperty(std::string_view name, const std::string& fallback) const;
  void applyFormats(const Properties& properties, DataSource& source) const;
  /// The session's wrapping of single values, where neither statement nor format decides.
  void applyWrapping(DataSource& source) const;
  void checkFormats(const DataSource& source) const;
  /// TIMESTAMP and TIMESTAMP_FORMAT, over the source's schema.
  void applyTimestamp(const Properties& properties, DataSource& source) const;
  std::string nextQueryId(const char* kind, const std::string& sink);
  StatementResult describeSource(const DataSource& source, bool extended) const;
  StatementResult describeModel(const parser::Identifier& name, bool extended) const;
  StatementResult explainQuery(const QueryPlan& plan, const SinkTarget& sink,
                               const std::string& queryId) const;
  ModelDefinition bindModel(const parser::CreateModel& create, const Properties& properties) const;
  ModelDefinition bindRemoteModel(const parser::CreateModel& create, const Properties& properties,
                                  bool isThroughTopics) const;
  std::shared_ptr<operators::HttpTransport> transportFor(
      const operators::RemoteModelOptions& options) const;
  /// Topics of requests and replies that are not there are created where PARTITIONS says so.
  void ensureRequestTopics(const operators::RemoteModelOptions& options,
                           const Properties& properties);
  void checkFallback(ModelDefinition& definition, const Properties& properties) const;
  static void requireFallback(const operators::ModelVersion& version,
                              const operators::ModelVersion& fallback);
  /// The model as its server describes it, or did when the statement ran first. warning: why only
  /// the declarations are known.
  std::shared_ptr<const operators::RemoteModel> connect(
      const ModelDefinition& definition, const operators::RemoteModelOptions& options,
      uint32_t version, const parser::Span& place, std::string& warning) const;
  std::shared_ptr<const operators::RemoteModel> recallRemote(
      const ModelDefinition& definition, const operators::RemoteModelOptions& options,
      uint32_t version) const;
  /// A model of a server becomes a version: described, checked, logged, and known.
  StatementResult addRemoteVersion(ModelDefinition& definition,
                                   const operators::RemoteModelOptions& options,
                                   const Properties& properties, uint32_t number, bool makeDefault);
  StatementResult addRemoteVersion(const parser::Identifier& name,
                                   const parser::AddModelVersion& add);
  /// The number of the next version, or the one that a replayed statement was given.
  uint32_t nextVersion(const std::string& model) const;
  std::vector<operators::InputDeclaration> bindInputs(const parser::CreateModel& create) const;
  /// How to load the next version, or the one that was given that number.
  operators::LoadOptions bindLoadOptions(const ModelDefinition& definition,
                                         const Properties& properties) const;
  /// How the servers of a running query's models fare; empty when it has none.
  std::string describeServers(const operators::Topology& topology) const;
  /// The model, or an error with the nearest name.
  const ModelDefinition& requireModel(const parser::Identifier& name) const;
  /// A file becomes a version: read, checked, warmed, kept by the engine, logged, and known. The
  /// definition takes its provenance. given: the number that the statement says.
  std::shared_ptr<const operators::ModelVersion> addVersion(ModelDefinition& definition,
                                                            const Properties& properties,
                                                            operators::LoadOptions options,
                                                            std::optional<uint32_t> given,
                                                            bool makeDefault);
  struct Artefact {
    std::string bytes;
    bool isKept = false;  ///< it is the engine's own copy
    /// Of a file from a registry: where, which version, and the run that made it.
    std::optional<RegistryLink> link = {};
    operators::RegisteredVersion registered = {};
  };
  /// For people: the version in its registry, with its run; or the statement's URI.
  static std::string provenanceOf(const Artefact& artefact, const std::string& uri);
  Artefact readArtefact(const ModelDefinition& definition, const Properties& properties) const;
  /// The same from a registry: by its URI, or the version that a replayed statement was given.
  Artefact readRegistered(const ModelDefinition& definition, const Properties& properties) const;
  operators::RegisteredArtefact fetchRegistered(const RegistryLink& link,
                                                const operators::RegisteredVersion& version) const;
  /// Where the statement's registry is, and what it names there.
  RegistryLink linkOf(const ModelDefinition& definition, const Properties& properties) const;
  /// The version as the model has it already, since a registry's number says what it is; null when
  /// it has none of that number. Throws when it is another file.
  std::shared_ptr<const operators::ModelVersion> knownVersion(
      const operators::ModelVersion& version, const parser::Span& place) const;
  std::shared_ptr<const operators::ModelVersion> loadVersion(const ModelDefinition& definition,
                                                             const std::string& bytes,
                                                             const operators::LoadOptions& options,
                                                             const Properties& properties) const;
  /// A model of the log must still be the file that it was.
  void checkReplayedModel(const operators::ModelVersion& version, const std::string& uri,
                          const Properties& properties) const;
  /// Tries a change of the registry, logs the statement, and makes the change.
  template <typename Change>
  void changeModels(Change change, std::map<std::string, std::string> details = {}) {
    operators::ModelRegistry trial;
    trial.copyFrom(*executor_.models_);
    change(trial);
    log("", std::move(details));
    change(*executor_.models_);
  }
  /// Refuses while queries use it.
  void requireUnused(const std::vector<std::string>& queryIds, const std::string& what,
                     const parser::Span& place) const;
  /// Of queries that were planned again, by id.
  using Topologies = std::map<std::string, std::shared_ptr<const operators::Topology>>;
  operators::VersionTarget targetOf(const parser::ModelTarget& target) const;
  /// The queries that call the model by its bare name, planned again for another key to split by;
  /// by id. Throws when one cannot be.
  Topologies planForSplit(const std::string& model, const std::string& key);
  /// SET of a model whose files come from a registry: where that is, and whether it is followed.
  StatementResult setRegistryOptions(const parser::Identifier& name,
                                     const parser::SetModelOptions& set);
  /// The versions of a model of servers with other ways to ask for scores.
  std::vector<std::shared_ptr<const operators::ModelVersion>> retunedVersions(
      const ModelDefinition& definition, const Properties& properties) const;
  /// All queries that score with the model, planned again; by id. Throws when one cannot go on.
  Topologies planForOptions(const std::string& model);
  /// Has queries go on as they were planned again.
  void startAgain(const Topologies& topologies);
  /// A running query's topology as its statement would give it now.
  operators::Topology planAgain(const QueryDefinition& query) const;
  /// The topic for scores in the shadow, of a query that has some.
  void ensureShadowTopic(const operators::Topology& topology);
  void ensureTopicOfShadows(const std::string& queryId);
  /// SELECT without FROM: one row of constants.
  StatementResult selectConstants(const parser::Select& select) const;
  /// Another query for a sink that has one: refuses what the running one cannot become.
  void checkQueryUpgrade(const DataSource& former, const operators::Topology& next,
                         const parser::Span& place) const;
  DataSource planSink(const parser::CreateAsSelect& create, const Properties& properties,
                      QueryPlan& plan) const;
  void startQuery(const QueryPlan& plan, const DataSource& sink, const std::string& queryId);
  /// Plans a SELECT, and decides whether it is a pull query.
  TransientQuery planSelect(const parser::Select& select) const;
  /// Null when the table's state cannot answer it, or is not to.
  std::shared_ptr<const PullPlan> planPullOf(const parser::Select& select, const QueryPlan& plan,
                                             bool isStrict) const;
  bool isOn(std::string_view property, bool otherwise) const;
  /// Logs a stream or table that was checked; a read-only table is kept in state from now on.
  void addToCatalog(const std::shared_ptr<DataSource>& source);

  StatementExecutor& executor_;
  const parser::ParsedStatement& statement_;
  std::string object_;
  const Command* replayed_;
  bool isProgram_;
};

// Properties of a session that statements without their own go by.
inline constexpr std::string_view kDefaultKeyFormat = "ksql.persistence.default.format.key";
inline constexpr std::string_view kDefaultValueFormat = "ksql.persistence.default.format.value";
inline constexpr std::string_view kWrapSingleValues = "ksql.persistence.wrap.single.values";
inline constexpr std::string_view kTopicPrefix = "ksql.output.topic.name.prefix";

// What a session lets pull queries do.
inline constexpr std::string_view kPullQueries = "ksql.pull.queries.enable";
inline constexpr std::string_view kTableScans = "ksql.query.pull.table.scan.enabled";
inline constexpr std::string_view kRangeScans = "ksql.query.pull.range.scan.enabled";
/// A SELECT without EMIT CHANGES is a pull query of ksqlDB's or an error.
inline constexpr std::string_view kStrictPull = "auspex.pull.strict";
/// Whether a SOURCE TABLE is kept in state.
inline constexpr std::string_view kMaterializeSources = "ksql.source.table.materialization.enabled";

// What a PROTOBUF format does about NULL.
inline constexpr std::string_view kKeyNullability = "KEY_PROTOBUF_NULLABLE_REPRESENTATION";
inline constexpr std::string_view kValueNullability = "VALUE_PROTOBUF_NULLABLE_REPRESENTATION";

/// Refuses what CREATE OR REPLACE may not change: all but new value columns at the end.
void checkUpgrade(const DataSource& former, const DataSource& next, const parser::Span& span);

/// Where models' URIs of registries are looked up, unless a statement says REGISTRY.
inline constexpr std::string_view kRegistryUrl = "models.registry.url";

/// The sink of a query that writes this source.
SinkTarget sinkOf(const DataSource& source);

/// Where the scores of a query's models in the shadow go.
std::string shadowTopicOf(const std::string& queryId);

/// The same records in the same state: the one topology can go on where the other was.
bool goesOnFrom(const operators::Topology& former, const operators::Topology& next);

/// What identifies a statement's effect in the log ("SOURCE PAYMENTS"); empty when it has none to
/// remember, "#" when only its place in the program does.
std::string objectOf(const parser::Statement& statement);

}  // namespace auspex::queries
