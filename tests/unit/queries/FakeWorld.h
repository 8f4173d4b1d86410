// SPDX-License-Identifier: Apache-2.0
// The ports of statements as lists in memory: topics, running queries, the command log.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operators/functions/FunctionRegistry.h"
#include "queries/StatementExecutor.h"

namespace auspex::queries {

class FakeWorld final : public TopicAdmin,
                        public QueryRunner,
                        public CommandLog,
                        public StatementFiles,
                        public ModelArtefacts {
 public:
  FakeWorld();

  /// An executor over this world, as a process that starts makes it.
  std::unique_ptr<StatementExecutor> start();

  /// To servers and registries; null: none.
  std::shared_ptr<operators::HttpTransport> transport;

  std::map<std::string, int32_t> topicPartitions;
  std::vector<std::string> started;  ///< query ids, in order
  std::vector<std::string> stopped;
  std::vector<std::string> parked;
  std::vector<Command> commands;
  std::vector<InsertedRecord> inserted;
  std::map<std::string, std::string> artefacts;  ///< of models, by checksum
  int64_t clock = 1000;

  // Ports.
  std::optional<int32_t> numPartitions(const std::string& topic) override;
  void create(const TopicRequest& request) override;
  void remove(const std::string& topic) override;
  std::vector<std::string> list() override;
  void startQuery(std::shared_ptr<const operators::Topology> topology) override;
  void parkQuery(std::shared_ptr<const operators::Topology> topology) override;
  void stopQuery(const std::string& queryId) override;
  std::string status(const std::string& queryId) override;
  QueryProgress progress(const operators::Topology&) override { return {}; }
  void checkConnector(const ConnectorDefinition& connector) override;
  void startConnector(const ConnectorDefinition& connector) override;
  void stopConnector(const std::string& name) override;
  std::vector<Command> read() override;
  void append(const Command& command, const std::vector<InsertedRecord>& records) override;
  std::string basePath() override;
  void keep(const std::string& checksum, std::string_view bytes) override;
  std::optional<std::string> find(const std::string& checksum) override;

 private:
  operators::FunctionRegistry functions_;
};

/// Executes each statement of the text with executeOnce (a program) or execute (a session).
void runProgram(StatementExecutor& executor, const std::string& sql);
void runSession(StatementExecutor& executor, const std::string& sql);

/// What the last statement answers, or "line:column message" of the error.
std::string answerOf(StatementExecutor& executor, const std::string& sql);

/// Everything the catalog knows, one line per thing.
std::vector<std::string> describeCatalog(const StatementExecutor& executor);

}  // namespace auspex::queries
