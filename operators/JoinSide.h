// SPDX-License-Identifier: Apache-2.0
// What joins of two changing inputs share: their kinds, what is kept of each side, and the order in
// which the rows of both are walked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/Topology.h"
#include "operators/data/Arena.h"
#include "operators/data/KeyCodec.h"
#include "operators/data/RowCodec.h"
#include "operators/data/SqlType.h"

namespace auspex::operators {

/// Which rows a join gives that have no partner on the other side.
enum class JoinKind : uint8_t { Inner, Left, Right, Full };

/// "inner", "left", ...
const char* nameOf(JoinKind kind);

/// What is kept of one side of a join.
struct JoinSide {
  std::string store;
  size_t key = 0;                   ///< column of the side
  std::vector<size_t> keptColumns;  ///< columns that are used; others stay null pointers
  std::vector<SqlType> types;       ///< of all columns of the side
  std::vector<size_t> equal = {};   ///< columns that have to be equal besides
};

/// Its key columns, in the order of the key's bytes: `key`, then `equal`.
std::vector<size_t> keyColumnsOf(const JoinSide& side);

/// A row as joins store it: its timestamp (8 bytes, highest first), then its typed row. Without
/// data where there is none.
using StampedRow = std::string_view;

int64_t timeOf(StampedRow row);
/// The typed row behind the timestamp.
std::string_view rowOf(StampedRow row);

/// Rows of a side to bytes and back. Any thread.
class JoinSideCodec {
 public:
  /// `side` outlives this.
  explicit JoinSideCodec(const JoinSide& side);

  /// Per row the bytes of its key, and the typed row of the kept columns.
  void encode(const Batch& input, Arena& arena, std::vector<std::string_view>& keys,
              std::vector<std::string_view>& rows) const;
  /// The same, with the rows' timestamps.
  void encodeStamped(const Batch& input, Arena& arena, std::vector<std::string_view>& keys,
                     std::vector<StampedRow>& rows) const;
  /// Appends all columns of the side; rows without data give NULLs.
  void decodeTo(std::span<const std::string_view> rows, const Owner& owner,
                std::vector<ColumnPtr>& columns) const;

 private:
  const JoinSide& side_;
  KeyCodec keyCodec_;
  RowCodec rowCodec_;
};

/// Calls visit(side, row) for the rows of both inputs in the order of the records that they come
/// from; of a record that reaches both sides, the left one first.
template <typename Visit>
void walkByDrawIndex(std::span<const Batch> inputs, Visit visit) {
  size_t next[2] = {0, 0};
  while (next[0] < inputs[0].numRows || next[1] < inputs[1].numRows) {
    const bool isRight = next[0] == inputs[0].numRows ||
                         (next[1] < inputs[1].numRows &&
                          inputs[1].drawIndex[next[1]] < inputs[0].drawIndex[next[0]]);
    const size_t side = isRight ? 1 : 0;
    visit(side, next[side]++);
  }
}

}  // namespace auspex::operators
