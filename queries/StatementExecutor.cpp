// SPDX-License-Identifier: Apache-2.0
#include "queries/StatementExecutor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "operators/ResultOperator.h"
#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"
#include "parser/NearestName.h"
#include "queries/StatementRun.h"

namespace auspex::queries {
namespace {

/// What a statement of a session without a name of its own is known by, before its number.
constexpr std::string_view kSessionObject = "SESSION ";

// Ports of a check: they read the world and remember what a run would have changed.

class CheckedTopics final : public TopicAdmin {
 public:
  explicit CheckedTopics(TopicAdmin& real) : real_(real) {}
  std::optional<int32_t> numPartitions(const std::string& topic) override {
    const auto made = made_.find(topic);
    return made != made_.end() ? std::optional(made->second) : real_.numPartitions(topic);
  }
  void create(const TopicRequest& request) override { made_[request.name] = request.numPartitions; }
  void remove(const std::string&) override {}
  std::vector<std::string> list() override { return real_.list(); }

 private:
  TopicAdmin& real_;
  std::map<std::string, int32_t> made_;
};

class CheckedRunner final : public QueryRunner {
 public:
  explicit CheckedRunner(QueryRunner& real) : real_(real) {}
  void startQuery(std::shared_ptr<const operators::Topology>) override {}
  void parkQuery(std::shared_ptr<const operators::Topology>) override {}
  void stopQuery(const std::string&) override {}
  std::string status(const std::string& queryId) override { return real_.status(queryId); }
  QueryProgress progress(const operators::Topology& topology) override {
    return real_.progress(topology);
  }
  void checkConnector(const ConnectorDefinition& connector) override {
    real_.checkConnector(connector);
  }
  void startConnector(const ConnectorDefinition&) override {}
  void stopConnector(const std::string&) override {}

 private:
  QueryRunner& real_;
};

class CheckedLog final : public CommandLog {
 public:
  std::vector<Command> read() override { return {}; }
  void append(const Command&, const std::vector<InsertedRecord>&) override {}
};

class CheckedArtefacts final : public ModelArtefacts {
 public:
  explicit CheckedArtefacts(ModelArtefacts& real) : real_(real) {}
  void keep(const std::string&, std::string_view) override {}
  std::optional<std::string> find(const std::string& checksum) override {
    return real_.find(checksum);
  }

 private:
  ModelArtefacts& real_;
};

/// Whether a statement has the name as a word of its own, in any case.
bool mentions(const std::string& text, const std::string& name) {
  const std::string upper = operators::asciiUpper(text);
  const std::string word = operators::asciiUpper(name);
  const auto isPart = [&](size_t at) {
    return at < upper.size() && (std::isalnum(static_cast<unsigned char>(upper[at])) != 0 ||
                                 upper[at] == '_' || upper[at] == '@');
  };
  for (size_t at = upper.find(word); at != std::string::npos; at = upper.find(word, at + 1)) {
    if ((at == 0 || !isPart(at - 1)) && !isPart(at + word.size())) {
      return true;
    }
  }
  return false;
}

bool isReplacing(const parser::Statement& statement) {
  return std::visit(
      [](const auto& node) {
        if constexpr (requires { node.orReplace; }) {
          return node.orReplace;
        } else {
          return false;
        }
      },
      statement.node);
}

/// What is not as the statement wanted it when the statement is wrong, for those behind it.
std::optional<std::string> unmadeName(const parser::Statement& statement, const Catalog& catalog) {
  return std::visit(
      [&](const auto& node) -> std::optional<std::string> {
        using Node = std::decay_t<decltype(node)>;
        if constexpr (std::is_same_v<Node, parser::AlterSource> ||
                      std::is_same_v<Node, parser::DropSource>) {
          return catalog.findSource(node.name.name) != nullptr ? std::optional(node.name.name)
                                                               : std::nullopt;
        } else if constexpr (requires { node.orReplace; }) {
          // A second one of a name leaves the first one there.
          return node.orReplace || catalog.findSource(node.name.name) == nullptr
                     ? std::optional(node.name.name)
                     : std::nullopt;
        } else if constexpr (std::is_same_v<Node, parser::CreateType> ||
                             std::is_same_v<Node, parser::CreateConnector>) {
          return node.name.name;
        } else {
          return std::nullopt;
        }
      },
      statement.node);
}

}  // namespace

StatementExecutor::StatementExecutor(ExecutorPorts ports, ExecutorSettings settings,
                                     const operators::FunctionRegistry& functions)
    : ports_(ports),
      settings_(std::move(settings)),
      functions_(functions),
      models_(std::make_shared<operators::ModelRegistry>()) {
  AUSPEX_ASSERT(settings_.now != nullptr);
}

void StatementExecutor::restore() {
  for (const Command& command : ports_.log.read()) {
    const std::vector<parser::ParsedStatement> parsed = parser::parse(command.text + ";");
    AUSPEX_ASSERT(parsed.size() == 1);
    if (!isRepeated(command, parsed[0].statement)) {
      run(parsed[0], command.object, &command);
      remember(command);
    }
    numSessionStatements_ += command.object.starts_with(kSessionObject) ? 1 : 0;
  }
}

std::vector<std::string> StatementExecutor::hear(const std::vector<Command>& commands) {
  std::vector<std::string> failures;
  for (const Command& command : commands) {
    try {
      const std::vector<parser::ParsedStatement> parsed = parser::parse(command.text + ";");
      const parser::Statement::Node& node = parsed.at(0).statement.node;
      if ((!std::holds_alternative<parser::CreateModel>(node) &&
           !std::holds_alternative<parser::AlterModel>(node) &&
           !std::holds_alternative<parser::DropModel>(node)) ||
          isRepeated(command, parsed.at(0).statement)) {
        continue;
      }
      run(parsed[0], command.object, &command);
      if (std::holds_alternative<parser::CreateModel>(node)) {
        remember(command);
      }
    } catch (const std::runtime_error& error) {
      failures.push_back(fmt::format("{}: {}", command.text, error.what()));
    }
  }
  return failures;
}

std::string StatementExecutor::nextSessionObject() {
  return fmt::format("{}{}", kSessionObject, ++numSessionStatements_);
}

bool StatementExecutor::isRepeated(const Command& command,
                                   const parser::Statement& statement) const {
  const auto logged = logged_.find(command.object);
  return logged != logged_.end() && logged->second.text == command.text &&
         !command.object.starts_with(kSessionObject) && !isReplacing(statement);
}

void StatementExecutor::remember(const Command& command) {
  logged_[command.object] = {command.text, command.queryId};
}

std::vector<StatementError> StatementExecutor::check(
    const std::vector<parser::ParsedStatement>& statements,
    const std::vector<UnreadStatement>& unread) const {
  CheckedTopics topics(ports_.topics);
  CheckedRunner runner(ports_.runner);
  CheckedLog log;
  CheckedArtefacts artefacts(ports_.artefacts);
  StatementExecutor copy(
      {topics, runner, log, ports_.files, artefacts, ports_.transport, ports_.topicTransport},
      settings_, functions_);
  copy.catalog_ = catalog_;
  copy.properties_ = properties_;
  copy.variables_ = variables_;
  copy.logged_ = logged_;
  copy.queryCounts_ = queryCounts_;
  copy.numProgramStatements_ = numProgramStatements_;
  copy.models_->copyFrom(*models_);
  copy.fetched_ = fetched_;
  copy.isCheck_ = true;
  std::vector<StatementError> errors;
  std::vector<std::string> missing;  // what wrong statements were to make
  auto nextUnread = unread.begin();
  for (size_t position = 0; position < statements.size(); ++position) {
    for (; nextUnread != unread.end() && nextUnread->position <= position; ++nextUnread) {
      missing.insert(missing.end(), nextUnread->names.begin(), nextUnread->names.end());
    }
    const parser::ParsedStatement& statement = statements[position];
    try {
      copy.executeOnce(statement);
    } catch (const StatementError& error) {
      const bool follows = std::any_of(missing.begin(), missing.end(), [&](const auto& name) {
        return mentions(statement.text, name);
      });
      if (!follows) {
        errors.push_back(error);
      }
      if (auto name = unmadeName(statement.statement, copy.catalog_)) {
        missing.push_back(std::move(*name));
      }
    }
  }
  if (!errors.empty()) {
    fetched_->clear();
  }
  return errors;
}

StatementResult StatementExecutor::execute(const parser::ParsedStatement& statement) {
  std::string object = objectOf(statement.statement);
  if (object == "#") {
    object = nextSessionObject();
  }
  return run(statement, object, nullptr);
}

StatementResult StatementExecutor::executeOnce(const parser::ParsedStatement& statement) {
  std::string object = objectOf(statement.statement);
  if (object == "#") {
    object = fmt::format("STATEMENT {}", ++numProgramStatements_);
  }
  const auto logged = logged_.find(object);
  if (object.empty() || logged == logged_.end()) {
    return run(statement, object, nullptr, true);
  }
  if (logged->second.text == statement.text) {
    return {};
  }
  if (isReplacing(statement.statement)) {
    return run(statement, object, nullptr, true);
  }
  throw StatementError(
      fmt::format(
          "This statement has changed since it ran here. Then it was:\n    {}\nUse CREATE OR "
          "REPLACE, another name, or start anew (--fresh).",
          logged->second.text),
      statement.span);
}

StatementResult StatementExecutor::run(const parser::ParsedStatement& statement,
                                       const std::string& object, const Command* replayed,
                                       bool isProgram) {
  return StatementRun(*this, statement, object, replayed, isProgram).run();
}

operators::Topology StatementExecutor::topologyOf(const QueryPlan& plan) const {
  SinkTarget sink;
  sink.result = std::make_shared<operators::ResultDescription>();
  TopologyOptions options = topologyOptions("EXPLAINED");
  options.singleTask = true;
  return buildTopology(plan, sink, options);
}

std::string StatementExecutor::explain(const TransientQuery& query) const {
  return fmt::format(
      "Schema: {}\n{}", query.plan.schema.toString(),
      query.pull ? query.pull->toString() : operators::toString(topologyOf(query.plan)));
}

TopologyOptions StatementExecutor::topologyOptions(const std::string& queryId) const {
  TopologyOptions options;
  options.queryId = queryId;
  options.serviceId = settings_.serviceId;
  options.deadLetterTopic = queryId + "-dead-letters";
  options.shadowTopic = shadowTopicOf(queryId);
  options.numPartitions = [this](const std::string& topic) {
    return ports_.topics.numPartitions(topic).value_or(1);
  };
  return options;
}

StatementResult StatementRun::run() {
  try {
    return std::visit([this](const auto& node) { return handle(node); }, statement_.statement.node);
  } catch (const operators::FormatError& error) {
    throw StatementError(error.what(), span());
  } catch (const operators::ModelError& error) {
    throw StatementError(error.what(), span());
  }
}

void StatementRun::failUnknown(const std::string& what, const parser::Identifier& name,
                               const std::vector<std::string>& known) const {
  std::string message = fmt::format("{} {} does not exist.", what, name.name);
  if (const auto nearest = parser::nearestName(name.name, known)) {
    message += fmt::format(" Did you mean {}?", *nearest);
  }
  throw StatementError(message, name.span);
}

void StatementRun::log(const std::string& queryId, std::map<std::string, std::string> details,
                       const std::vector<InsertedRecord>& records) {
  if (replayed_ != nullptr) {
    return;
  }
  const Command command{object_, statement_.text, queryId, std::move(details)};
  executor_.ports_.log.append(command, records);
  executor_.remember(command);
}

std::string StatementRun::basePath() const {
  if (replayed_ != nullptr) {
    const auto base = replayed_->details.find("base");
    if (base != replayed_->details.end()) {
      return base->second;
    }
  }
  return executor_.ports_.files.basePath();
}

void StatementRun::logDrop(const std::string& object) {
  log();
  executor_.logged_.erase(object);
}

std::string objectOf(const parser::Statement& statement) {
  struct Visitor {
    std::string operator()(const parser::CreateSource& node) { return "SOURCE " + node.name.name; }
    std::string operator()(const parser::CreateAsSelect& node) {
      return "SOURCE " + node.name.name;
    }
    std::string operator()(const parser::CreateModel& node) { return "MODEL " + node.name.name; }
    std::string operator()(const parser::CreateConnector& node) {
      return "CONNECTOR " + node.name.name;
    }
    std::string operator()(const parser::CreateType& node) { return "TYPE " + node.name.name; }
    std::string operator()(const parser::InsertSelect&) { return "#"; }
    std::string operator()(const parser::InsertValues&) { return "#"; }
    std::string operator()(const parser::DropSource&) { return "#"; }
    std::string operator()(const parser::AlterSource&) { return "#"; }
    std::string operator()(const parser::DropModel&) { return "#"; }
    std::string operator()(const parser::AlterModel&) { return "#"; }
    std::string operator()(const parser::DropConnector&) { return "#"; }
    std::string operator()(const parser::DropType&) { return "#"; }
    std::string operator()(const parser::ControlQuery&) { return "#"; }
    std::string operator()(const parser::ServeModel&) { return "#"; }
    std::string operator()(const parser::StopServing&) { return "#"; }
  } visitor;
  return std::visit(
      [&](const auto& node) -> std::string {
        if constexpr (requires { visitor(node); }) {
          return visitor(node);
        } else {
          return "";
        }
      },
      statement.node);
}

}  // namespace auspex::queries
