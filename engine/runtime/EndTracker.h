// SPDX-License-Identifier: Apache-2.0
// Where finite inputs end: external topics at their end when the run began, topics that the program
// writes itself at their writers' final commit.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "engine/brokers/Broker.h"

namespace auspex::engine {

/// Any thread.
class EndTracker {
 public:
  explicit EndTracker(Broker& broker) : broker_(broker) {}

  /// The run goes on for ever: no partition has an end.
  void setEndless() { endless_ = true; }
  bool isEndless() const { return endless_; }

  /// One more unfinished writer of the topic (a connector, a sub-topology). Before readers ask.
  void addWriter(const std::string& topic);
  /// A writer has made its final commit.
  void writerFinished(const std::string& topic);

  /// The offset at which the partition ends, once all of its writers have finished.
  std::optional<int64_t> end(const TopicPartition& partition);

 private:
  Broker& broker_;
  bool endless_ = false;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, int> writers_;
  Offsets ends_;
};

}  // namespace auspex::engine
