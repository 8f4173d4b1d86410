// SPDX-License-Identifier: Apache-2.0
#include "engine/Engine.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

#include "engine/OnDemandTransport.h"
#include "engine/WallClock.h"
#include "engine/brokers/EnsureTopic.h"
#include "engine/requests/TopicTransport.h"
#include "operators/ResultOperator.h"
#include "operators/data/Assert.h"

namespace auspex::engine {
namespace {

/// Memory for RocksDB's blocks and memtables over all tasks.
constexpr int64_t kStateMemoryBytes = int64_t{128} << 20;
constexpr int64_t kLeastStateMemoryBytes = int64_t{4} << 20;
constexpr int kMaxThreads = 8;
/// How often registries are asked where the aliases lead that models follow.
constexpr int64_t kRegistryIntervalMs = 10'000;
/// How often the log is looked at for statements of other instances.
constexpr std::chrono::milliseconds kHearingInterval{500};

int64_t wholeNumber(const std::map<std::string, std::string>& properties, const std::string& name,
                    int64_t fallback) {
  const auto found = properties.find(name);
  if (found == properties.end()) {
    return fallback;
  }
  try {
    size_t used = 0;
    const int64_t value = std::stoll(found->second, &used);
    if (used == found->second.size() && value >= 0) {
      return value;
    }
  } catch (const std::exception&) {
    // Falls through to the message.
  }
  throw std::invalid_argument(
      fmt::format("--set {}={}: a whole number is expected", name, found->second));
}

}  // namespace

Engine::Engine(EngineOptions options)
    : options_(std::move(options)),
      home_(std::make_unique<BrokerHome>(options_)),
      broker_(home_->broker()),
      functions_(operators::makeBuiltinFunctions()) {
  options_.dataDirectory = home_->directory();
  open();
}

Engine::Engine(EngineOptions options, std::shared_ptr<Broker> broker,
               stateStore::StateDirectory* states)
    : options_(std::move(options)),
      testStates_(states),
      broker_(std::move(broker)),
      functions_(operators::makeBuiltinFunctions()) {
  open();
}

Engine::~Engine() {
  stop();
}

RuntimeSettings Engine::runtimeSettings() const {
  RuntimeSettings settings;
  settings.serviceId = options_.serviceId;
  settings.instanceId = instanceId();
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  const int wanted =
      options_.numThreads > 0 ? options_.numThreads : std::clamp(cores, 1, kMaxThreads);
  settings.numThreads = options_.numThreads < 0 ? 0 : wanted;
  const auto& given = options_.properties;
  settings.commit.interval =
      std::chrono::milliseconds(wholeNumber(given, "commit.interval.ms", 100));
  const auto order = given.find("auspex.test.commit.order");
  settings.commit.brokenOrder = order != given.end() && order->second == "broken";
  settings.commit.retryPause =
      std::chrono::milliseconds(wholeNumber(given, "auspex.test.retry.pause.ms", 50));
  settings.task.maxDrawRows =
      static_cast<size_t>(std::max<int64_t>(1, wholeNumber(given, "auspex.draw.rows", 1024)));
  settings.task.maxMergedBytes =
      static_cast<size_t>(std::max<int64_t>(0, wholeNumber(given, "cache.max.bytes.buffering", 0)));
  settings.task.maxTimeStep =
      wholeNumber(given, "auspex.time.step.max.ms", std::numeric_limits<int64_t>::max());
  settings.task.trustedStateAge = std::chrono::milliseconds(wholeNumber(
      given, "auspex.test.trusted.state.age.ms", settings.task.trustedStateAge.count()));
  settings.task.purgeInterval = std::chrono::milliseconds(
      wholeNumber(given, "auspex.test.purge.interval.ms", settings.task.purgeInterval.count()));
  settings.task.offsetReset = options_.offsetReset;
  settings.task.instanceId = instanceId();
  settings.task.stateDirectory = home_ ? &home_->states() : testStates_;
  const int64_t memory = std::max(
      kLeastStateMemoryBytes, wholeNumber(given, "auspex.state.memory.bytes", kStateMemoryBytes));
  settings.task.stateMemory =
      std::make_shared<stateStore::StateMemory>(static_cast<size_t>(memory));
  return settings;
}

/// --set is as SET, but for what is of the engine as a whole.
void Engine::takeProperties() {
  const auto reset = options_.properties.find("auto.offset.reset");
  if (reset != options_.properties.end()) {
    if (reset->second != "earliest" && reset->second != "latest") {
      throw std::invalid_argument(
          fmt::format("--set auto.offset.reset={}: earliest or latest is expected", reset->second));
    }
    options_.offsetReset =
        reset->second == "earliest" ? OffsetReset::Earliest : OffsetReset::Latest;
  }
}

std::shared_ptr<operators::HttpTransport> Engine::makeTransport() const {
  const auto rules = options_.properties.find("models.rpc.allow");
  try {
    return std::make_shared<OnDemandTransport>(rules == options_.properties.end()
                                                   ? AddressRules::standard()
                                                   : AddressRules::parse(rules->second));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(
        fmt::format("--set models.rpc.allow={}: {}", rules->second, error.what()));
  }
}

void Engine::open() {
  takeProperties();
  log_ = std::make_unique<BrokerCommandLog>(*broker_, options_.serviceId, instanceId());
  const stateStore::StateDirectory* const states = home_ ? &home_->states() : testStates_;
  std::unique_ptr<ModelTopic> modelTopic;
  if (!options_.bootstrapServers.empty()) {
    modelTopic = std::make_unique<ModelTopic>(*broker_, options_.serviceId, instanceId());
  }
  modelStore_ = std::make_unique<ModelStore>(
      states == nullptr ? std::filesystem::path() : states->root() / "models",
      std::move(modelTopic));
  runtime_ = std::make_unique<Runtime>(*broker_, runtimeSettings());
  queries::ExecutorSettings settings;
  settings.serviceId = options_.serviceId;
  settings.now = options_.clock ? options_.clock : wallClock;
  settings.defaultValueFormat = options_.defaultValueFormat;
  settings.countQueriesGlobally = options_.countQueriesGlobally;
  if (options_.addFunctions) {
    options_.addFunctions(functions_);
  }
  if (!options_.transport) {
    options_.transport = makeTransport();
  }
  executor_ = std::make_unique<queries::StatementExecutor>(
      queries::ExecutorPorts{*this, *this, *log_, *this, *modelStore_, options_.transport,
                             options_.makeTopicTransport
                                 ? options_.makeTopicTransport(broker_)
                                 : std::make_shared<TopicTransport>(broker_)},
      std::move(settings), functions_);
  const int64_t interval =
      wholeNumber(options_.properties, "models.refresh.interval.ms", kRegistryIntervalMs);
  registryWatch_ = std::make_unique<RegistryWatch>(
      *executor_, *options_.transport, std::chrono::milliseconds(std::max<int64_t>(interval, 1)),
      [this] { hearOthers(); });
  for (const auto& [name, value] : options_.properties) {
    if (name.starts_with("auspex.test.") || name == "models.rpc.allow" ||
        name == "models.refresh.interval.ms") {
      continue;
    }
    try {
      parser::ParsedStatement statement;
      statement.statement.node = parser::SetProperty{name, value};
      executor_->execute(statement);
    } catch (const queries::StatementError& error) {
      throw std::invalid_argument(fmt::format("--set {}={}: {}", name, value, error.what()));
    }
  }
  executor_->restore();
}

std::vector<queries::StatementResult> Engine::executeProgram(
    const std::vector<parser::ParsedStatement>& statements) {
  std::vector<queries::StatementResult> results;
  for (const parser::ParsedStatement& statement : statements) {
    results.push_back(executor_->executeOnce(statement));
  }
  return results;
}

void Engine::start() {
  // All writers are known before the first reader asks where a topic ends.
  for (const PendingQuery& query : pendingQueries_) {
    if (!query.parked) {
      runtime_->declareWriters(*query.topology);
    }
  }
  for (const ConnectorJob& connector : pendingConnectors_) {
    runtime_->declareWriters(connector.writes);
  }
  for (ConnectorJob& connector : std::exchange(pendingConnectors_, {})) {
    runtime_->startJob(std::move(connector.job), connector.writes);
  }
  for (PendingQuery& query : std::exchange(pendingQueries_, {})) {
    runtime_->startQuery(std::move(query.topology), query.parked);
  }
}

std::shared_ptr<const operators::Topology> Engine::startNextQuery() {
  if (pendingQueries_.empty()) {
    return nullptr;
  }
  const PendingQuery query = std::move(pendingQueries_.front());
  pendingQueries_.erase(pendingQueries_.begin());
  runtime_->declareWriters(*query.topology);
  runtime_->startQuery(query.topology, query.parked);
  return query.topology;
}

bool Engine::poll() {
  const auto now = std::chrono::steady_clock::now();
  if (now - lastHearing_ >= kHearingInterval) {
    lastHearing_ = now;
    hearOthers();
  }
  registryWatch_->poll();
  return runtime_->poll();
}

void Engine::hearOthers() {
  // The embedded broker has one process only.
  if (!options_.bootstrapServers.empty()) {
    hear();
  }
}

void Engine::hear() {
  try {
    const std::vector<queries::Command> commands = log_->readNew();
    for (const std::string& failure : executor_->hear(commands)) {
      spdlog::warn("a statement of another instance was not taken over: {}", failure);
    }
    if (!commands.empty()) {
      start();
    }
  } catch (const BrokerError& error) {
    spdlog::warn("the statements of other instances cannot be read: {}", error.what());
  }
}

bool Engine::allInputsFinite() const {
  if (hasEndlessConnector_) {
    return false;
  }
  if (options_.bootstrapServers.empty()) {
    return true;  // nobody else can write to the embedded broker meanwhile
  }
  return std::all_of(read_.begin(), read_.end(), [this](const std::string& topic) {
    return internallyWritten_.contains(topic);
  });
}

RunningSelect Engine::startSelect(const queries::TransientQuery& query, OutputFormat format,
                                  bool live, std::ostream& output, OffsetReset reset) {
  RunningSelect running;
  running.id = fmt::format("transient_{}_{}", query.plan.sources[0]->name, ++numSelects_);
  // A query that has been terminated since keeps no state: then the topic is read.
  const bool isPull = query.pull && runtime_->numTasks(query.pull->queryId, query.pull->part) > 0;
  queries::QueryPlan plan = query.plan;
  plan.isPull = isPull;
  plan.numHiddenKeys = isPull ? 0 : plan.numHiddenKeys;
  running.collector = std::make_shared<ResultCollector>(plan, format, live, output);
  running.finished = std::make_shared<std::atomic<bool>>(running.collector->isFull());
  if (running.collector->isFull()) {
    return running;
  }
  if (isPull) {
    running.pull = std::make_shared<PullRun>(*runtime_, query.pull, running.collector,
                                             [finished = running.finished] { *finished = true; });
    return running;
  }
  queries::SinkTarget sink;
  auto result = std::make_shared<operators::ResultDescription>();
  result->receiver = running.collector;
  sink.result = result;
  queries::TopologyOptions options = executor_->topologyOptions(running.id);
  options.singleTask = true;
  options.deadLetterTopic.clear();
  options.shadowTopic.clear();
  auto topology = std::make_shared<const operators::Topology>(
      queries::buildTopology(query.plan, sink, options));
  running.collector->onFull([finished = running.finished] { *finished = true; });
  runtime_->startTransient(std::move(topology), reset,
                           [finished = running.finished] { *finished = true; });
  return running;
}

void Engine::stopSelect(RunningSelect& select) {
  if (!select.pull) {
    runtime_->stopTransient(select.id);
  } else if (!select.finished->load()) {
    select.pull.reset();  // joins its thread
  }
}

void RunningSelect::check() const {
  const std::string failure = pull && finished->load() ? pull->failure() : "";
  if (!failure.empty()) {
    throw std::runtime_error(failure);
  }
}

std::optional<std::string> Engine::sinkTopicOf(const std::string& queryId) const {
  const auto query = executor_->catalog().queries.find(queryId);
  if (query == executor_->catalog().queries.end()) {
    return std::nullopt;
  }
  if (query->second->serving) {
    return query->second->serving->replyTopic;
  }
  const queries::DataSource* const sink = executor_->catalog().findSource(query->second->sink);
  return sink == nullptr ? std::nullopt : std::optional(sink->topic);
}

void Engine::stop() {
  if (runtime_) {
    runtime_->stop();
  }
}

std::optional<int32_t> Engine::numPartitions(const std::string& topic) {
  const std::optional<TopicDescription> description = broker_->topic(topic);
  return description ? std::optional(description->numPartitions) : std::nullopt;
}

void Engine::create(const queries::TopicRequest& request) {
  const TopicDescription topic = ensureTopic(
      *broker_, {request.name, request.numPartitions, request.replicas, request.config});
  if (topic.numPartitions != request.numPartitions) {
    throw BrokerError(BrokerErrorKind::Rejected,
                      fmt::format("Topic {} has been made by somebody else meanwhile, with {} "
                                  "partitions instead of {}.",
                                  request.name, topic.numPartitions, request.numPartitions));
  }
}

void Engine::remove(const std::string& topic) {
  broker_->deleteTopic(topic);
}

std::vector<std::string> Engine::list() {
  return broker_->topics();
}

void Engine::startQuery(std::shared_ptr<const operators::Topology> topology) {
  for (const operators::SubTopology& part : topology->parts) {
    for (const operators::SourceTopic& source : part.sources) {
      read_.insert(source.topic);
    }
    for (const operators::SinkTopic& sink : part.sinks) {
      internallyWritten_.insert(sink.topic);
    }
  }
  addPending({std::move(topology), false});
}

void Engine::parkQuery(std::shared_ptr<const operators::Topology> topology) {
  addPending({std::move(topology), true});
}

/// It takes the place of one of the same id.
void Engine::addPending(PendingQuery query) {
  const auto former = std::find_if(
      pendingQueries_.begin(), pendingQueries_.end(),
      [&](const auto& other) { return other.topology->queryId == query.topology->queryId; });
  if (former != pendingQueries_.end()) {
    *former = std::move(query);
    return;
  }
  runtime_->stopQuery(query.topology->queryId);
  pendingQueries_.push_back(std::move(query));
}

void Engine::stopQuery(const std::string& queryId) {
  std::erase_if(pendingQueries_,
                [&](const auto& query) { return query.topology->queryId == queryId; });
  runtime_->stopQuery(queryId);
}

std::string Engine::status(const std::string& queryId) {
  for (const QueryReport& report : runtime_->reports()) {
    if (report.queryId == queryId) {
      return report.finished ? "FINISHED" : "RUNNING";
    }
  }
  return "STARTING";
}

queries::QueryProgress Engine::progress(const operators::Topology& topology) {
  queries::QueryProgress progress;
  for (const QueryReport& report : runtime_->reports()) {
    if (report.queryId == topology.queryId) {
      progress.recordsIn = report.counters->rowsIn;
      progress.errors = report.counters->expressionErrors;
      progress.deadLetters = report.counters->deadLetters;
    }
  }
  const std::string& name = topology.parts[0].sources[0].topic;
  const std::optional<TopicDescription> topic = broker_->topic(name);
  std::vector<TopicPartition> partitions;
  for (int32_t i = 0; topic && i < topic->numPartitions; ++i) {
    partitions.push_back({name, i});
  }
  const Offsets committed =
      broker_->committedOffsets(Runtime::groupOf(options_.serviceId, topology.queryId), partitions);
  for (const TopicPartition& partition : partitions) {
    const auto done = committed.find(partition);
    const int64_t from = done == committed.end() ? broker_->beginOffset(partition) : done->second;
    progress.lag += broker_->endOffset(partition, Isolation::ReadCommitted) - from;
  }
  return progress;
}

ConnectorContext Engine::connectorContext() {
  // Connectors share a wakeup of their own: their threads look after them at least every idle wait.
  return {*broker_, runtime_->ends(), options_.serviceId, std::make_shared<Wakeup>(),
          [this](const std::string& topic) -> std::shared_ptr<const queries::DataSource> {
            for (const auto& [name, source] : executor_->catalog().sources) {
              if (source->topic == topic) {
                return source;
              }
            }
            return nullptr;
          }};
}

void Engine::checkConnector(const queries::ConnectorDefinition& connector) {
  engine::checkConnector(connector);
}

void Engine::startConnector(const queries::ConnectorDefinition& connector) {
  ConnectorJob job = makeConnector(connector, connectorContext());
  hasEndlessConnector_ = hasEndlessConnector_ || !job.finite;
  internallyWritten_.insert(job.writes.begin(), job.writes.end());
  if (!connector.isSource) {
    sinkFiles_.push_back({connector.name, job.path});
  } else {
    sourceFiles_.push_back({connector.name, job.path, job.counters});
  }
  pendingConnectors_.push_back(std::move(job));
}

void Engine::stopConnector(const std::string& name) {
  runtime_->stopJob(name);
}

std::string Engine::basePath() {
  // The folder of a program given by its bare name is the empty path: the current folder.
  const std::filesystem::path& base = options_.basePath;
  return std::filesystem::absolute(base.empty() ? "." : base).lexically_normal().string();
}

}  // namespace auspex::engine
