// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/operators/joins/ForeignKeyNetwork.h"

#include <numeric>

#include "operators/data/Assert.h"

namespace auspex::operators {
namespace {

// Columns of the sides, and of answers.
constexpr size_t kLeftId = 0;
constexpr size_t kLeftValue = 1;
constexpr size_t kForeignKey = 2;
constexpr size_t kRightId = 3;
constexpr size_t kRightValue = 4;

class Stores final : public TaskServices {
 public:
  explicit Stores(stateStore::TaskState& state) : state_(state) {}
  int32_t partition() const override { return 0; }
  stateStore::KeyValueStore& store(const std::string& name) override { return state_.store(name); }
  RecordChannel& channel(const std::string&) override { std::abort(); }
  const std::shared_ptr<const ServedModel>& servedModel(const std::string&) override {
    std::abort();
  }

 private:
  stateStore::TaskState& state_;
};

ColumnPtr bigint(std::optional<int64_t> value) {
  return Column::make(SqlType::bigint(), std::vector<int64_t>{value.value_or(0)},
                      std::vector<uint8_t>{static_cast<uint8_t>(value ? 1 : 0)});
}

Batch oneRow(std::vector<ColumnPtr> columns, bool isPresent) {
  Batch batch;
  batch.numRows = 1;
  batch.columns = std::move(columns);
  batch.present = {static_cast<uint8_t>(isPresent ? 1 : 0)};
  batch.timestamps = {0};
  batch.drawIndex = {0};
  return batch;
}

Batch together(const std::vector<Batch>& rows) {
  Batch all;
  all.numRows = rows.size();
  for (size_t column = 0; column < rows[0].columns.size(); ++column) {
    std::vector<ColumnPtr> parts;
    for (const Batch& row : rows) {
      parts.push_back(row.columns[column]);
    }
    all.columns.push_back(concatenate(parts));
  }
  all.timestamps.assign(rows.size(), 0);
  all.drawIndex.resize(rows.size());
  std::iota(all.drawIndex.begin(), all.drawIndex.end(), 0);
  return all;
}

std::optional<int64_t> valueAt(const ColumnPtr& column, size_t row) {
  return column->isNull(row) ? std::nullopt : std::optional(column->values<int64_t>()[row]);
}

ResultRow resultAt(const std::vector<ColumnPtr>& columns, size_t row) {
  ResultRow result{*valueAt(columns[kLeftValue], row), std::nullopt};
  if (const auto id = valueAt(columns[kRightId], row)) {
    result.second = {*id, *valueAt(columns[kRightValue], row)};
  }
  return result;
}

size_t partitionOfId(int64_t id, size_t numPartitions) {
  return static_cast<size_t>(id) % numPartitions;
}

Batch process(Operator& operation, std::vector<Batch> inputs) {
  const Draw draw;
  RowErrors errors;
  DrawContext context{draw, errors};
  Batch output = operation.process(inputs, context);
  AUSPEX_ASSERT(errors.errors().empty());
  checkBatch(output);
  return output;
}

}  // namespace

ForeignKeyNetwork::ForeignKeyNetwork(JoinKind kind, bool emitOld) : queues_(numQueues()) {
  ForeignKeyJoin join;
  join.kind = kind;
  const SqlType type = SqlType::bigint();
  join.sides[0] = {"left", kForeignKey, {0, 1, 2}, {type, type, type}};
  join.sides[1] = {"right", 0, {0, 1}, {type, type}};
  join.leftKeys = {kLeftId};
  subscribe_.join = lookup_.join = making_.join = join;
  subscribe_.store = "subscribe";
  making_.store = "result";
  making_.emitOld = emitOld;
  for (size_t i = 0; i < kNumLeft; ++i) {
    left_.push_back(makeNode(subscribe_, {"subscribe"}));
    results_.push_back(makeNode(making_, {"result"}));
  }
  for (size_t i = 0; i < kNumRight; ++i) {
    right_.push_back(makeNode(lookup_, {"left", "right"}));
  }
}

ForeignKeyNetwork::Node ForeignKeyNetwork::makeNode(const OperatorDescription& description,
                                                    const std::vector<std::string>& stores) {
  std::vector<stateStore::StoreSpec> specs;
  for (const std::string& store : stores) {
    specs.push_back({store, ""});
  }
  Node node;
  node.state = stateStore::TaskState::inMemory(std::move(specs), {});
  Stores services(*node.state);
  node.operation = description.create(services);
  return node;
}

void ForeignKeyNetwork::changeLeft(int64_t id, const std::optional<LeftRow>& row) {
  const size_t from = partitionOfId(id, kNumLeft);
  Batch change = oneRow({bigint(id), bigint(row ? std::optional(row->first) : std::nullopt),
                         bigint(row ? row->second : std::nullopt)},
                        row.has_value());
  send(process(*left_[from].operation, {std::move(change)}), from, false);
}

void ForeignKeyNetwork::changeRight(int64_t id, std::optional<int64_t> value) {
  const size_t from = partitionOfId(id, kNumRight);
  Batch change = oneRow({bigint(id), bigint(value)}, value.has_value());
  send(process(*right_[from].operation, {Batch(), std::move(change)}), from, true);
}

/// Queues of messages come first, those of answers then; each by its writer, then by its reader.
void ForeignKeyNetwork::send(const Batch& messages, size_t from, bool isAnswer) {
  for (uint32_t row = 0; row < messages.numRows; ++row) {
    const int64_t id = *valueAt(messages.columns[kLeftId], row);
    const int64_t foreignKey = valueAt(messages.columns[kForeignKey], row).value_or(id);
    const size_t queue = isAnswer
                             ? kNumLeft * kNumRight + from * kNumLeft + partitionOfId(id, kNumLeft)
                             : from * kNumRight + partitionOfId(foreignKey, kNumRight);
    const uint32_t rows[] = {row};
    queues_[queue].push_back(gatherRows(messages, rows));
  }
}

bool ForeignKeyNetwork::deliver(size_t queue, size_t count) {
  std::vector<Batch> rows;
  while (!queues_[queue].empty() && rows.size() < count) {
    rows.push_back(std::move(queues_[queue].front()));
    queues_[queue].pop_front();
  }
  if (rows.empty()) {
    return false;
  }
  if (queue < kNumLeft * kNumRight) {
    const size_t to = queue % kNumRight;
    send(process(*right_[to].operation, {together(rows), Batch()}), to, true);
  } else {
    const size_t to = (queue - kNumLeft * kNumRight) % kNumLeft;
    takeResult(process(*results_[to].operation, {together(rows)}));
  }
  return true;
}

void ForeignKeyNetwork::takeResult(const Batch& changes) {
  for (size_t row = 0; row < changes.numRows; ++row) {
    const int64_t id = *valueAt(changes.columns[kLeftId], row);
    if (making_.emitOld) {
      const auto known = result_.find(id);
      const bool isRight =
          changes.isOldPresent(row)
              ? known != result_.end() && known->second == resultAt(changes.oldColumns, row)
              : known == result_.end();
      numWrongOldSides_ += isRight ? 0 : 1;
    }
    if (changes.isPresent(row)) {
      result_[id] = resultAt(changes.columns, row);
    } else {
      result_.erase(id);
    }
  }
}

size_t ForeignKeyNetwork::numRemembered() {
  size_t count = 0;
  for (const Node& node : results_) {
    node.state->store("result").scan("", std::nullopt, [&](std::string_view, std::string_view) {
      ++count;
      return true;
    });
  }
  return count;
}

}  // namespace auspex::operators
