// SPDX-License-Identifier: Apache-2.0
// Owns everything of one process: broker, data directory, runtime, executor; and gives statements
// the world they ask for.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/BrokerCommandLog.h"
#include "engine/BrokerHome.h"
#include "engine/Connectors.h"
#include "engine/EngineOptions.h"
#include "engine/ModelStore.h"
#include "engine/PullRun.h"
#include "engine/RegistryWatch.h"
#include "engine/ResultCollector.h"
#include "engine/runtime/Runtime.h"
#include "queries/StatementExecutor.h"

namespace auspex::engine {

/// A SELECT that runs: a transient query, or a pull query.
struct RunningSelect {
  std::string id;
  std::shared_ptr<ResultCollector> collector;
  std::shared_ptr<std::atomic<bool>> finished;
  std::shared_ptr<PullRun> pull;  ///< of a pull query

  /// Throws std::runtime_error when it has finished without its whole result.
  void check() const;
};

/// One thread, but for what it says otherwise.
class Engine final : private queries::TopicAdmin,
                     private queries::QueryRunner,
                     private queries::StatementFiles {
 public:
  /// Locks the data directory, opens the broker and brings back what the command log holds. Throws
  /// stateStore::StoreError (directory in use: by whom), BrokerError, queries::StatementError.
  explicit Engine(EngineOptions options);
  /// For tests: on a broker of the caller's, driven without threads when numThreads is negative.
  /// states may be null: state then lives in memory.
  Engine(EngineOptions options, std::shared_ptr<Broker> broker, stateStore::StateDirectory* states);
  ~Engine() override;

  Broker& broker() { return *broker_; }
  Runtime& runtime() { return *runtime_; }
  queries::StatementExecutor& executor() { return *executor_; }
  const EngineOptions& options() const { return options_; }
  /// What relative paths of statements start at from now on.
  void setBasePath(std::filesystem::path path) { options_.basePath = std::move(path); }

  /// Executes statements of a script: checks all first, then executes. Nothing is started before
  /// start(). SELECTs are returned in order. Throws what the executor throws.
  std::vector<queries::StatementResult> executeProgram(
      const std::vector<parser::ParsedStatement>& statements);
  /// Starts what statements since the last call have defined.
  void start();
  /// Starts the earliest query that statements have defined and nothing has started yet; returns
  /// it, or null when there is none. For tests that run one query after the other.
  std::shared_ptr<const operators::Topology> startNextQuery();
  /// A round of the runtime (Runtime::poll) and of models' registries; now and then also of hear(),
  /// where others may write.
  bool poll();
  /// Takes over what other instances of the service have said of models.
  void hear();
  /// Everything that was started comes to an end by itself.
  bool allInputsFinite() const;
  /// Endless runs wait for new input at the end of a topic.
  void setEndless() { runtime_->ends().setEndless(); }

  /// Runs a SELECT; its rows go to the collector. Of a pull query everything but its state is
  /// unasked for: it reads what is there, in any case.
  RunningSelect startSelect(const queries::TransientQuery& query, OutputFormat format, bool live,
                            std::ostream& output, OffsetReset reset);
  void stopSelect(RunningSelect& select);

  /// What ran, for the report at the end.
  struct SinkFile {
    std::string connector;
    std::string path;
  };
  const std::vector<SinkFile>& sinkFiles() const { return sinkFiles_; }
  struct SourceFile {
    std::string connector;
    std::string path;
    std::shared_ptr<const QueryCounters> counters;
  };
  const std::vector<SourceFile>& sourceFiles() const { return sourceFiles_; }
  std::optional<std::string> sinkTopicOf(const std::string& queryId) const;

  /// Commits what is done and ends all threads.
  void stop();

 private:
  void open();
  void takeProperties();
  /// hear(), where there may be other instances.
  void hearOthers();
  std::string instanceId() const { return home_ ? home_->instanceId() : "test"; }
  RuntimeSettings runtimeSettings() const;
  std::shared_ptr<operators::HttpTransport> makeTransport() const;
  ConnectorContext connectorContext();

  // Ports of statements.
  std::optional<int32_t> numPartitions(const std::string& topic) override;
  void create(const queries::TopicRequest& request) override;
  void remove(const std::string& topic) override;
  std::vector<std::string> list() override;
  void startQuery(std::shared_ptr<const operators::Topology> topology) override;
  void parkQuery(std::shared_ptr<const operators::Topology> topology) override;
  void stopQuery(const std::string& queryId) override;
  std::string status(const std::string& queryId) override;
  queries::QueryProgress progress(const operators::Topology& topology) override;
  void checkConnector(const queries::ConnectorDefinition& connector) override;
  void startConnector(const queries::ConnectorDefinition& connector) override;
  void stopConnector(const std::string& name) override;
  std::string basePath() override;

  EngineOptions options_;
  std::unique_ptr<BrokerHome> home_;
  stateStore::StateDirectory* testStates_ = nullptr;
  std::shared_ptr<Broker> broker_;
  operators::FunctionRegistry functions_;
  std::unique_ptr<BrokerCommandLog> log_;
  std::unique_ptr<ModelStore> modelStore_;
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<queries::StatementExecutor> executor_;
  std::unique_ptr<RegistryWatch> registryWatch_;

  struct PendingQuery {
    std::shared_ptr<const operators::Topology> topology;
    bool parked = false;
  };
  void addPending(PendingQuery query);

  std::vector<PendingQuery> pendingQueries_;
  std::vector<ConnectorJob> pendingConnectors_;
  std::vector<SinkFile> sinkFiles_;
  std::vector<SourceFile> sourceFiles_;
  std::set<std::string> internallyWritten_;  // topics that connectors and queries write
  std::set<std::string> read_;               // topics that queries read
  bool hasEndlessConnector_ = false;
  int numSelects_ = 0;
  std::chrono::steady_clock::time_point lastHearing_{};
};

}  // namespace auspex::engine
