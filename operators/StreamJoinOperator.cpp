// SPDX-License-Identifier: Apache-2.0
#include "operators/StreamJoinOperator.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "operators/StreamJoinBuffer.h"
#include "operators/StreamTime.h"
#include "operators/data/ClampedAdd.h"

namespace auspex::operators {
namespace {

constexpr int64_t kDefaultGraceMillis = int64_t{24} * 60 * 60 * 1000;
/// Key of the left store under which the next number stands, beside time; shorter than any row's.
constexpr std::string_view kNumberKey = "n";

/// A row of the result; a side without data has no row.
struct JoinedRow {
  std::array<std::string_view, 2> rows;
  int64_t timestamp = 0;
  uint32_t drawIndex = 0;
};

/// One side's part of a draw.
struct StreamSideDraw {
  std::vector<std::string_view> keys;
  std::vector<std::string_view> rows;
};

class StreamJoinOperator final : public Operator {
 public:
  StreamJoinOperator(const StreamJoinDescription& description, TaskServices& services)
      : description_(description),
        grace_(description.window.grace.value_or(kDefaultGraceMillis)),
        codecs_{JoinSideCodec(description.sides[0]), JoinSideCodec(description.sides[1])},
        clock_(services.store(description.sides[0].store)),
        time_(clock_, services.maxTimeStep()),
        pending_(description.pending.empty() ? nullptr : &services.store(description.pending)),
        buffers_{StreamJoinBuffer(clock_, bucketMillis()),
                 StreamJoinBuffer(services.store(description.sides[1].store), bucketMillis())} {}

  Batch process(std::span<Batch> inputs, DrawContext&) override {
    if (inputs[0].numRows == 0 && inputs[1].numRows == 0) {
      return {};
    }
    const auto arena = std::make_shared<Arena>();
    joined_.clear();
    time_.begin();
    readNumber();
    for (size_t side = 0; side < 2; ++side) {
      buffers_[side].clear();
      codecs_[side].encode(inputs[side], *arena, draws_[side].keys, draws_[side].rows);
    }
    walk(inputs, *arena);
    time_.end();
    writeNumber();
    const int64_t span = addClamped(description_.window.before, description_.window.after);
    for (StreamJoinBuffer& buffer : buffers_) {
      buffer.expire(addClamped(time_.now(), -addClamped(span, grace_)));
    }
    return emit(arena);
  }

 private:
  int64_t bucketMillis() const {
    const JoinWindow& window = description_.window;
    return std::max<int64_t>(1, addClamped(window.before, window.after));
  }
  /// How much earlier than a row of this side its partners may be, and how much later.
  int64_t reachBack(size_t side) const {
    return side == 0 ? description_.window.before : description_.window.after;
  }
  int64_t reachAhead(size_t side) const { return reachBack(1 - side); }
  /// The last moment at which a partner for the row may come.
  int64_t waitsUntil(size_t side, int64_t timestamp) const {
    return addClamped(addClamped(timestamp, reachAhead(side)), grace_);
  }
  /// Rows of this side are given out without a partner too.
  bool isKeptAlone(size_t side) const {
    return description_.kind == JoinKind::Full ||
           description_.kind == (side == 0 ? JoinKind::Left : JoinKind::Right);
  }

  /// The number that the next row of either side gets, and that none has had before.
  void readNumber() {
    const std::optional<std::string_view> stored = clock_.get(kNumberKey);
    nextNumber_ = stored ? static_cast<uint64_t>(readOrdered(*stored)) : 0;
  }

  void writeNumber() {
    std::string text;
    appendOrdered(text, static_cast<int64_t>(nextNumber_));
    clock_.put(kNumberKey, text);
  }

  static bool hasNullKey(const JoinSide& side, const Batch& input, size_t row) {
    return input.columns[side.key]->isNull(row) ||
           std::any_of(side.equal.begin(), side.equal.end(),
                       [&](size_t column) { return input.columns[column]->isNull(row); });
  }

  void walk(std::span<const Batch> inputs, Arena& arena) {
    walkByDrawIndex(inputs, [&](size_t side, size_t row) {
      const Batch& input = inputs[side];
      if (input.isPresent(row) && !hasNullKey(description_.sides[side], input, row)) {
        take(side, row, input, arena);
      }
    });
  }

  void take(size_t side, size_t row, const Batch& input, Arena& arena) {
    const int64_t timestamp = input.timestamps[row];
    const uint32_t drawIndex = input.drawIndex[row];
    const std::string_view key = draws_[side].keys[row];
    const std::string_view values = draws_[side].rows[row];
    if (time_.advance(timestamp)) {
      giveOutPending(drawIndex, arena);
    }
    if (waitsUntil(side, timestamp) < time_.now()) {
      if (isKeptAlone(side)) {
        addAlone(side, values, timestamp, drawIndex);
      }
      return;
    }
    const bool found = joinPartners(side, key, values, timestamp, drawIndex, arena);
    const Arrival arrival(timestamp, nextNumber_++);
    buffers_[side].add(key, arrival, values);
    if (!found && isKeptAlone(side)) {
      if (pending_ == nullptr) {
        addAlone(side, values, timestamp, drawIndex);
      } else {
        const std::string waiting = pendingKey(side, key, arrival);
        pending_->put(waiting, values);
        firstWait_ = std::min(firstWait_, waitsUntil(side, timestamp));
      }
    }
  }

  bool joinPartners(size_t side, std::string_view key, std::string_view values, int64_t timestamp,
                    uint32_t drawIndex, Arena& arena) {
    const size_t other = 1 - side;
    const int64_t from = addClamped(timestamp, -reachBack(side));
    const int64_t to = addClamped(timestamp, reachAhead(side));
    buffers_[other].load(key, from, to, arena);
    bool found = false;
    buffers_[other].forEach(key, from, to, [&](const Arrival& arrival, std::string_view partner) {
      found = true;
      JoinedRow joined;
      joined.rows[side] = values;
      joined.rows[other] = partner;
      joined.timestamp = std::max(timestamp, arrival.first);
      joined.drawIndex = drawIndex;
      joined_.push_back(joined);
      if (pending_ != nullptr && isKeptAlone(other)) {
        const std::string waiting = pendingKey(other, key, arrival);
        if (pending_->get(waiting)) {
          pending_->erase(waiting);
        }
      }
    });
    return found;
  }

  void addAlone(size_t side, std::string_view values, int64_t timestamp, uint32_t drawIndex) {
    JoinedRow joined;
    joined.rows[side] = values;
    joined.timestamp = timestamp;
    joined.drawIndex = drawIndex;
    joined_.push_back(joined);
  }

  /// By the end of the wait, then by timestamp.
  std::string pendingKey(size_t side, std::string_view key, const Arrival& arrival) const {
    std::string waiting;
    appendOrdered(waiting, waitsUntil(side, arrival.first));
    appendOrdered(waiting, arrival.first);
    appendOrdered(waiting, static_cast<int64_t>(arrival.second));
    waiting += static_cast<char>(side);
    waiting += key;
    return waiting;
  }

  /// Gives out the rows whose wait has ended before now.
  void giveOutPending(uint32_t drawIndex, Arena& arena) {
    if (pending_ == nullptr || time_.now() <= firstWait_) {
      return;
    }
    std::vector<std::string> ended;
    firstWait_ = INT64_MAX;
    pending_->scan("", std::nullopt, [&](std::string_view waiting, std::string_view values) {
      const int64_t end = readOrdered(waiting);
      if (end >= time_.now()) {
        firstWait_ = end;
        return false;
      }
      constexpr size_t kSideAt = 24;
      addAlone(static_cast<size_t>(waiting[kSideAt]), arena.copy(values),
               readOrdered(waiting.substr(kOrderedBytes)), drawIndex);
      ended.emplace_back(waiting);
      return true;
    });
    for (const std::string& waiting : ended) {
      pending_->erase(waiting);
    }
  }

  Batch emit(const Owner& owner) const {
    Batch output;
    output.numRows = joined_.size();
    if (joined_.empty()) {
      return output;
    }
    for (const JoinedRow& joined : joined_) {
      output.timestamps.push_back(joined.timestamp);
      output.drawIndex.push_back(joined.drawIndex);
    }
    for (size_t side = 0; side < 2; ++side) {
      std::vector<std::string_view> rows;
      for (const JoinedRow& joined : joined_) {
        rows.push_back(joined.rows[side]);
      }
      codecs_[side].decodeTo(rows, owner, output.columns);
    }
    return output;
  }

  const StreamJoinDescription& description_;
  int64_t grace_;
  std::array<JoinSideCodec, 2> codecs_;
  stateStore::KeyValueStore& clock_;
  StreamTime time_;
  stateStore::KeyValueStore* pending_;
  std::array<StreamJoinBuffer, 2> buffers_;
  uint64_t nextNumber_ = 0;
  int64_t firstWait_ = INT64_MIN;  // no pending row's wait ends earlier; unknown at first
  std::array<StreamSideDraw, 2> draws_;
  std::vector<JoinedRow> joined_;
};

}  // namespace

std::unique_ptr<Operator> StreamJoinDescription::create(TaskServices& services) const {
  return std::make_unique<StreamJoinOperator>(*this, services);
}

std::string StreamJoinDescription::toString() const {
  const std::string grace =
      window.grace ? fmt::format(", grace={} ms", *window.grace) : std::string();
  const std::string third = pending.empty() ? "" : ", " + pending;
  return fmt::format("StreamJoin({}, within=[{} ms, {} ms]{}, stores=[{}, {}{}])", nameOf(kind),
                     window.before, window.after, grace, sides[0].store, sides[1].store, third);
}

}  // namespace auspex::operators
