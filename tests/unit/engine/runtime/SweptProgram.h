// SPDX-License-Identifier: Apache-2.0
// A program with its input in waves, run on a simulated broker through whatever faults are asked
// for, to the end: what tests compare with the undisturbed run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/brokers/simulated/Faults.h"
#include "tests/unit/engine/runtime/LateServer.h"
#include "tests/unit/engine/runtime/TopicServer.h"

namespace auspex::engine {

/// A record of a program's input; an empty value is a null.
struct SweptRecord {
  std::string topic;
  std::string key;
  std::string value;
  int64_t timestamp = 0;
};

struct SweptProgram {
  std::string statements;
  std::vector<std::vector<SweptRecord>> waves;             ///< each is processed to its end
  std::map<size_t, std::string> changes = {};              ///< statements before that wave
  std::vector<std::string> outputs;                        ///< topics to compare
  std::map<std::string, std::vector<std::string>> stores;  ///< by query id: its stores to compare
  std::optional<LateServerHabits> server = {};             ///< of the model server, if it has one
  std::optional<TopicServerHabits> topicServer = {};       ///< of one behind topics q and r
  bool waitsForWaves = true;  ///< what waits for the server is waited for before the last wave, too
};

struct SweepSettings {
  Faults faults;
  size_t drawRows = 2;
  bool brokenOrder = false;  ///< auspex.test.commit.order=broken
  bool losesDisk = false;    ///< the state directory is gone after a crash
  size_t mergedBytes = 0;    ///< cache.max.bytes.buffering
};

/// What a run left behind.
struct SweptOutcome {
  std::map<std::string, std::vector<std::string>> outputs;  ///< by topic: sorted records
  std::map<std::string, std::vector<std::string>> state;    ///< by query: sorted rows
  std::string failure;                                      ///< of the engine, if it gave up
  bool crashed = false;
  uint64_t steps = 0;      ///< of the first process
  size_t mostWaiting = 0;  ///< requests that the server held at a time
  int64_t numPurged = 0;   ///< records that changelogs have given free at their beginning
  bool isSameAs(const SweptOutcome& other) const {
    return outputs == other.outputs && state == other.state && failure == other.failure;
  }
};

/// Runs the program; after a crash a new engine goes on with the broker (and, unless it is lost,
/// the state directory) of the dead one, without further faults.
SweptOutcome runSwept(const SweptProgram& program, const SweepSettings& settings);

}  // namespace auspex::engine
