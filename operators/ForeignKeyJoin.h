// SPDX-License-Identifier: Apache-2.0
// Joins two tables by a foreign key: three operators that send each other messages, since the rows
// of the left table lie by another key than those of the right one.
//
//   left table -> ForeignKeySubscribe -> [by foreign key] -> ForeignKeyLookup -> [by left key] ->
//   ForeignKeyResult                                               ^ right table
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "operators/JoinSide.h"

namespace auspex::operators {

/// What a message is about. A left row stands under its foreign key; the messages under one foreign
/// key about one left row keep their order, those under different ones may overtake each other.
enum class ForeignKeyEvent : uint8_t {
  Added,         ///< the left row is new
  Changed,       ///< the left row has changed, its foreign key has not
  MovedIn,       ///< the left row had another foreign key before
  MovedOut,      ///< to the former foreign key, with the version of the MovedIn
  Removed,       ///< the left row is gone
  RightChanged,  ///< answers only: the right row has changed
};

/// What the operators of one foreign key join agree on. Messages are rows with these columns: all
/// left ones; of answers all right ones (NULL when there is no right row); the version of the left
/// row (BIGINT), which grows with each change of it; the event (INTEGER).
struct ForeignKeyJoin {
  JoinKind kind = JoinKind::Inner;  ///< or Left
  std::array<JoinSide, 2> sides;    ///< the left one's key is the foreign key
  std::vector<size_t> leftKeys;     ///< the left table's own key, by position; among those kept

  size_t numLeft() const { return sides[0].types.size(); }
  size_t numRight() const { return sides[1].types.size(); }
};

/// What stands in a message behind the columns of the tables.
struct ForeignKeyNews {
  int64_t version = 0;
  ForeignKeyEvent event = ForeignKeyEvent::Added;
};

/// The types of those columns.
std::vector<SqlType> foreignKeyNewsTypes();
/// Appends those columns.
void appendNews(std::span<const ForeignKeyNews> news, std::vector<ColumnPtr>& columns);
/// Reads them from a row of a message.
ForeignKeyNews newsOf(const Batch& messages, size_t row);

/// Turns the changes of the left table into messages to the foreign keys that they had and have. An
/// inner join takes a row whose foreign key is NULL for one that is not there. Columns out: see
/// ForeignKeyJoin; timestamps: as in. Rows of a MovedOut or Removed have the keys only.
///
/// Store: key = typed row of the left key, value = typed row of the foreign key; and under "n" the
/// last version given (8 bytes, highest first).
struct ForeignKeySubscribeDescription final : OperatorDescription {
  ForeignKeyJoin join;
  std::string store;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

/// Answers messages (input 0) from the right table (input 1, changes), and each change of a right
/// row with a message to every left row under its key. Columns out: see ForeignKeyJoin. Timestamp:
/// the larger one of both rows, of the message when there is no right row. A left row that is added
/// without finding a right one gets no answer from an inner join. Under NULL nothing is found.
/// Source: KIP-213; dialect, joins.
///
/// Stores, those of the sides. Left: key = foreign key (KeyCodec, with its length) and left key
/// (typed row); value = version (8 bytes, highest first), stamped row. Right: key = that column
/// (KeyCodec); value = stamped row.
struct ForeignKeyLookupDescription final : OperatorDescription {
  ForeignKeyJoin join;

  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
};

/// Makes the changes of the result of the answers, each the newest for its left row: an answer that
/// was overtaken by one of a later version is dropped. Columns out: all left ones, then all right
/// ones. As ksqlDB has it, a left row that changes or goes gives a deletion also where there was no
/// result. Timestamps: as in.
///
///   not there --answer--> there (version, row) --Removed--> not there
///
/// Answers under a former foreign key may come until its MovedOut has. So a row is remembered until
/// each MovedIn of it is matched by the MovedOut of the same version, also when it is gone.
///
/// Store: key = the left key (KeyCodec); value = see StoredForeignKeyRow.
struct ForeignKeyResultDescription final : OperatorDescription {
  ForeignKeyJoin join;
  std::string store;
  bool emitOld = false;    ///< changes carry their old side; rows are kept then
  bool keepsRows = false;  ///< the result can be read back

  /// Types of the rows that the store holds, for its fingerprint.
  std::vector<SqlType> storedTypes() const;
  std::unique_ptr<Operator> create(TaskServices& services) const override;
  std::string toString() const override;
  std::unique_ptr<const StateTable> stateTable() const override;
};

/// What a ForeignKeyResult knows of a left row. Bytes: version (8, highest first), a byte (1: it is
/// there), the number of halves and 8 bytes each; where rows are kept and it is there, the
/// timestamp (8 bytes), the kept columns of the left row (typed row, with its length), a byte (1:
/// there is a right row) and those of the right one (typed row).
struct StoredForeignKeyRow {
  int64_t version = -1;  ///< of the newest answer
  bool isThere = false;
  std::vector<int64_t> halves;  ///< versions of moves of which one half has come
  int64_t timestamp = 0;
  std::array<std::string_view, 2> row;  ///< typed rows of both sides; without data: none
};

/// Throws StoreError when the bytes are no such row.
StoredForeignKeyRow readForeignKeyRow(std::string_view value, bool keepsRows);
void appendForeignKeyRow(const StoredForeignKeyRow& row, bool keepsRows, std::string& value);

}  // namespace auspex::operators
