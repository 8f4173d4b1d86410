// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/ModelSwaps.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/WallClock.h"
#include "engine/brokers/CommittedRecords.h"
#include "operators/data/Assert.h"
#include "operators/formats/json/JsonText.h"
#include "operators/formats/json/JsonTree.h"
#include "operators/models/ModelError.h"

namespace auspex::engine {
namespace {

std::optional<int64_t> wholeMember(const operators::JsonTree& tree, std::string_view name) {
  const operators::JsonTree* const member = tree.find(name);
  if (member == nullptr || member->kind != operators::JsonTree::Kind::Number) {
    return std::nullopt;
  }
  int64_t value = 0;
  const std::string& text = member->text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

std::optional<operators::ModelRoute> routeMember(const operators::JsonTree& tree,
                                                 std::string_view name) {
  const operators::JsonTree* const member = tree.find(name);
  return member == nullptr ? std::nullopt : operators::ModelRoute::fromText(member->toText());
}

bool isPassed(const ModelSwap& swap, const Offsets& positions) {
  return std::all_of(swap.at.begin(), swap.at.end(), [&](const auto& input) {
    const auto position = positions.find(input.first);
    return position == positions.end() || position->second >= input.second;
  });
}

}  // namespace

std::string ModelSwap::key() const {
  return fmt::format("{}#{:08}", reference, sequence);
}

std::string ModelSwap::toText() const {
  std::string text = fmt::format("{{\"sequence\":{},\"model\":", sequence);
  operators::appendJsonString(text, reference);
  if (from) {
    text += ",\"from\":" + from->toText();
  }
  text += ",\"to\":" + to.toText() + ",\"inputs\":[";
  for (const auto& [input, offset] : at) {
    text += text.back() == '[' ? "{\"topic\":" : ",{\"topic\":";
    operators::appendJsonString(text, input.topic);
    text += fmt::format(",\"partition\":{},\"offset\":{}}}", input.partition, offset);
  }
  return text + "]}";
}

std::optional<ModelSwap> ModelSwap::fromText(std::string_view text) {
  const std::optional<operators::JsonTree> tree = operators::JsonTree::parse(text);
  if (!tree) {
    return std::nullopt;
  }
  const auto sequence = wholeMember(*tree, "sequence");
  const operators::JsonTree* const model = tree->find("model");
  const operators::JsonTree* const inputs = tree->find("inputs");
  const auto to = routeMember(*tree, "to");
  if (!sequence || model == nullptr || inputs == nullptr || !to) {
    return std::nullopt;
  }
  ModelSwap swap{
      static_cast<uint64_t>(*sequence), model->text, routeMember(*tree, "from"), *to, {}};
  for (const operators::JsonTree& input : inputs->elements) {
    const operators::JsonTree* const topic = input.find("topic");
    const auto partition = wholeMember(input, "partition");
    const auto offset = wholeMember(input, "offset");
    if (topic == nullptr || !partition || !offset) {
      return std::nullopt;
    }
    swap.at[{topic->text, static_cast<int32_t>(*partition)}] = *offset;
  }
  return swap;
}

ModelSwaps::ModelSwaps(Broker& broker, const std::vector<operators::ModelUse>& uses,
                       TopicPartition topic, std::string taskName)
    : broker_(broker), topic_(std::move(topic)), taskName_(std::move(taskName)) {
  AUSPEX_ASSERT(!uses.empty());
  for (const operators::ModelUse& use : uses) {
    served_.push_back({use, operators::parseModelReference(use.reference).isPinned(), nullptr, {}});
  }
}

void ModelSwaps::fail(const std::string& message) const {
  throw BrokerError(BrokerErrorKind::Fatal, fmt::format("{}: {}", taskName_, message));
}

void ModelSwaps::open(const Offsets& positions) {
  readHistory();
  goBackTo(positions);
}

void ModelSwaps::readHistory() {
  history_.clear();
  if (topic_.topic.empty()) {
    return;
  }
  readCommitted(broker_, topic_, 0, [&](const operators::Record& record) {
    std::optional<ModelSwap> swap =
        record.value ? ModelSwap::fromText(*record.value) : std::nullopt;
    if (!swap) {
      fail(fmt::format("record {}-{}@{} of the engine's own topic is damaged: no swap of a model",
                       topic_.topic, topic_.partition, record.offset));
    }
    history_.push_back(std::move(*swap));
  });
  std::stable_sort(
      history_.begin(), history_.end(),
      [](const ModelSwap& left, const ModelSwap& right) { return left.sequence < right.sequence; });
}

void ModelSwaps::goBackTo(const Offsets& positions) {
  written_.clear();
  const auto next = std::find_if(history_.begin(), history_.end(),
                                 [&](const ModelSwap& swap) { return !isPassed(swap, positions); });
  nextSwap_ = static_cast<size_t>(next - history_.begin());
  for (Served& served : served_) {
    serveRecorded(served, isRepeating());
  }
  if (!isRepeating()) {
    swap();
  }
  for (const Served& served : served_) {
    if (!served.inForce) {
      fail(fmt::format("nothing serves as model '{}'", served.use.reference));
    }
  }
}

/// What the swaps before nextSwap_ have left in force, or the next one replaces.
void ModelSwaps::serveRecorded(Served& served, bool isNeeded) {
  served.recorded.reset();
  served.inForce.reset();
  for (size_t i = 0; i < history_.size(); ++i) {
    const ModelSwap& swap = history_[i];
    if (swap.reference != served.use.reference) {
      continue;
    }
    if (i < nextSwap_) {
      served.recorded = swap.to;
    } else if (!served.recorded) {
      served.recorded = swap.from ? swap.from : swap.to;
    }
  }
  if (!served.recorded) {
    served.inForce = newest(served);
    return;
  }
  try {
    served.inForce = served.use.serve(*served.recorded);
  } catch (const operators::ModelError& error) {
    if (isNeeded) {
      fail(fmt::format("rows are read again that were scored by what is not there any more: {}",
                       error.what()));
    }
  }
}

const std::shared_ptr<const operators::ServedModel>& ModelSwaps::served(
    const std::string& reference) const {
  const auto found = std::find_if(served_.begin(), served_.end(), [&](const Served& served) {
    return served.use.reference == reference;
  });
  AUSPEX_ASSERT(found != served_.end());
  return found->inForce;
}

void ModelSwaps::advanceTo(const Offsets& positions) {
  const size_t former = nextSwap_;
  while (isRepeating() && isPassed(history_[nextSwap_], positions)) {
    ++nextSwap_;
  }
  if (nextSwap_ == former) {
    return;
  }
  for (Served& served : served_) {
    serveRecorded(served, true);
  }
  seenChanges_ = 0;  // what serves now may not be the newest
}

std::optional<int64_t> ModelSwaps::limitOf(const TopicPartition& input) const {
  if (!isRepeating()) {
    return std::nullopt;
  }
  const auto limit = history_[nextSwap_].at.find(input);
  return limit == history_[nextSwap_].at.end() ? std::nullopt : std::optional(limit->second);
}

std::shared_ptr<const operators::ServedModel> ModelSwaps::newest(const Served& served) const {
  try {
    auto newest = served.use.serve();
    if (newest->route.shares.size() > 1 && newest->route.key != served.use.splitKey) {
      spdlog::warn("task={} model={} is split by '{}', which the query was not planned for",
                   taskName_, served.use.reference, newest->route.key);
      return nullptr;
    }
    return newest;
  } catch (const operators::ModelError& error) {
    spdlog::warn("task={} model={} goes on as it is: {}", taskName_, served.use.reference,
                 error.what());
    return nullptr;
  }
}

bool ModelSwaps::wantsSwap() {
  const uint64_t changes = served_[0].use.registry->numChanges();
  if (changes == seenChanges_ || isRepeating()) {
    return false;
  }
  const bool differs = std::any_of(served_.begin(), served_.end(), [&](const Served& served) {
    const auto next = newest(served);
    return next && next->route != served.inForce->route;
  });
  if (!differs) {
    seenChanges_ = changes;
  }
  return differs;
}

void ModelSwaps::swap() {
  AUSPEX_ASSERT(!isRepeating());
  seenChanges_ = served_[0].use.registry->numChanges();
  for (Served& served : served_) {
    auto next = newest(served);
    if (!next || (served.inForce && next->route == served.inForce->route)) {
      continue;
    }
    if (served.inForce) {
      spdlog::info("task={} model={} from={} to={}", taskName_, served.use.reference,
                   served.inForce->route.describe(), next->route.describe());
    }
    served.inForce = std::move(next);
  }
}

void ModelSwaps::prepare(TransactionWriter& writer, const Offsets& lastCommit) {
  written_.clear();
  if (topic_.topic.empty() || isRepeating()) {
    return;
  }
  uint64_t sequence = history_.empty() ? 0 : history_.back().sequence;
  for (const Served& served : served_) {
    if (served.isPinned || served.recorded == served.inForce->route) {
      continue;
    }
    written_.push_back(
        {++sequence, served.use.reference, served.recorded, served.inForce->route, lastCommit});
    const std::string key = written_.back().key();
    const std::string text = written_.back().toText();
    operators::OutgoingRecord record;
    record.partition = topic_.partition;
    record.key = key;
    record.value = text;
    record.timestamp = wallClock();
    writer.send(topic_.topic, {&record, 1});
  }
}

void ModelSwaps::committed() {
  for (ModelSwap& swap : written_) {
    const auto served = std::find_if(served_.begin(), served_.end(), [&](const Served& other) {
      return other.use.reference == swap.reference;
    });
    served->recorded = swap.to;
    history_.push_back(std::move(swap));
  }
  if (!written_.empty()) {
    nextSwap_ = history_.size();  // swaps are written while nothing is repeated
  }
  written_.clear();
}

}  // namespace auspex::engine
