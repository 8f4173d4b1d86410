// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/queries/FakeWorld.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "operators/functions/Builtins.h"

namespace auspex::queries {

FakeWorld::FakeWorld() : functions_(operators::makeBuiltinFunctions()) {
}

std::unique_ptr<StatementExecutor> FakeWorld::start() {
  ExecutorSettings settings;
  settings.defaultValueFormat = "JSON";
  settings.now = [this] { return clock; };
  auto executor = std::make_unique<StatementExecutor>(
      ExecutorPorts{*this, *this, *this, *this, *this, transport}, std::move(settings), functions_);
  executor->restore();
  return executor;
}

std::optional<int32_t> FakeWorld::numPartitions(const std::string& topic) {
  const auto found = topicPartitions.find(topic);
  return found == topicPartitions.end() ? std::nullopt : std::optional(found->second);
}

void FakeWorld::create(const TopicRequest& request) {
  topicPartitions.emplace(request.name, request.numPartitions);
}

void FakeWorld::remove(const std::string& topic) {
  topicPartitions.erase(topic);
}

std::vector<std::string> FakeWorld::list() {
  std::vector<std::string> names;
  for (const auto& [name, partitions] : topicPartitions) {
    names.push_back(name);
  }
  return names;
}

void FakeWorld::startQuery(std::shared_ptr<const operators::Topology> topology) {
  started.push_back(topology->queryId);
}

void FakeWorld::parkQuery(std::shared_ptr<const operators::Topology> topology) {
  parked.push_back(topology->queryId);
}

void FakeWorld::stopQuery(const std::string& queryId) {
  stopped.push_back(queryId);
}

std::string FakeWorld::status(const std::string&) {
  return "RUNNING";
}

void FakeWorld::checkConnector(const ConnectorDefinition& connector) {
  if (!connector.properties.contains("topic")) {
    throw std::runtime_error("no topic");
  }
}

void FakeWorld::startConnector(const ConnectorDefinition& connector) {
  started.push_back(connector.name);
}

void FakeWorld::stopConnector(const std::string& name) {
  stopped.push_back(name);
}

std::vector<Command> FakeWorld::read() {
  return commands;
}

void FakeWorld::append(const Command& command, const std::vector<InsertedRecord>& records) {
  commands.push_back(command);
  inserted.insert(inserted.end(), records.begin(), records.end());
}

std::string FakeWorld::basePath() {
  return AUSPEX_TEST_MODELS;
}

void FakeWorld::keep(const std::string& checksum, std::string_view bytes) {
  artefacts.emplace(checksum, bytes);
}

std::optional<std::string> FakeWorld::find(const std::string& checksum) {
  const auto known = artefacts.find(checksum);
  return known == artefacts.end() ? std::nullopt : std::optional(known->second);
}

void runProgram(StatementExecutor& executor, const std::string& sql) {
  for (const parser::ParsedStatement& statement : parser::parse(sql)) {
    executor.executeOnce(statement);
  }
}

void runSession(StatementExecutor& executor, const std::string& sql) {
  for (const parser::ParsedStatement& statement : parser::parse(sql)) {
    executor.execute(statement);
  }
}

std::string answerOf(StatementExecutor& executor, const std::string& sql) {
  std::string answer;
  try {
    for (const parser::ParsedStatement& statement : parser::parse(sql)) {
      answer = executor.execute(statement).message;
    }
  } catch (const StatementError& error) {
    return fmt::format("{}:{} {}", error.span().line, error.span().column, error.what());
  } catch (const parser::SyntaxError& error) {
    return fmt::format("{}:{} {}", error.span().line, error.span().column, error.message());
  }
  while (answer.ends_with('\n')) {
    answer.pop_back();
  }
  return answer;
}

std::vector<std::string> describeCatalog(const StatementExecutor& executor) {
  std::vector<std::string> lines;
  const Catalog& catalog = executor.catalog();
  for (const auto& [name, source] : catalog.sources) {
    lines.push_back(fmt::format("{} {} on {}: {} key={} value={} query={}", source->kindName(),
                                name, source->topic, source->schema.toString(),
                                source->keyFormat->name(), source->valueFormat->name(),
                                source->queryId));
  }
  for (const auto& [name, model] : catalog.models) {
    lines.push_back(fmt::format("MODEL {} {} version {}", name,
                                model->versions.rbegin()->second.uri,
                                executor.models().find(name)->info().version));
  }
  for (const auto& [name, connector] : catalog.connectors) {
    lines.push_back(fmt::format("CONNECTOR {}", name));
  }
  for (const auto& [id, query] : catalog.queries) {
    lines.push_back(fmt::format("QUERY {} into {}: {}", id, query->sink, query->sql));
  }
  for (const auto& [name, type] : catalog.types) {
    lines.push_back(fmt::format("TYPE {} {}", name, type.toString()));
  }
  return lines;
}

}  // namespace auspex::queries
