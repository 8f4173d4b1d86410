// SPDX-License-Identifier: Apache-2.0
// How a query runs: immutable descriptions of operators, stores and topics, split into
// sub-topologies where data is repartitioned. The engine makes one task per sub-topology and
// partition.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "operators/Operator.h"
#include "operators/StateTable.h"
#include "operators/models/ModelRegistry.h"
#include "operators/ports/RecordChannel.h"
#include "stateStore/KeyValueStore.h"

namespace auspex::operators {

/// What an operator may ask of the task it is created in. References live as long as the task.
class TaskServices {
 public:
  virtual ~TaskServices() = default;
  /// The partition number of the task.
  virtual int32_t partition() const = 0;
  /// A store named in the sub-topology's list (asserted).
  virtual stateStore::KeyValueStore& store(const std::string& name) = 0;
  /// A channel to a sink topic of the sub-topology.
  virtual RecordChannel& channel(const std::string& topic) = 0;
  /// So far at most a row moves the time of an operator, in milliseconds.
  virtual int64_t maxTimeStep() const { return std::numeric_limits<int64_t>::max(); }
  /// What a model of the sub-topology's list (asserted) stands for: the pointer that is read
  /// changes between draws only, the reference stays good as long as the task.
  virtual const std::shared_ptr<const ServedModel>& servedModel(const std::string& reference) = 0;
  /// What a LateOperator calls, from any thread and for as long as it likes, when poll() may have
  /// something new.
  virtual std::function<void()> waker() { return {}; }
};

/// Immutable recipe of one operator; shared by all tasks. Any thread.
class OperatorDescription {
 public:
  virtual ~OperatorDescription() = default;
  virtual std::unique_ptr<Operator> create(TaskServices& services) const = 0;
  /// It makes a LateOperator. Before such a one, within its sub-topology, nothing may keep state or
  /// write: that would be done for draws whose offsets are not committed yet.
  virtual bool answersLater() const { return false; }
  /// One line for EXPLAIN: `Filter(AMOUNT > 0)`.
  virtual std::string toString() const = 0;
  /// How the table that the operator gives out is read back from its stores; null when it keeps
  /// none. The description outlives it.
  virtual std::unique_ptr<const StateTable> stateTable() const { return nullptr; }
};

struct TopologyNode {
  std::vector<size_t> inputs;  ///< indexes of earlier nodes of the same sub-topology
  std::shared_ptr<const OperatorDescription> description;
};

/// An input topic of a sub-topology. Its index in SubTopology::sources is DrawnRecord::source.
struct SourceTopic {
  std::string topic;
  bool internal = false;  ///< written by the engine itself: damage in it stops the query
};

/// A store of a sub-topology; its changelog key prefix is its position in the list.
struct StoreDescription {
  std::string name;
  uint64_t fingerprint = 0;  ///< of the row layout; a newer plan must not misread it
};

/// An output topic; internal ones (repartition) are created by the engine.
struct SinkTopic {
  std::string topic;
  bool internal = false;
  int32_t numPartitions = 0;  ///< for internal ones: to create with
  /// It holds the changes of a table by key: of those of one commit the last may be enough.
  bool isTable = false;
};

struct SubTopology {
  std::vector<SourceTopic> sources;  ///< co-partitioned; the first one is the group's anchor
  std::vector<TopologyNode> nodes;   ///< inputs come before their users
  std::vector<StoreDescription> stores;
  std::vector<SinkTopic> sinks;
  std::vector<ModelUse> models;  ///< that its operators score with, each reference once
};

/// Immutable graph of a query, sub-topologies in data-flow order.
struct Topology {
  std::string queryId;
  std::vector<SubTopology> parts;
  std::string deadLetterTopic;  ///< where rows that cannot be processed go
};

/// Prints all parts as an indented tree, sinks first (EXPLAIN).
std::string toString(const Topology& topology);

}  // namespace auspex::operators
