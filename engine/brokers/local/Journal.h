// SPDX-License-Identifier: Apache-2.0
// The embedded broker's journal: frames appended to the newest of its segment files, each whole or
// not there at all. docs/brokerLayout.md describes the files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/brokers/local/JournalFile.h"
#include "engine/brokers/local/JournalFrame.h"
#include "engine/brokers/local/Segment.h"

namespace auspex::engine {

enum class SyncMode : uint8_t {
  Interval,  ///< about every second: survives kill -9 whole, a power loss up to the last second
  Always     ///< before a commit returns
};

struct JournalOptions {
  std::filesystem::path directory;
  uint64_t segmentBytes = 64 * 1024 * 1024;  ///< a segment is sealed when the next frame exceeds it
  SyncMode sync = SyncMode::Interval;
  /// Called at named points (journal.beforeWrite, journal.afterWrite, journal.afterRoll), so that a
  /// test can end the process there. Empty: nothing is called.
  std::function<void(std::string_view point)> killPoint;
};

/// The records of a frame, in the order of its run sections: first what was spilled, then the rest.
struct FrameBody {
  const JournalFile* spill = nullptr;
  uint64_t spillBytes = 0;
  std::vector<std::string_view> parts;
};

/// One writer at a time (the owner's lock); reading segments and sync(): any thread.
class Journal {
 public:
  /// What is found when the journal is opened: the sections of the newest segment, its checkpoint
  /// first, in order. The runs of older segments come from segments() and their extents.
  using SectionVisitor = std::function<void(uint64_t segment, const Section& section)>;

  /// Opens or creates it, cuts a torn tail. Throws BrokerError(Fatal), naming file and offset, when
  /// something before the tail is damaged.
  Journal(JournalOptions options, const SectionVisitor& visit);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// The newest segment is so full that roll() should come before a frame of that size.
  bool isFull(uint64_t frameBytes) const;
  /// Seals the newest segment and starts another with `checkpoint`. Throws
  /// BrokerError(Unavailable); the old segment then goes on.
  void roll(const std::vector<Section>& checkpoint);
  /// Appends one frame; returns its segment. Throws BrokerError(Unavailable) when it could not be
  /// written: nothing of it is there then.
  uint64_t append(const std::vector<Section>& sections, const FrameBody& body);
  /// Returns when everything appended before has reached the disk. Throws BrokerError.
  void sync();
  /// Adds an empty frame after a sync, unless one is there: it tells the next start that all before
  /// it was on the disk, so that damage there is not taken for a torn tail. The writer's.
  void markSynced();
  /// Deletes a sealed segment. Readers that have it open may finish.
  void remove(uint64_t number);

  /// A snapshot, by number.
  std::map<uint64_t, std::shared_ptr<Segment>> segments() const;
  /// Null when there is none.
  std::shared_ptr<Segment> segment(uint64_t number) const;
  uint64_t newestSegment() const;

 private:
  void findSegments();
  void recoverNewest(const SectionVisitor& visit);
  bool isCutByPowerLoss(const JournalFile& file, const ScanEnd& end) const;
  std::unique_ptr<JournalFile> createSegment(uint64_t number,
                                             const std::vector<Section>& checkpoint,
                                             uint64_t& sizeBytes);
  void writeFrame(const std::string& frame, const FrameBody& body);
  void checkUsable() const;
  void reach(std::string_view point) const;
  std::filesystem::path pathOf(uint64_t number) const;

  const JournalOptions options_;
  mutable std::mutex mutex_;  // guards segments_, newest_, synced_ and broken_; never held over I/O
  std::map<uint64_t, std::shared_ptr<Segment>> segments_;
  std::shared_ptr<JournalFile> newest_;
  uint64_t synced_ = 0;   // bytes of the newest segment that have reached the disk
  std::string broken_;    // why nothing can be written any more; empty: all is well
  uint64_t written_ = 0;  // bytes of the newest segment; mutex_ for other threads than the writer
  uint64_t checkpointBytes_ = 0;  // of the newest segment's first frame; the writer's
  uint64_t markedBytes_ = 0;      // written_ after the last mark; the writer's
  uint64_t sequence_ = 0;         // of the last frame; the writer's
};

}  // namespace auspex::engine
