// SPDX-License-Identifier: Apache-2.0
#include "operators/TimeToLive.h"

#include <algorithm>

#include "operators/EndedEntries.h"

namespace auspex::operators {
namespace {

std::string indexKey(std::string_view key, int64_t time) {
  std::string text;
  appendOrdered(text, time);
  text += key;
  return text;
}

}  // namespace

std::vector<std::string_view> TimeToLive::begin(std::span<const int64_t> timestamps, Arena& arena) {
  time_.begin();
  now_ = time_.now();
  nows_.clear();
  for (const int64_t timestamp : timestamps) {
    time_.advance(timestamp);
    nows_.push_back(time_.now());
  }
  due_ = {};
  std::vector<std::string_view> keys;
  if (addClamped(firstTime_, ttl_) > time_.now()) {
    return keys;
  }
  std::string begin;
  appendOrdered(begin, firstTime_);
  firstTime_ = visitEnded(
      store_, begin, std::nullopt, 0,
      [&](int64_t time) { return addClamped(time, ttl_) <= time_.now(); },
      [&](std::string_view entry, int64_t time) {
        keys.push_back(arena.copy(entry.substr(kOrderedBytes)));
        due_.push({time, keys.back()});
      });
  return keys;
}

TimeToLive::Entry TimeToLive::takeDue() {
  const Entry entry = due_.top();
  due_.pop();
  store_.erase(indexKey(entry.key, entry.time));
  return entry;
}

void TimeToLive::update(std::string_view key, std::optional<int64_t> before, int64_t time) {
  if (!before || time < *before) {
    add(key, time);
  }
}

void TimeToLive::add(std::string_view key, int64_t time) {
  store_.put(indexKey(key, time), "");
  if (addClamped(time, ttl_) <= time_.now()) {
    due_.push({time, key});
  } else {
    firstTime_ = std::min(firstTime_, time);
  }
}

}  // namespace auspex::operators
