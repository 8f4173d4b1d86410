// SPDX-License-Identifier: Apache-2.0
// One file of the journal and the index of the records in it. The index of a sealed segment is a
// file beside it, read when somebody reads there and dropped when nobody does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/brokers/local/JournalFile.h"
#include "engine/brokers/local/JournalFrame.h"

namespace auspex::engine {

/// Where a run of records lies in its segment.
struct RunPlace {
  int64_t firstOffset = 0;
  int64_t nextOffset = 0;
  int64_t maxTimestamp = 0;
  uint64_t position = 0;
  uint32_t bytes = 0;
  uint32_t checksum = 0;
};

/// What a segment has of a partition.
struct Extent {
  int64_t firstOffset = 0;
  int64_t nextOffset = 0;
  int64_t maxTimestamp = 0;
  uint64_t bytes = 0;
};

/// Runs by partition, each in offset order.
class SegmentIndex {
 public:
  void add(const PartitionId& partition, const RunPlace& place);
  /// Up to `maxRuns` runs from the one that has `offset` on (or the first after it).
  std::vector<RunPlace> find(const PartitionId& partition, int64_t offset, size_t maxRuns) const;
  std::map<PartitionId, Extent> extents() const;

  /// Writes it to a file (whole or not at all) and reads it back; absent when the file is missing
  /// or damaged: the segment itself can tell, so a failure to write only costs time later.
  void save(const std::filesystem::path& path) const;
  static std::optional<SegmentIndex> load(const std::filesystem::path& path);

 private:
  std::map<PartitionId, std::vector<RunPlace>> runs_;
};

/// Called for every frame of a scan, in order; `bodyPosition` is where its records begin.
using FrameVisitor = std::function<void(
    const FrameHeader& header, const std::vector<Section>& sections, uint64_t bodyPosition)>;

/// How far a scan came.
struct ScanEnd {
  uint64_t position = 0;      ///< after the last whole frame
  uint64_t lastSequence = 0;  ///< of the last whole frame; 0: there is none
  bool damaged = false;       ///< something follows that is no whole frame
};

/// Reads all frames of a segment and checks every checksum.
ScanEnd scanSegment(const JournalFile& file, const FrameVisitor& visit);

/// Throws BrokerError(Fatal), naming file and offset.
[[noreturn]] void failDamaged(const std::filesystem::path& path, uint64_t position);

/// Adds the runs of a frame to an index.
void addRuns(SegmentIndex& index, const std::vector<Section>& sections, uint64_t bodyPosition);

/// Any thread.
class Segment {
 public:
  Segment(std::filesystem::path path, uint64_t number) : path_(std::move(path)), number_(number) {}

  uint64_t number() const { return number_; }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path indexPath() const;

  /// The file for reading; opened when needed.
  std::shared_ptr<const JournalFile> file();
  std::vector<RunPlace> find(const PartitionId& partition, int64_t offset, size_t maxRuns);
  /// Adds the runs of a frame that was written.
  void add(const std::vector<Section>& sections, uint64_t bodyPosition);
  std::map<PartitionId, Extent> extents();
  /// Nothing is added any more: writes the index beside it.
  void seal();
  /// Declares a segment found on disk as sealed; its index is read when needed.
  void setSealed();
  /// Gives the index and the file of a sealed segment back if nobody used them since the last call.
  void dropIdle();

 private:
  SegmentIndex& index();                          // mutex_ held
  std::shared_ptr<const JournalFile> openFile();  // mutex_ held

  const std::filesystem::path path_;
  const uint64_t number_;
  std::mutex mutex_;  // guards everything below
  std::shared_ptr<const JournalFile> file_;
  std::optional<SegmentIndex> index_ = SegmentIndex();
  bool sealed_ = false;
  bool used_ = false;
};

}  // namespace auspex::engine
