// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/Journal.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "operators/data/Assert.h"

namespace auspex::engine {
namespace {

constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kSuffix = ".log";
constexpr size_t kCopyBytes = 1024 * 1024;  // of a spill file at a time

std::optional<uint64_t> numberOf(const std::string& fileName) {
  if (!fileName.starts_with(kPrefix) || !fileName.ends_with(kSuffix)) {
    return std::nullopt;
  }
  const char* const begin = fileName.data() + kPrefix.size();
  const char* const end = fileName.data() + fileName.size() - kSuffix.size();
  uint64_t number = 0;
  const auto [stop, error] = std::from_chars(begin, end, number, 16);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace

Journal::Journal(JournalOptions options, const SectionVisitor& visit)
    : options_(std::move(options)) {
  std::error_code error;
  std::filesystem::create_directories(options_.directory, error);
  if (error) {
    throw BrokerError(BrokerErrorKind::Unavailable,
                      fmt::format("Cannot create the directory {}: {}.",
                                  options_.directory.string(), error.message()));
  }
  findSegments();
  if (segments_.empty()) {
    newest_ = createSegment(1, {NextTopicSection{1}}, written_);
    synced_ = written_;
    segments_[1] = std::make_shared<Segment>(pathOf(1), 1);
    visit(1, NextTopicSection{1});
  } else {
    recoverNewest(visit);
  }
}

Journal::~Journal() {
  try {
    sync();
    markSynced();
  } catch (const BrokerError& error) {
    spdlog::warn("journal not closed cleanly directory={} reason={}", options_.directory.string(),
                 error.what());
  }
}

void Journal::findSegments() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(options_.directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".tmp") || name.starts_with(JournalFile::kTemporaryPrefix)) {
      std::error_code ignored;
      std::filesystem::remove(entry.path(), ignored);  // the draft of a process that died
    } else if (const std::optional<uint64_t> number = numberOf(name)) {
      segments_[*number] = std::make_shared<Segment>(entry.path(), *number);
    }
  }
  if (error) {
    throw BrokerError(BrokerErrorKind::Unavailable,
                      fmt::format("Cannot list the directory {}: {}.", options_.directory.string(),
                                  error.message()));
  }
  for (const auto& [number, segment] : segments_) {
    if (number != segments_.rbegin()->first) {
      segment->setSealed();
    }
  }
}

void Journal::recoverNewest(const SectionVisitor& visit) {
  const uint64_t number = segments_.rbegin()->first;
  const auto& segment = segments_.rbegin()->second;
  newest_ = std::make_shared<JournalFile>(segment->path(), JournalFile::Mode::ReadWrite);
  bool endsWithMark = false;
  const ScanEnd end = scanSegment(
      *newest_,
      [&](const FrameHeader&, const std::vector<Section>& sections, uint64_t bodyPosition) {
        segment->add(sections, bodyPosition);
        endsWithMark = sections.empty();
        for (const Section& section : sections) {
          visit(number, section);
        }
      });
  // A segment gets its name when its checkpoint has reached the disk: it cannot be torn there.
  if (end.lastSequence == 0 || (end.damaged && !isCutByPowerLoss(*newest_, end))) {
    failDamaged(segment->path(), end.position);
  }
  if (end.damaged) {
    spdlog::warn("journal tail cut file={} offset={} bytes={}", segment->path().string(),
                 end.position, newest_->sizeBytes() - end.position);
    newest_->truncate(end.position);
  }
  newest_->sync();
  written_ = synced_ = end.position;
  markedBytes_ = endsWithMark ? end.position : 0;
  sequence_ = end.lastSequence;
}

// A frame after the damage that knew the damaged place to be on the disk proves that it was not
// torn by a kill or a power loss.
bool Journal::isCutByPowerLoss(const JournalFile& file, const ScanEnd& end) const {
  const std::string rest = file.read(end.position, file.sizeBytes() - end.position);
  const std::string magic = encodeFrame(0, 0, {}).substr(0, 4);
  for (size_t place = rest.find(magic, 1); place != std::string::npos;
       place = rest.find(magic, place + 1)) {
    const std::string_view candidate = std::string_view(rest).substr(place);
    const std::optional<FrameHeader> header = decodeFrameHeader(candidate);
    if (header && header->sequence > end.lastSequence && header->syncedBytes > end.position &&
        header->directoryBytes <= candidate.size() - kFrameHeaderBytes &&
        decodeDirectory(candidate.substr(0, kFrameHeaderBytes + header->directoryBytes))) {
      return false;
    }
  }
  return true;
}

std::filesystem::path Journal::pathOf(uint64_t number) const {
  return options_.directory / fmt::format("{}{:016x}{}", kPrefix, number, kSuffix);
}

std::unique_ptr<JournalFile> Journal::createSegment(uint64_t number,
                                                    const std::vector<Section>& checkpoint,
                                                    uint64_t& sizeBytes) {
  const std::filesystem::path draft = pathOf(number).string() + ".tmp";
  const std::string frame = encodeFrame(sequence_ + 1, 0, checkpoint);
  std::error_code error;
  try {
    JournalFile file(draft, JournalFile::Mode::Create);
    file.write(0, frame);
    file.sync();
  } catch (const BrokerError&) {
    std::filesystem::remove(draft, error);
    throw;
  }
  std::filesystem::rename(draft, pathOf(number), error);
  if (error) {
    throw BrokerError(BrokerErrorKind::Unavailable,
                      fmt::format("Cannot rename {}: {}.", draft.string(), error.message()));
  }
  try {
    syncDirectory(options_.directory);
    auto created = std::make_unique<JournalFile>(pathOf(number), JournalFile::Mode::ReadWrite);
    ++sequence_;
    sizeBytes = frame.size();
    return created;
  } catch (const BrokerError& failure) {
    // The old segment goes on, so its successor must not be found by the next start.
    if (!std::filesystem::remove(pathOf(number), error)) {
      const std::lock_guard lock(mutex_);
      broken_ = failure.what();
    }
    throw;
  }
}

bool Journal::isFull(uint64_t frameBytes) const {
  return written_ > checkpointBytes_ && written_ + frameBytes > options_.segmentBytes;
}

void Journal::roll(const std::vector<Section>& checkpoint) {
  checkUsable();
  sync();
  const std::shared_ptr<Segment> old = segment(newestSegment());
  const uint64_t number = old->number() + 1;
  uint64_t sizeBytes = 0;
  std::shared_ptr<JournalFile> created = createSegment(number, checkpoint, sizeBytes);
  {
    const std::lock_guard lock(mutex_);
    segments_[number] = std::make_shared<Segment>(pathOf(number), number);
    newest_ = std::move(created);
    written_ = synced_ = sizeBytes;
  }
  checkpointBytes_ = sizeBytes;
  old->seal();
  reach("journal.afterRoll");
}

void Journal::checkUsable() const {
  const std::lock_guard lock(mutex_);
  if (!broken_.empty()) {
    throw BrokerError(BrokerErrorKind::Fatal,
                      fmt::format("The journal takes nothing any more: {}", broken_));
  }
}

void Journal::reach(std::string_view point) const {
  if (options_.killPoint) {
    options_.killPoint(point);
  }
}

void Journal::writeFrame(const std::string& frame, const FrameBody& body) {
  newest_->write(written_, frame);
  uint64_t position = written_ + frame.size();
  for (uint64_t done = 0; done < body.spillBytes;) {
    const size_t size = static_cast<size_t>(std::min<uint64_t>(kCopyBytes, body.spillBytes - done));
    newest_->write(position, body.spill->read(done, size));
    position += size;
    done += size;
  }
  std::vector<iovec> parts;
  for (const std::string_view part : body.parts) {
    parts.push_back({const_cast<char*>(part.data()), part.size()});
  }
  newest_->write(position, std::span<iovec>(parts));
}

uint64_t Journal::append(const std::vector<Section>& sections, const FrameBody& body) {
  checkUsable();
  uint64_t synced = 0;
  {
    const std::lock_guard lock(mutex_);
    synced = synced_;
  }
  const std::string frame = encodeFrame(sequence_ + 1, synced, sections);
  reach("journal.beforeWrite");
  try {
    writeFrame(frame, body);
    if (options_.sync == SyncMode::Always) {
      newest_->sync();
    }
  } catch (const BrokerError& failure) {
    try {
      newest_->truncate(written_);
    } catch (const BrokerError&) {
      const std::lock_guard lock(mutex_);
      broken_ = failure.what();
    }
    throw;
  }
  reach("journal.afterWrite");
  const std::shared_ptr<Segment> newest = segment(newestSegment());
  newest->add(sections, written_ + frame.size());
  uint64_t bytes = frame.size() + body.spillBytes;
  for (const std::string_view part : body.parts) {
    bytes += part.size();
  }
  ++sequence_;
  const std::lock_guard lock(mutex_);
  written_ += bytes;
  synced_ = options_.sync == SyncMode::Always ? written_ : synced_;
  return newest->number();
}

void Journal::sync() {
  std::shared_ptr<JournalFile> file;
  uint64_t position = 0;
  {
    const std::lock_guard lock(mutex_);
    if (synced_ == written_ || !broken_.empty()) {
      return;
    }
    file = newest_;
    position = written_;
  }
  try {
    file->sync();
  } catch (const BrokerError& error) {
    // What the system has dropped after a failed sync is unknown: only a new start can tell.
    const std::lock_guard lock(mutex_);
    broken_ = error.what();
    throw;
  }
  const std::lock_guard lock(mutex_);
  if (file == newest_) {
    synced_ = std::max(synced_, position);
  }
}

void Journal::markSynced() {
  {
    const std::lock_guard lock(mutex_);
    if (synced_ != written_ || written_ == markedBytes_ || !broken_.empty()) {
      return;
    }
  }
  append({}, {});
  markedBytes_ = written_;
}

void Journal::remove(uint64_t number) {
  std::shared_ptr<Segment> removed;
  {
    const std::lock_guard lock(mutex_);
    AUSPEX_ASSERT(number != segments_.rbegin()->first);
    removed = segments_.at(number);
    segments_.erase(number);
  }
  std::error_code error;
  std::filesystem::remove(removed->indexPath(), error);
  std::filesystem::remove(removed->path(), error);
  if (error) {
    spdlog::warn("journal segment not removed file={} reason={}", removed->path().string(),
                 error.message());
  }
}

std::map<uint64_t, std::shared_ptr<Segment>> Journal::segments() const {
  const std::lock_guard lock(mutex_);
  return segments_;
}

std::shared_ptr<Segment> Journal::segment(uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = segments_.find(number);
  return found == segments_.end() ? nullptr : found->second;
}

uint64_t Journal::newestSegment() const {
  const std::lock_guard lock(mutex_);
  return segments_.rbegin()->first;
}

}  // namespace auspex::engine
