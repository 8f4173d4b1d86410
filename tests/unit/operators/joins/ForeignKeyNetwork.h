// SPDX-License-Identifier: Apache-2.0
// The operators of a foreign key join over several partitions, with queues between them that are
// emptied as the test likes: how topics and tasks behave, without them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "operators/ForeignKeyJoin.h"
#include "stateStore/TaskState.h"

namespace auspex::operators {

/// A left row without its key: a value, and the foreign key or none.
using LeftRow = std::pair<int64_t, std::optional<int64_t>>;
/// A result without its key: the left row's value, the right row's key and value or none.
using ResultRow = std::pair<int64_t, std::optional<std::pair<int64_t, int64_t>>>;

class ForeignKeyNetwork {
 public:
  static constexpr size_t kNumLeft = 2;   // partitions of the left table
  static constexpr size_t kNumRight = 3;  // of the right one

  ForeignKeyNetwork(JoinKind kind, bool emitOld);

  /// Changes of the tables; no row: it is deleted.
  void changeLeft(int64_t id, const std::optional<LeftRow>& row);
  void changeRight(int64_t id, std::optional<int64_t> value);
  /// Moves up to `count` messages of the queue of this number on, as one draw; returns whether
  /// there were any.
  bool deliver(size_t queue, size_t count);
  static constexpr size_t numQueues() { return 2 * kNumLeft * kNumRight; }

  /// What the changes of the result make.
  const std::map<int64_t, ResultRow>& result() const { return result_; }
  /// Old sides of changes that were not what the result was.
  size_t numWrongOldSides() const { return numWrongOldSides_; }
  /// Rows in the stores of the result.
  size_t numRemembered();

 private:
  struct Node {
    std::unique_ptr<stateStore::TaskState> state;
    std::unique_ptr<Operator> operation;
  };
  using Queue = std::deque<Batch>;  // of one row each

  Node makeNode(const OperatorDescription& description, const std::vector<std::string>& stores);
  void send(const Batch& messages, size_t from, bool isAnswer);
  void takeResult(const Batch& changes);

  ForeignKeySubscribeDescription subscribe_;
  ForeignKeyLookupDescription lookup_;
  ForeignKeyResultDescription making_;
  std::vector<Node> left_;
  std::vector<Node> right_;
  std::vector<Node> results_;
  std::vector<Queue> queues_;
  std::map<int64_t, ResultRow> result_;
  size_t numWrongOldSides_ = 0;
};

}  // namespace auspex::operators
