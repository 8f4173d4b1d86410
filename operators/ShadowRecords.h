// SPDX-License-Identifier: Apache-2.0
// The records of a topic of shadows: what a version in the shadow gave for a row beside what the
// versions that serve gave.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/Operator.h"
#include "operators/Outbox.h"
#include "operators/ports/RecordChannel.h"

namespace auspex::operators {

/// The rows of the batch that are there and that the hash of their records' coordinates chooses.
std::vector<uint32_t> sampleRows(const Batch& batch, uint32_t sampledBuckets, const Draw& draw);

/// What the rows of a batch got from the versions that serve; NULL where they got none.
struct ServedScores {
  const Column& predictions;
  const Column& versions;
};

/// A row with all that is told of it.
struct ShadowedRow {
  const ServedScores& served;
  size_t row = 0;                  ///< of the batch
  std::string_view fallback = {};  ///< the model that scored it instead; empty: none
  uint32_t shadowVersion = 0;
  const Column& shadowScores;
  size_t place = 0;             ///< in shadowScores
  std::string_view error = {};  ///< why the shadow has none; empty: it has one
};

/// A record that waits for its draw to be done.
struct ShadowRecord {
  uint32_t drawIndex = 0;
  int64_t timestamp = 0;
  std::string text;
};

/// One record per sampled row: the key of the record it comes from; as value a JSON object with
/// `model`, `version`, `score`, `fallback` (where another model scored), `shadowVersion`,
/// `shadowScore`, `shadowError` (where there is none), `topic`, `partition`, `offset`. One thread.
class ShadowRecords {
 public:
  ShadowRecords(RecordChannel& channel, std::string topic)
      : channel_(channel), topic_(std::move(topic)) {}

  /// The value of a row's record. model: as the query names it.
  static std::string describe(const std::string& model, const ShadowedRow& shadowed,
                              const DrawnRecord& drawn);
  /// Writes records of a draw. Those that the topic does not take are left out.
  void send(std::span<const ShadowRecord> records, const Draw& draw);

 private:
  RecordChannel& channel_;
  std::string topic_;
  Outbox outbox_;
};

}  // namespace auspex::operators
