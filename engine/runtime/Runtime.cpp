// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/Runtime.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/brokers/EnsureTopic.h"
#include "engine/runtime/ErasedRows.h"
#include "operators/data/Assert.h"
#include "operators/models/rpc/RemoteModel.h"

namespace auspex::engine {
namespace {

/// Where the calls of a part ask, by any version that there is. Who serves such a topic in the same
/// program has to live as long as they do.
std::set<std::string> requestTopicsOf(const operators::SubTopology& part) {
  std::set<std::string> topics;
  for (const operators::ModelUse& use : part.models) {
    const auto snapshot = use.registry->snapshot();
    const auto model = snapshot->find(operators::parseModelReference(use.reference).name);
    if (model == snapshot->end()) {
      continue;
    }
    for (const auto& [number, version] : model->second->versions) {
      const auto* const remote = dynamic_cast<const operators::RemoteModel*>(version.get());
      if (remote != nullptr && operators::isThroughTopics(remote->options().protocol)) {
        topics.insert(remote->options().requestTopic);
      }
    }
  }
  for (const operators::SourceTopic& source : part.sources) {
    topics.erase(source.topic);  // one that asks itself would never end
  }
  return topics;
}

}  // namespace

Runtime::Runtime(Broker& broker, RuntimeSettings settings)
    : broker_(broker), settings_(std::move(settings)), ends_(broker) {
  const int numThreads = std::max(1, settings_.numThreads);
  for (int i = 0; i < numThreads; ++i) {
    const auto onFailure = [this](const JobFailure& failure) {
      {
        const std::lock_guard lock(mutex_);
        if (!failure_) {
          failure_ = failure;
        }
      }
      wakeup_->notify();
    };
    // Without threads one wakeup serves all, so that the owner can sleep on it.
    auto wakeup = settings_.numThreads == 0 ? wakeup_ : std::make_shared<Wakeup>();
    threads_.push_back(std::make_unique<TaskThread>(
        broker_, fmt::format("{}-{}-{}", settings_.serviceId, settings_.instanceId, i),
        settings_.commit, std::move(wakeup), onFailure));
    if (settings_.numThreads > 0) {
      threads_.back()->start();
    }
  }
}

Runtime::~Runtime() {
  stop();
}

std::string Runtime::groupOf(const std::string& serviceId, const std::string& queryId) {
  return fmt::format("{}-{}", serviceId, queryId);
}

std::string Runtime::changelogTopic(const std::string& serviceId, const std::string& queryId,
                                    size_t part) {
  return fmt::format("{}-{}-{}-changelog", serviceId, queryId, part);
}

std::string Runtime::modelsTopic(const std::string& serviceId, const std::string& queryId,
                                 size_t part) {
  return fmt::format("{}-{}-{}-models", serviceId, queryId, part);
}

void Runtime::createInternalTopics(const operators::Topology& topology, Query& query) {
  for (const operators::SubTopology& part : topology.parts) {
    for (const operators::SinkTopic& sink : part.sinks) {
      if (sink.internal) {
        ensureTopic(broker_, {sink.topic,
                              sink.numPartitions,
                              -1,
                              {{"retention.ms", "-1"}, {"cleanup.policy", "delete"}}});
      }
    }
  }
  for (size_t i = 0; i < topology.parts.size(); ++i) {
    const operators::SubTopology& part = topology.parts[i];
    query.parts.push_back(std::make_unique<Part>());
    Part& running = *query.parts.back();
    for (const operators::SourceTopic& source : part.sources) {
      const std::optional<TopicDescription> topic = broker_.topic(source.topic);
      if (!topic) {
        throw std::runtime_error(
            fmt::format("{}: topic '{}' does not exist", topology.queryId, source.topic));
      }
      if (running.numPartitions == 0) {
        running.numPartitions = topic->numPartitions;
      } else if (running.numPartitions != topic->numPartitions) {
        throw std::runtime_error(fmt::format(
            "{}: inputs must have equal numbers of partitions: '{}' has {}, '{}' has {}",
            topology.queryId, part.sources[0].topic, running.numPartitions, source.topic,
            topic->numPartitions));
      }
    }
    if (!part.stores.empty()) {
      running.changelogTopic = changelogTopic(settings_.serviceId, topology.queryId, i);
      // The records of a store that is alone may be deleted once they are over: windows' are.
      ensureCompacted(running.changelogTopic, running, topology.queryId,
                      part.stores.size() == 1 ? "compact,delete" : "compact");
    }
    if (!part.models.empty()) {
      running.modelsTopic = modelsTopic(settings_.serviceId, topology.queryId, i);
      ensureCompacted(running.modelsTopic, running, topology.queryId, "compact");
    }
  }
}

/// A topic of the engine's own, with a partition for each task of the part.
void Runtime::ensureCompacted(const std::string& topic, const Part& part,
                              const std::string& queryId, const std::string& policy) {
  const std::chrono::milliseconds erasedKept = kErasedRowsKept;
  const TopicDescription known =
      ensureTopic(broker_, {topic,
                            part.numPartitions,
                            -1,
                            {{"cleanup.policy", policy},
                             {"retention.ms", "-1"},
                             {"retention.bytes", "-1"},
                             {"delete.retention.ms", std::to_string(erasedKept.count())}}});
  if (known.numPartitions != part.numPartitions) {
    throw std::runtime_error(fmt::format("{}: '{}' has {} partitions, its inputs have {}", queryId,
                                         topic, known.numPartitions, part.numPartitions));
  }
}

void Runtime::declareWriters(const operators::Topology& topology) {
  // A query that is started again goes on with what it has declared and not finished.
  const std::set<size_t> declared = std::exchange(stillDeclared_[topology.queryId], {});
  for (size_t part = 0; part < topology.parts.size(); ++part) {
    if (declared.contains(part)) {
      continue;
    }
    for (const operators::SinkTopic& sink : topology.parts[part].sinks) {
      ends_.addWriter(sink.topic);
    }
    const std::set<std::string> requests = requestTopicsOf(topology.parts[part]);
    for (const std::string& topic : requests) {
      ends_.addWriter(topic);
    }
    declaredRequests_[topology.queryId][part] = requests;
  }
}

void Runtime::declareWriters(const std::vector<std::string>& topics) {
  for (const std::string& topic : topics) {
    ends_.addWriter(topic);
  }
}

void Runtime::startQuery(std::shared_ptr<const operators::Topology> topology, bool parked) {
  auto query = std::make_unique<Query>();
  query->parked = parked;
  query->topology = std::move(topology);
  query->group = groupOf(settings_.serviceId, query->topology->queryId);
  createInternalTopics(*query->topology, *query);
  MembershipSpec membership{query->group, {}, settings_.instanceId, wakeup_};
  for (const operators::SubTopology& part : query->topology->parts) {
    membership.anchorTopics.push_back(part.sources[0].topic);
  }
  for (size_t part = 0; !parked && part < query->parts.size(); ++part) {
    query->parts[part]->requestTopics = declaredRequests_[query->topology->queryId][part];
  }
  unfinished_ += parked ? 0 : static_cast<int>(query->parts.size());
  query->membership = broker_.join(membership);
  queries_.push_back(std::move(query));
  serveMembership(*queries_.back());
}

void Runtime::startTransient(std::shared_ptr<const operators::Topology> topology, OffsetReset reset,
                             std::function<void()> onFinished) {
  AUSPEX_ASSERT(topology->parts.size() == 1);
  TaskAssignment assignment;
  for (size_t source = 0; source < topology->parts[0].sources.size(); ++source) {
    const std::string& name = topology->parts[0].sources[source].topic;
    const std::optional<TopicDescription> topic = broker_.topic(name);
    if (!topic) {
      throw std::runtime_error(fmt::format("topic '{}' does not exist", name));
    }
    for (int32_t partition = 0; partition < topic->numPartitions; ++partition) {
      assignment.inputs.push_back({static_cast<uint32_t>(source), {name, partition}});
    }
  }
  assignment.topology = std::move(topology);
  assignment.counters = std::make_shared<QueryCounters>();
  // Settings of its own, kept alive with the job.
  auto settings = std::make_shared<TaskSettings>(settings_.task);
  settings->offsetReset = reset;
  settings->stateDirectory = nullptr;
  TaskThread& thread = threadFor(nextThread_++);
  auto task =
      std::make_unique<Task>(broker_, ends_, *settings, std::move(assignment), thread.wakeup());
  ++unfinished_;
  thread.add(std::move(task), [this, settings, finished = std::move(onFinished)] {
    --unfinished_;
    if (finished) {
      finished();
    }
    wakeup_->notify();
  });
}

void Runtime::startJob(std::unique_ptr<Job> job, const std::vector<std::string>& writes) {
  ++unfinished_;
  threadFor(nextThread_++).add(std::move(job), [this, writes] {
    for (const std::string& topic : writes) {
      ends_.writerFinished(topic);
    }
    --unfinished_;
    notifyAll();
  });
}

void Runtime::serveMembership(Query& query) {
  while (std::optional<Membership::Change> change = query.membership->poll()) {
    if (!change->revoked.empty()) {
      removeTasks(query, change->revoked);
      query.membership->confirm();
    }
    for (const TopicPartition& anchor : change->assigned) {
      for (size_t part = 0; part < query.parts.size(); ++part) {
        if (query.topology->parts[part].sources[0].topic == anchor.topic) {
          addTask(query, part, anchor.partition);
        }
      }
    }
  }
}

void Runtime::addTask(Query& query, size_t part, int32_t partition) {
  TaskAssignment assignment;
  assignment.topology = query.topology;
  assignment.part = part;
  assignment.partition = partition;
  const auto& sources = query.topology->parts[part].sources;
  for (size_t source = 0; source < sources.size(); ++source) {
    assignment.inputs.push_back(
        {static_cast<uint32_t>(source), {sources[source].topic, partition}});
  }
  assignment.group = query.group;
  assignment.membership = query.membership.get();
  assignment.changelogTopic = query.parts[part]->changelogTopic;
  assignment.modelsTopic = query.parts[part]->modelsTopic;
  assignment.counters = query.counters;
  assignment.parked = query.parked;
  std::function<void()> onFinished;
  if (!query.parked) {
    onFinished = [this, &query, part] { taskFinished(query, part); };
  }
  TaskThread& thread = threadFor(partition);
  thread.add(std::make_unique<Task>(broker_, ends_, settings_.task, std::move(assignment),
                                    thread.wakeup()),
             std::move(onFinished));
}

void Runtime::taskFinished(Query& query, size_t part) {
  if (++query.parts[part]->finishedTasks != query.parts[part]->numPartitions) {
    return;
  }
  for (const operators::SinkTopic& sink : query.topology->parts[part].sinks) {
    ends_.writerFinished(sink.topic);
  }
  for (const std::string& topic : query.parts[part]->requestTopics) {
    ends_.writerFinished(topic);
  }
  ++query.finishedParts;
  --unfinished_;
  notifyAll();
}

void Runtime::removeTasks(Query& query, const std::vector<TopicPartition>& anchors) {
  const auto isGone = [&](const Job& job) {
    const auto* const task = dynamic_cast<const Task*>(&job);
    if (task == nullptr || task->assignment().topology != query.topology) {
      return false;
    }
    const TopicPartition& anchor = task->assignment().inputs[0].second;
    return std::find(anchors.begin(), anchors.end(), anchor) != anchors.end();
  };
  for (const std::unique_ptr<TaskThread>& thread : threads_) {
    thread->remove(isGone);
  }
}

void Runtime::stopQuery(const std::string& queryId) {
  const auto query = std::find_if(queries_.begin(), queries_.end(), [&](const auto& other) {
    return other->topology->queryId == queryId;
  });
  if (query == queries_.end()) {
    return;
  }
  const auto isOf = [&](const Job& job) {
    const auto* const task = dynamic_cast<const Task*>(&job);
    return task != nullptr && task->assignment().topology == (*query)->topology;
  };
  for (const std::unique_ptr<TaskThread>& thread : threads_) {
    thread->remove(isOf);
  }
  (*query)->membership->leave();
  if (!(*query)->parked) {
    for (size_t part = 0; part < (*query)->parts.size(); ++part) {
      const Part& stopped = *(*query)->parts[part];
      if (stopped.finishedTasks.load() != stopped.numPartitions) {
        stillDeclared_[queryId].insert(part);
      }
    }
    unfinished_ -= static_cast<int>((*query)->parts.size()) - (*query)->finishedParts.load();
  }
  queries_.erase(query);
}

void Runtime::stopJob(const std::string& name) {
  for (const std::unique_ptr<TaskThread>& thread : threads_) {
    thread->remove([&](const Job& job) { return job.name() == name; });
  }
}

void Runtime::stopTransient(const std::string& queryId) {
  for (const std::unique_ptr<TaskThread>& thread : threads_) {
    thread->remove([&](const Job& job) {
      const auto* const task = dynamic_cast<const Task*>(&job);
      return task != nullptr && task->assignment().topology->queryId == queryId;
    });
  }
}

bool Runtime::transientCaughtUp(const std::string& queryId) {
  bool caughtUp = false;
  for (const std::unique_ptr<TaskThread>& thread : threads_) {
    thread->remove([&](const Job& job) {
      const auto* const task = dynamic_cast<const Task*>(&job);
      caughtUp = caughtUp || (task != nullptr && task->caughtUp() &&
                              task->assignment().topology->queryId == queryId);
      return false;
    });
  }
  return caughtUp;
}

bool Runtime::poll() {
  for (const std::unique_ptr<Query>& query : queries_) {
    serveMembership(*query);
  }
  bool worked = false;
  if (settings_.numThreads == 0) {
    for (const std::unique_ptr<TaskThread>& thread : threads_) {
      worked = thread->step() || worked;
    }
    if (!worked) {
      // Nothing left to do now: commit, so that what depends on committed results goes on.
      for (const std::unique_ptr<TaskThread>& thread : threads_) {
        thread->commit();
      }
    }
  }
  const std::lock_guard lock(mutex_);
  if (failure_) {
    throw std::runtime_error(fmt::format("{}: {}", failure_->job, failure_->message));
  }
  return worked;
}

bool Runtime::isWaiting() const {
  bool isWaiting = false;
  for (const std::unique_ptr<TaskThread>& thread : threads_) {
    thread->inspect([&](const Job& job) { isWaiting = isWaiting || job.isWaiting(); });
  }
  return isWaiting;
}

bool Runtime::allFinished() const {
  return unfinished_.load() == 0;
}

std::vector<QueryReport> Runtime::reports() const {
  std::vector<QueryReport> reports;
  for (const std::unique_ptr<Query>& query : queries_) {
    reports.push_back({query->topology->queryId, query->counters,
                       query->finishedParts == static_cast<int>(query->parts.size())});
  }
  return reports;
}

std::vector<std::shared_ptr<const stateStore::StateSnapshot>> Runtime::snapshots(
    const std::string& queryId) {
  std::vector<std::shared_ptr<const stateStore::StateSnapshot>> found;
  const auto collect = [&](const Job& job) {
    const auto* const task = dynamic_cast<const Task*>(&job);
    if (task != nullptr && task->assignment().topology->queryId == queryId) {
      if (auto snapshot = task->snapshot()) {
        found.push_back(std::move(snapshot));
      }
    }
    return false;
  };
  for (const std::unique_ptr<TaskThread>& thread : threads_) {
    thread->remove(collect);
  }
  return found;
}

size_t Runtime::numTasks(const std::string& queryId, size_t part) const {
  for (const std::unique_ptr<Query>& query : queries_) {
    if (query->topology->queryId == queryId && part < query->parts.size()) {
      return static_cast<size_t>(query->parts[part]->numPartitions);
    }
  }
  return 0;
}

std::vector<TaskSnapshot> Runtime::taskSnapshots(const std::string& queryId, size_t part) {
  std::vector<TaskSnapshot> found;
  for (const std::unique_ptr<TaskThread>& thread : threads_) {
    thread->inspect([&](const Job& job) {
      const auto* const task = dynamic_cast<const Task*>(&job);
      if (task == nullptr || task->assignment().part != part ||
          task->assignment().topology->queryId != queryId) {
        return;
      }
      if (auto state = task->snapshot()) {
        found.push_back({task->assignment().partition, std::move(state)});
      }
    });
  }
  return found;
}

TaskThread& Runtime::threadFor(int32_t partition) {
  return *threads_[static_cast<size_t>(partition) % threads_.size()];
}

void Runtime::notifyAll() {
  for (const std::unique_ptr<TaskThread>& thread : threads_) {
    thread->wakeup()->notify();
  }
  wakeup_->notify();
}

void Runtime::stop() {
  // Tasks go before memberships, whose generation fences their last commit.
  for (const std::unique_ptr<TaskThread>& thread : threads_) {
    thread->stop();
  }
  for (const std::unique_ptr<Query>& query : queries_) {
    try {
      query->membership->leave();
    } catch (const std::exception& error) {
      // A broker that is gone must not end the process from a destructor.
      spdlog::warn("group={} leave failed: {}", query->group, error.what());
    }
  }
  if (!queries_.empty()) {
    finalReports_ = reports();
  }
  queries_.clear();
}

}  // namespace auspex::engine
