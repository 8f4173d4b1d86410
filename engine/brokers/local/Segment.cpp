// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/Segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/brokers/local/Crc32c.h"

namespace auspex::engine {
namespace {

constexpr uint32_t kIndexMagic = 0x31495841;  // "AXI1"

// A line of the index file; the file is {magic, checksum of the lines, lines}.
struct IndexLine {
  PartitionId partition;
  RunPlace place;
};
static_assert(sizeof(IndexLine) == 48);

}  // namespace

void SegmentIndex::add(const PartitionId& partition, const RunPlace& place) {
  runs_[partition].push_back(place);
}

std::vector<RunPlace> SegmentIndex::find(const PartitionId& partition, int64_t offset,
                                         size_t maxRuns) const {
  const auto found = runs_.find(partition);
  if (found == runs_.end()) {
    return {};
  }
  const std::vector<RunPlace>& runs = found->second;
  const auto first = std::partition_point(
      runs.begin(), runs.end(), [&](const RunPlace& place) { return place.nextOffset <= offset; });
  const auto count =
      std::min<std::ptrdiff_t>(runs.end() - first, static_cast<std::ptrdiff_t>(maxRuns));
  return std::vector<RunPlace>(first, first + count);
}

std::map<PartitionId, Extent> SegmentIndex::extents() const {
  std::map<PartitionId, Extent> extents;
  for (const auto& [partition, runs] : runs_) {
    Extent& extent = extents[partition];
    extent.firstOffset = runs.front().firstOffset;
    extent.maxTimestamp = runs.front().maxTimestamp;
    for (const RunPlace& run : runs) {
      extent.nextOffset = run.nextOffset;
      extent.maxTimestamp = std::max(extent.maxTimestamp, run.maxTimestamp);
      extent.bytes += run.bytes;
    }
  }
  return extents;
}

void SegmentIndex::save(const std::filesystem::path& path) const {
  std::string lines;
  for (const auto& [partition, runs] : runs_) {
    for (const RunPlace& place : runs) {
      const IndexLine line{partition, place};
      lines.append(reinterpret_cast<const char*>(&line), sizeof(line));
    }
  }
  const uint32_t start[2] = {kIndexMagic, crc32c(lines)};
  const std::filesystem::path draft = path.string() + ".tmp";
  std::error_code ignored;
  try {
    JournalFile file(draft, JournalFile::Mode::Create);
    file.write(0, std::string_view(reinterpret_cast<const char*>(start), sizeof(start)));
    file.write(sizeof(start), lines);
    std::filesystem::rename(draft, path, ignored);
  } catch (const BrokerError&) {
    std::filesystem::remove(draft, ignored);
  }
}

std::optional<SegmentIndex> SegmentIndex::load(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return std::nullopt;
  }
  const JournalFile file(path, JournalFile::Mode::Read);
  const std::string bytes = file.read(0, file.sizeBytes());
  uint32_t start[2] = {0, 0};
  if (bytes.size() < sizeof(start) || (bytes.size() - sizeof(start)) % sizeof(IndexLine) != 0) {
    return std::nullopt;
  }
  std::memcpy(start, bytes.data(), sizeof(start));
  std::string_view lines = std::string_view(bytes).substr(sizeof(start));
  if (start[0] != kIndexMagic || start[1] != crc32c(lines)) {
    return std::nullopt;
  }
  SegmentIndex index;
  for (; !lines.empty(); lines.remove_prefix(sizeof(IndexLine))) {
    IndexLine line;
    std::memcpy(&line, lines.data(), sizeof(line));
    index.add(line.partition, line.place);
  }
  return index;
}

ScanEnd scanSegment(const JournalFile& file, const FrameVisitor& visit) {
  const uint64_t sizeBytes = file.sizeBytes();
  ScanEnd end;
  std::string body;
  while (end.position < sizeBytes) {
    end.damaged = true;  // until the frame turns out to be whole
    const uint64_t left = sizeBytes - end.position;
    if (left < kFrameHeaderBytes) {
      return end;
    }
    const std::optional<FrameHeader> header =
        decodeFrameHeader(file.read(end.position, kFrameHeaderBytes));
    if (!header || header->directoryBytes > left - kFrameHeaderBytes ||
        header->bodyBytes > left - kFrameHeaderBytes - header->directoryBytes ||
        (end.lastSequence != 0 && header->sequence != end.lastSequence + 1)) {
      return end;
    }
    const std::optional<std::vector<Section>> sections =
        decodeDirectory(file.read(end.position, kFrameHeaderBytes + header->directoryBytes));
    if (!sections) {
      return end;
    }
    const uint64_t bodyPosition = end.position + kFrameHeaderBytes + header->directoryBytes;
    uint64_t position = bodyPosition;
    for (const Section& section : *sections) {
      if (const RunSection* const run = std::get_if<RunSection>(&section)) {
        body.resize(run->bytes);
        file.read(position, std::span<char>(body));
        if (crc32c(body) != run->checksum) {
          return end;
        }
        position += run->bytes;
      }
    }
    visit(*header, *sections, bodyPosition);
    end.position = position;
    end.lastSequence = header->sequence;
    end.damaged = false;
  }
  return end;
}

void failDamaged(const std::filesystem::path& path, uint64_t position) {
  throw BrokerError(BrokerErrorKind::Fatal,
                    fmt::format("The journal file {} is damaged at offset {}. Restore the data "
                                "directory from a copy, or start over with an empty one.",
                                path.string(), position));
}

void addRuns(SegmentIndex& index, const std::vector<Section>& sections, uint64_t bodyPosition) {
  uint64_t position = bodyPosition;
  for (const Section& section : sections) {
    if (const RunSection* const run = std::get_if<RunSection>(&section)) {
      index.add(run->partition, {run->firstOffset, run->nextOffset, run->maxTimestamp, position,
                                 run->bytes, run->checksum});
      position += run->bytes;
    }
  }
}

std::filesystem::path Segment::indexPath() const {
  return std::filesystem::path(path_).replace_extension(".index");
}

std::shared_ptr<const JournalFile> Segment::openFile() {
  if (file_ == nullptr) {
    file_ = std::make_shared<const JournalFile>(path_, JournalFile::Mode::Read);
  }
  used_ = true;
  return file_;
}

std::shared_ptr<const JournalFile> Segment::file() {
  const std::lock_guard lock(mutex_);
  return openFile();
}

SegmentIndex& Segment::index() {
  used_ = true;
  if (!index_) {
    index_ = SegmentIndex::load(indexPath());
  }
  if (!index_) {
    SegmentIndex rebuilt;
    const ScanEnd end = scanSegment(
        *openFile(), [&](const FrameHeader&, const std::vector<Section>& sections,
                         uint64_t bodyPosition) { addRuns(rebuilt, sections, bodyPosition); });
    if (end.damaged) {
      failDamaged(path_, end.position);
    }
    rebuilt.save(indexPath());
    index_ = std::move(rebuilt);
  }
  return *index_;
}

std::vector<RunPlace> Segment::find(const PartitionId& partition, int64_t offset, size_t maxRuns) {
  const std::lock_guard lock(mutex_);
  return index().find(partition, offset, maxRuns);
}

void Segment::add(const std::vector<Section>& sections, uint64_t bodyPosition) {
  const std::lock_guard lock(mutex_);
  addRuns(index(), sections, bodyPosition);
}

std::map<PartitionId, Extent> Segment::extents() {
  const std::lock_guard lock(mutex_);
  return index().extents();
}

void Segment::seal() {
  const std::lock_guard lock(mutex_);
  index().save(indexPath());
  sealed_ = true;
}

void Segment::setSealed() {
  const std::lock_guard lock(mutex_);
  index_.reset();
  sealed_ = true;
}

void Segment::dropIdle() {
  const std::lock_guard lock(mutex_);
  if (sealed_ && !used_) {
    index_.reset();
    file_.reset();
  }
  used_ = false;
}

}  // namespace auspex::engine
