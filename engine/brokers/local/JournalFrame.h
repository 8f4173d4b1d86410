// SPDX-License-Identifier: Apache-2.0
// One atomic change of the embedded broker as bytes: a frame of sections, followed by the records
// that it adds. docs/brokerLayout.md has the grammar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/brokers/Broker.h"

namespace auspex::engine {

/// Topics have ids that are never used twice: a deleted and created topic is another one.
struct PartitionId {
  uint32_t topic = 0;
  int32_t partition = 0;
  friend auto operator<=>(const PartitionId& left, const PartitionId& right) = default;
};

/// Records of one partition, consecutive in the frame's body.
struct RunSection {
  PartitionId partition;
  int64_t firstOffset = 0;
  int64_t nextOffset = 0;  ///< after the last one
  int64_t maxTimestamp = 0;
  uint32_t bytes = 0;
  uint32_t checksum = 0;  ///< CRC-32C of its bytes
};

struct GroupOffsetSection {
  std::string group;
  TopicPartition partition;
  int64_t offset = 0;
};

struct TopicCreatedSection {
  uint32_t id = 0;
  TopicSpec spec;
};

struct TopicDeletedSection {
  uint32_t id = 0;
};

/// Everything before `offset` is deleted.
struct BeginOffsetSection {
  PartitionId partition;
  int64_t offset = 0;
};

struct ProducerSection {
  std::string transactionalId;
  uint64_t epoch = 0;
};

/// Only in the checkpoint that opens a segment: the next offset of a partition at that time.
struct NextOffsetSection {
  PartitionId partition;
  int64_t offset = 0;
};

/// Only in a checkpoint: the id of the next topic.
struct NextTopicSection {
  uint32_t id = 0;
};

using Section =
    std::variant<RunSection, GroupOffsetSection, TopicCreatedSection, TopicDeletedSection,
                 BeginOffsetSection, ProducerSection, NextOffsetSection, NextTopicSection>;

struct FrameHeader {
  uint32_t directoryBytes = 0;
  uint64_t bodyBytes = 0;
  uint64_t sequence = 0;     ///< one more than the frame before
  uint64_t syncedBytes = 0;  ///< of this file, known to have reached the disk when it was written
};

inline constexpr size_t kFrameHeaderBytes = 40;

/// Header and directory of a frame; the body is written behind it.
std::string encodeFrame(uint64_t sequence, uint64_t syncedBytes,
                        const std::vector<Section>& sections);

/// Reads kFrameHeaderBytes. Absent: no frame starts here. The checksum is not looked at yet.
std::optional<FrameHeader> decodeFrameHeader(std::string_view bytes);

/// Checks and reads `bytes`, header and directory of a frame. Absent: damaged.
std::optional<std::vector<Section>> decodeDirectory(std::string_view bytes);

}  // namespace auspex::engine
