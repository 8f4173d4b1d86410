// SPDX-License-Identifier: Apache-2.0
// Between two parts of a query: rows go to a topic and come back from it just as they were, in the
// same partition and order, so that what follows begins with rows of the log and no state.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operators/Topology.h"

namespace auspex::operators {

/// Writes the kept columns of its rows into the task's own partition of the topic, without a key.
/// The value is a byte of flags (1 there is a new side, 2 an old side follows, 4 it is there), the
/// typed row, and of two the first comes with its length.
struct RelaySinkDescription final : OperatorDescription {
  std::string topic;
  std::vector<size_t> kept;        ///< positions of the columns that travel
  std::vector<SqlType> keptTypes;  ///< parallel

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

/// Reads what a RelaySink wrote, each column at its old position. Damage throws: the topic is the
/// engine's own.
struct RelaySourceDescription final : OperatorDescription {
  uint32_t source = 0;
  std::string topic;
  size_t numColumns = 0;
  std::vector<size_t> kept;
  std::vector<SqlType> keptTypes;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

}  // namespace auspex::operators
