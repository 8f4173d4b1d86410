// SPDX-License-Identifier: Apache-2.0
// What the models of a task stand for: changed only between two commits, recorded with the inputs'
// offsets in a topic of the query, and changed at the same offsets again when rows are repeated.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/brokers/Broker.h"
#include "engine/runtime/Job.h"
#include "operators/models/ModelRegistry.h"

namespace auspex::engine {

/// One change of what a model stands for in a task.
struct ModelSwap {
  uint64_t sequence = 0;                      ///< counts the swaps of the task from 1
  std::string reference;                      ///< as the query names the model
  std::optional<operators::ModelRoute> from;  ///< absent: the first that served
  operators::ModelRoute to;
  Offsets at;  ///< of every input: the first record that is scored by `to`

  /// As a record of the topic: docs/stateLayout.md, "Model swaps".
  std::string key() const;
  std::string toText() const;
  /// Nothing when the text is none.
  static std::optional<ModelSwap> fromText(std::string_view text);
};

/// Belongs to a task and its thread.
///
///   repeating --(all recorded swaps passed)--> serving --swap--> serving
///       ^----------------(goBackTo before a recorded swap)---------'
class ModelSwaps {
 public:
  /// topic: where swaps are recorded, in the partition of the task's number; empty: nowhere.
  ModelSwaps(Broker& broker, const std::vector<operators::ModelUse>& uses, TopicPartition topic,
             std::string taskName);

  /// Reads what was recorded and begins at these positions. Throws BrokerError (Fatal: a version
  /// that is needed is not there any more, or the record is damaged).
  void open(const Offsets& positions);
  /// After an aborted transaction, or a start: what has served at these positions serves again.
  void goBackTo(const Offsets& positions);

  /// What a model stands for; the reference stays good as long as this object.
  const std::shared_ptr<const operators::ServedModel>& served(const std::string& reference) const;

  /// Rows are read that were scored before: draws end where a swap is recorded.
  bool isRepeating() const { return nextSwap_ < history_.size(); }
  /// Before a draw while repeating: passes the swaps that lie at or before these positions.
  void advanceTo(const Offsets& positions);
  /// While repeating: the offset of the input that no draw may reach yet.
  std::optional<int64_t> limitOf(const TopicPartition& input) const;

  /// Something else is to serve from now on. Costs an atomic read when nothing has changed.
  bool wantsSwap();
  /// Takes it over; nothing may be uncommitted.
  void swap();

  /// Writes the swaps since the last commit, which lie at its offsets, into the transaction.
  void prepare(TransactionWriter& writer, const Offsets& lastCommit);
  void committed();

 private:
  struct Served {
    operators::ModelUse use;
    bool isPinned = false;
    std::shared_ptr<const operators::ServedModel> inForce;
    std::optional<operators::ModelRoute> recorded;
  };

  void readHistory();
  /// isNeeded: rows were scored by it that are read again.
  void serveRecorded(Served& served, bool isNeeded);
  /// What should serve now; null when the query cannot take it or there is nothing any more.
  std::shared_ptr<const operators::ServedModel> newest(const Served& served) const;
  [[noreturn]] void fail(const std::string& message) const;

  Broker& broker_;
  const TopicPartition topic_;
  const std::string taskName_;
  std::vector<Served> served_;
  std::vector<ModelSwap> history_;  // in order
  size_t nextSwap_ = 0;             // of history_: the first that is not passed
  std::vector<ModelSwap> written_;  // in the open transaction
  uint64_t seenChanges_ = 0;        // of the registry
};

}  // namespace auspex::engine
