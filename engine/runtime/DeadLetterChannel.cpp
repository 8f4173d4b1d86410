// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/DeadLetterChannel.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/WallClock.h"
#include "engine/brokers/EnsureTopic.h"
#include "engine/brokers/local/TopicRules.h"

namespace auspex::engine {
namespace {

/// Room for the header that says what was cut.
constexpr size_t kCutHeaderBytes = 128;

/// Shortens the bytes, a part of the record, by what it is too large; perhaps to nothing.
void shorten(std::optional<std::string_view>& bytes, const operators::OutgoingRecord& record,
             size_t limit) {
  const size_t size = recordBytes(record);
  if (size > limit && bytes) {
    bytes = bytes->substr(0, bytes->size() - std::min(bytes->size(), size - limit));
  }
}

}  // namespace

DeadLetterChannel::DeadLetterChannel(Broker& broker, std::string topic)
    : broker_(broker), name_(std::move(topic)) {
}

const TopicDescription& DeadLetterChannel::topic() {
  if (!topic_) {
    topic_ = ensureTopic(broker_, {name_, 1, -1, {{"retention.ms", "-1"}}});
  }
  return *topic_;
}

void DeadLetterChannel::send(TransactionWriter& writer, const operators::Record& original,
                             const std::vector<operators::Header>& reasons) {
  if (name_.empty()) {
    return;
  }
  operators::OutgoingRecord record;
  record.key = original.key;
  record.value = original.value;
  record.timestamp = original.timestamp;
  record.headers = original.headers;
  record.headers.insert(record.headers.end(), reasons.begin(), reasons.end());
  const int64_t now = wallClock();
  if (refusalOf(topic(), record, now)) {
    fit(record, reasons, now);
  }
  writer.send(name_, {&record, 1});
}

void DeadLetterChannel::fit(operators::OutgoingRecord& record,
                            const std::vector<operators::Header>& reasons, int64_t now) {
  const size_t whole = recordBytes(record);
  if (whole > topic().maxRecordBytes) {
    const size_t room = topic().maxRecordBytes;
    const size_t limit = room > kCutHeaderBytes ? room - kCutHeaderBytes : 0;
    std::string what = "value";
    shorten(record.value, record, limit);
    if (recordBytes(record) > limit) {
      what = "value and headers";
      record.headers = reasons;
    }
    if (recordBytes(record) > limit) {
      what = "value, headers and key";
      shorten(record.key, record, limit);
    }
    cut_ = fmt::format("{} cut: the record had {} bytes", what, whole);
    record.headers.push_back({"auspex.cut", cut_});
  }
  if (refusalOf(topic(), record, now)) {
    timestamp_ = std::to_string(record.timestamp);
    record.headers.push_back({"auspex.timestamp", timestamp_});
    record.timestamp = now;
  }
}

}  // namespace auspex::engine
