// SPDX-License-Identifier: Apache-2.0
#include "operators/JoinSide.h"

#include "operators/TableOperators.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {
namespace {

constexpr size_t kTimeBytes = 8;

}  // namespace

std::vector<size_t> keyColumnsOf(const JoinSide& side) {
  std::vector<size_t> columns = {side.key};
  columns.insert(columns.end(), side.equal.begin(), side.equal.end());
  return columns;
}

const char* nameOf(JoinKind kind) {
  constexpr const char* kNames[] = {"inner", "left", "right", "full"};
  return kNames[static_cast<size_t>(kind)];
}

int64_t timeOf(StampedRow row) {
  return static_cast<int64_t>(stateStore::ByteParser(row, "row of a join").readFixed64());
}

std::string_view rowOf(StampedRow row) {
  return row.data() == nullptr ? row : row.substr(kTimeBytes);
}

JoinSideCodec::JoinSideCodec(const JoinSide& side)
    : side_(side),
      keyCodec_(keptTypes(keyColumnsOf(side), side.types)),
      rowCodec_(keptTypes(side.keptColumns, side.types)) {
}

void JoinSideCodec::encode(const Batch& input, Arena& arena, std::vector<std::string_view>& keys,
                           std::vector<std::string_view>& rows) const {
  keys.clear();
  rows.clear();
  if (input.numRows == 0) {
    return;
  }
  keyCodec_.encodeRows(pickColumns(input.columns, keyColumnsOf(side_)), input.numRows, arena, keys);
  rowCodec_.encodeRows(pickColumns(input.columns, side_.keptColumns), input.numRows, arena, rows);
}

void JoinSideCodec::encodeStamped(const Batch& input, Arena& arena,
                                  std::vector<std::string_view>& keys,
                                  std::vector<StampedRow>& rows) const {
  encode(input, arena, keys, rows);
  std::string stamped;
  for (size_t row = 0; row < input.numRows; ++row) {
    stamped.clear();
    stateStore::appendFixed64(stamped, static_cast<uint64_t>(input.timestamps[row]));
    stamped += rows[row];
    rows[row] = arena.copy(stamped);
  }
}

void JoinSideCodec::decodeTo(std::span<const std::string_view> rows, const Owner& owner,
                             std::vector<ColumnPtr>& columns) const {
  const std::vector<ColumnPtr> kept = rowCodec_.decode(rows, owner);
  const size_t first = columns.size();
  columns.resize(first + side_.types.size());
  for (size_t i = 0; i < side_.keptColumns.size(); ++i) {
    columns[first + side_.keptColumns[i]] = kept[i];
  }
}

}  // namespace auspex::operators
