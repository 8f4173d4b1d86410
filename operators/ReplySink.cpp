// SPDX-License-Identifier: Apache-2.0
// A served model's replies: scored rows, or errors, to one record for each request.
#include <fmt/format.h>

#include <deque>

#include "operators/Outbox.h"
#include "operators/ServingOperators.h"

namespace auspex::operators {
namespace {

/// The scores of some rows of a column; nothing when one of them is NULL.
std::optional<ReplyScores> replyScoresOf(const Column& column, size_t first, size_t numRows) {
  for (size_t row = first; row < first + numRows; ++row) {
    if (column.isNull(row)) {
      return std::nullopt;
    }
  }
  ReplyScores scores;
  scores.isArray = column.type().is(TypeKind::Array);
  if (!scores.isArray) {
    scores.values = column.values<double>().subspan(first, numRows);
    return scores;
  }
  const auto offsets = column.offsets();
  const size_t begin = offsets[first];
  const size_t size = offsets[first + numRows] - begin;
  scores.values = column.children()[0]->values<double>().subspan(begin, size);
  scores.width = numRows == 0 ? 1 : size / numRows;
  return scores;
}

class ReplySink final : public Operator {
 public:
  ReplySink(const ReplySinkDescription& description, RecordChannel& channel)
      : description_(description),
        channel_(channel),
        protocol_(makeServingProtocol(description.serving)) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    const Batch& batch = inputs[0];
    outbox_.clear();
    size_t numReplies = 0;
    for (size_t first = 0; first < batch.numRows;) {
      size_t end = first + 1;
      while (end < batch.numRows && batch.drawIndex[end] == batch.drawIndex[first]) {
        ++end;
      }
      if (numReplies == replies_.size()) {
        replies_.emplace_back();
      }
      answer(batch, first, end - first, replies_[numReplies++], context);
      first = end;
    }
    outbox_.sendTo(channel_, description_.topic, context);
    return {};
  }

 private:
  void answer(const Batch& batch, size_t first, size_t numRows, ReplyRecord& reply,
              DrawContext& context) {
    const uint32_t drawIndex = batch.drawIndex[first];
    const DrawnRecord& drawn = context.draw.records[drawIndex];
    const RequestRecord request{*drawn.record, drawn.origin->topic, drawn.origin->partition};
    const RequestHead head = headOf(batch, first);
    std::string error;
    ReplyContent content;
    const Column& errors = requestColumn(batch, RequestColumn::Error);
    if (!errors.isNull(first)) {
      error = errors.values<std::string_view>()[first];
    } else {
      error = fillContent(batch, first, batch.isPresent(first) ? numRows : 0, head, content);
    }
    OutgoingRecord record = encode(request, head, content, error, reply);
    if (error.empty()) {
      error = refusalOf(record, drawIndex);
      if (!error.empty()) {
        record = encode(request, head, content, error, reply);
      }
    }
    if (!error.empty()) {
      context.errors.add(drawIndex, RowErrorKind::Expression, "reply to " + description_.topic,
                         error);
    }
    outbox_.add(std::move(record), drawIndex);
  }

  RequestHead headOf(const Batch& batch, size_t row) const {
    RequestHead head;
    head.id = requestColumn(batch, RequestColumn::Id).values<std::string_view>()[row];
    head.form = requestColumn(batch, RequestColumn::Form).values<int32_t>()[row];
    head.version = requestColumn(batch, RequestColumn::Version).values<int32_t>()[row];
    return head;
  }

  /// Returns why there is no content; empty when there is.
  std::string fillContent(const Batch& batch, size_t first, size_t numRows, const RequestHead& head,
                          ReplyContent& content) const {
    content.numRows = numRows;
    const Column& versions = *batch.columns[description_.versionColumn];
    content.versions = versions.values<int32_t>().subspan(first, numRows);
    for (size_t i = 0; i < numRows; ++i) {
      if (!versions.isNull(first + i) && head.version > 0 && content.versions[i] != head.version) {
        return fmt::format("version {} is asked for, but version {} serves", head.version,
                           content.versions[i]);
      }
    }
    const auto take = [&](const std::optional<size_t>& column, std::optional<ReplyScores>& scores) {
      scores = column ? replyScoresOf(*batch.columns[*column], first, numRows) : std::nullopt;
      return !column || scores.has_value();
    };
    const bool isScored = take(description_.predictionColumn, content.predictions) &&
                          take(description_.probabilityColumn, content.probabilities);
    return isScored ? "" : "the model's server gave no score";
  }

  OutgoingRecord encode(const RequestRecord& request, const RequestHead& head,
                        const ReplyContent& content, const std::string& error,
                        ReplyRecord& reply) const {
    reply.key.reset();
    reply.value.clear();
    reply.headers.clear();
    if (error.empty()) {
      protocol_->encode(request, head, content, reply);
    } else {
      ReplyContent refusal;
      refusal.error = error;
      protocol_->encode(request, head, refusal, reply);
    }
    OutgoingRecord record;
    record.partition = request.partition % channel_.numPartitions();
    record.key = reply.key ? std::optional<std::string_view>(*reply.key) : std::nullopt;
    record.value = reply.value;
    record.timestamp = request.record.timestamp;
    record.headers = reply.headers;
    return record;
  }

  /// Why the topic does not take a reply; empty when it does.
  std::string refusalOf(const OutgoingRecord& record, uint32_t drawIndex) {
    refused_.clear();
    channel_.findRefused({&record, 1}, {&drawIndex, 1}, refused_);
    return refused_.empty() ? "" : "the reply cannot be written: " + refused_[0].reason;
  }

  const Column& requestColumn(const Batch& batch, RequestColumn column) const {
    return *batch.columns[static_cast<size_t>(column)];
  }

  const ReplySinkDescription& description_;
  RecordChannel& channel_;
  std::unique_ptr<const ServingProtocol> protocol_;
  std::deque<ReplyRecord> replies_;  // of this draw; kept for their memory, at addresses that stay
  std::vector<RefusedRecord> refused_;
  Outbox outbox_;
};

}  // namespace

std::unique_ptr<Operator> ReplySinkDescription::create(TaskServices& services) const {
  return std::make_unique<ReplySink>(*this, services.channel(topic));
}

std::string ReplySinkDescription::toString() const {
  return fmt::format("Replies(topic={}, protocol={}, model={})", topic, serving.protocol,
                     serving.modelName);
}

}  // namespace auspex::operators
