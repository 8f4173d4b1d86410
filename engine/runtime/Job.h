// SPDX-License-Identifier: Apache-2.0
// A unit of work on a TaskThread that takes part in its transactions: a task of a query, a file
// connector, a statement's inserts.
#pragma once

#include <string>
#include <vector>

#include "engine/brokers/Broker.h"

namespace auspex::engine {

/// The producer of a thread and whether a transaction is open on it. Jobs write through it, so that
/// the thread can replace the producer after a failure.
class TransactionWriter {
 public:
  virtual ~TransactionWriter() = default;
  /// Adds records to the thread's running transaction, beginning one when there is none.
  virtual void send(const std::string& topic,
                    std::span<const operators::OutgoingRecord> records) = 0;
};

/// Offsets of one group that go with a commit. `membership` fences; null for a group of our own.
struct GroupOffsets {
  Membership* membership = nullptr;
  std::string group;
  Offsets offsets;
};

/// Rows that connectors read or write in one work(): short enough for others to have their turn.
inline constexpr size_t kRowsPerStep = 2048;

/// All calls come from the thread the job was given to.
///
///   open --> work* --> prepare --> committed
///                  \-> aborted (back to the last commit)
class Job {
 public:
  virtual ~Job() = default;
  /// For messages: query and task, or connector.
  virtual std::string name() const = 0;
  /// Gets ready: restores state, finds its position. The thread's producer is initialised already.
  virtual void open(TransactionWriter& writer) = 0;
  /// Does a bounded piece of work; false when there is nothing to do now.
  virtual bool work() = 0;
  /// Waits for an answer from outside, which wakes the thread: work() has more to do then.
  virtual bool isWaiting() const { return false; }
  /// From now on one work() takes at most that many rows, where the job can choose.
  virtual void limitRows(size_t) {}
  /// The broker has refused what the last work(), of one row, wrote; aborted() was called since.
  /// The row is to become a dead letter when it comes again. False when the job cannot do that.
  virtual bool refuseLast(const std::string& /*reason*/) { return false; }
  /// Something is in the open transaction, or must be committed.
  virtual bool hasUncommitted() const = 0;
  /// Wants a commit now (memory, a full batch).
  virtual bool wantsCommit() const { return false; }
  /// Writes what belongs at the end of the transaction (changelog, marker, positions) and names the
  /// offsets that go with it.
  virtual void prepare(std::vector<GroupOffsets>& offsets) = 0;
  /// The broker has committed: applies state.
  virtual void committed() = 0;
  /// The transaction is gone: forgets everything since the last commit and goes back.
  virtual void aborted() = 0;
  /// After an ambiguous commit and fencing: did it happen? Nothing when this job cannot tell.
  virtual std::optional<bool> wasCommitted() = 0;
  /// All input is read, processed and committed; nothing more will come.
  virtual bool finished() const = 0;
  /// The thread ends in order, all is committed: keeps what the next start would have to do again.
  virtual void closing() {}
  /// Number of records the job itself has processed: for progress.
  virtual bool failed() const { return false; }
};

}  // namespace auspex::engine
