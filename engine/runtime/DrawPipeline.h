// SPDX-License-Identifier: Apache-2.0
// The operators of a part, and the draws on their way through them: one at a time, or several where
// an operator answers later.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "operators/Topology.h"

namespace auspex::engine {

/// A draw on its way through the nodes of a part, with all that belongs to it alone.
struct DrawInWork {
  operators::Draw draw;
  operators::RowErrors errors;
  std::vector<operators::Batch> outputs;  ///< per node
  std::vector<int64_t> positions;         ///< of the task's inputs, behind the draw
  size_t stage = 0;                       ///< that is to run next, or whose late operator has it
  size_t numBytes = 0;                    ///< of its records

  void clear();
};

/// Cuts the nodes into stages: each but the last ends in a late operator, and has what it depends
/// on. A draw runs through a stage without a stop, and is suspended between two of them. Draws are
/// suspended in the order in which they were drawn and never overtake one another, so every
/// operator sees them in that order. Only the last stage may keep state or write, hence nothing is
/// left of a suspended draw when it is dropped. Without late operators there is one stage, and
/// nothing is ever suspended. One thread.
class DrawPipeline {
 public:
  explicit DrawPipeline(const operators::SubTopology& part);

  /// Makes the operators anew; what was suspended is gone.
  void createOperators(operators::TaskServices& services);
  void dropOperators();
  bool hasOperators() const { return !operators_.empty(); }

  bool hasLateOperators() const { return stages_.size() > 1; }
  bool isWaiting() const { return !suspended_.empty(); }
  /// Whether another draw may be started.
  bool hasRoom() const;

  /// Where the next draw is built.
  DrawInWork& next() { return next_; }
  /// Runs the next draw up to its first late operator, or to its end. Returns whether it is done,
  /// and is the current one then; else it is suspended.
  bool start();
  /// Runs the first suspended draw that can go on through its next stage. Returns whether one
  /// could.
  bool resume();
  /// The draw that is being run, or has come to its end; null between start() or resume() that left
  /// none.
  const DrawInWork* current() const { return current_; }
  /// The current draw is over and taken note of.
  void finish();
  /// Drops all draws. Late operators forget theirs.
  void forgetDraws();

 private:
  struct Stage {
    std::vector<size_t> nodes;
    operators::LateOperator* last = nullptr;  // what it ends in; null: the end of the part
    size_t lastNode = 0;
  };

  void makeStages();
  /// Runs the draw's next stage. Returns whether it has come to its end.
  bool run(DrawInWork& work);
  void collectInputs(size_t node, std::vector<operators::Batch>& outputs);
  bool hasRoomAfter(const DrawInWork& work) const;

  const operators::SubTopology& part_;
  std::vector<std::unique_ptr<operators::Operator>> operators_;
  std::vector<Stage> stages_;
  std::vector<size_t> lastUser_;          // per node: the last one to run that reads its output
  std::vector<operators::Batch> inputs_;  // of the node that runs
  DrawInWork next_;
  std::deque<std::unique_ptr<DrawInWork>> suspended_;  // oldest first
  size_t suspendedRecords_ = 0;
  size_t suspendedBytes_ = 0;
  DrawInWork* current_ = nullptr;
};

}  // namespace auspex::engine
