// SPDX-License-Identifier: Apache-2.0
// An operator: what happens to the rows of one draw. It belongs to one task and one thread.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "operators/data/Assert.h"
#include "operators/data/Batch.h"
#include "operators/data/Draw.h"
#include "operators/data/RowErrors.h"

namespace auspex::operators {

/// What an operator sees besides its inputs while one draw goes through a task.
struct DrawContext {
  const Draw& draw;
  RowErrors& errors;
};

/// Timestamp of "time has gone to infinity": the flush after the end of finite inputs.
inline constexpr int64_t kEndOfTime = std::numeric_limits<int64_t>::max();

/// Turns the batches of its inputs into one output batch, once per draw.
///
/// All sides of a draw come in one call; an operator with several inputs walks them by drawIndex,
/// so that the result is that of processing record by record (law of batches). Output rows are
/// ordered by drawIndex. It never waits, and reports failing rows in context.errors, never by
/// exception.
class Operator {
 public:
  virtual ~Operator() = default;

  /// inputs: one batch per input of the node, in the topology's order; an input without rows in
  /// this draw has numRows == 0. They may be moved from. Sinks return an empty batch.
  virtual Batch process(std::span<Batch> inputs, DrawContext& context) = 0;

  /// Time has gone to infinity: gives out what still waited for time (open windows, outer rows).
  virtual Batch flush(DrawContext&) { return {}; }
};

/// An operator whose output comes later, since somebody else works for it (a model server). The
/// task hands it one draw after the other and goes on with a draw when its output is there, in the
/// same order. What it has taken is not state: it is forgotten and handed over again at will.
class LateOperator : public Operator {
 public:
  /// Whether another draw should wait until some of its work is done. False when it has none.
  virtual bool isFull() const = 0;
  /// Takes a draw's inputs, as process(). `context` is that of the draw and dies with the call.
  virtual void submit(std::span<Batch> inputs, DrawContext& context) = 0;
  /// The output of the draw that was submitted first of those not given out, once it is there.
  /// context: of that draw. Throws ModelError when the query cannot go on.
  virtual std::optional<Batch> poll(DrawContext& context) = 0;
  /// The draw whose output was given out first of those not concluded is done, after all others
  /// before it: what belongs to it may be written. context: of that draw.
  virtual void conclude(DrawContext& context) = 0;
  /// Drops all that was submitted and not concluded.
  virtual void forget() = 0;

  /// Not for these (asserted).
  Batch process(std::span<Batch>, DrawContext&) final {
    AUSPEX_ASSERT(false);
    return {};
  }
};

}  // namespace auspex::operators
