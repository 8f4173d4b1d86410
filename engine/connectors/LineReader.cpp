// SPDX-License-Identifier: Apache-2.0
#include "engine/connectors/LineReader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace auspex::engine {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;

/// Eight bytes at a time by multiply and fold: a change is noticed, which is all it is for.
uint64_t hashBytes(uint64_t hash, std::string_view bytes) {
  constexpr uint64_t kPrime = 1099511628211ULL;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<uint8_t>(byte)) * kPrime;
  }
  return hash;
}

}  // namespace

std::string formatByExtension(std::filesystem::path path) {
  if (path.extension() == ".gz") {
    path = path.stem();
  }
  std::string format = path.extension().string();
  format.erase(0, format.empty() ? 0 : 1);
  return format == "json" || format == "jsonl" ? "ndjson" : format;
}

LineReader::LineReader(const std::filesystem::path& path, bool csvQuotes) : csvQuotes_(csvQuotes) {
  file_ = gzopen(path.c_str(), "rb");
  if (file_ == nullptr) {
    throw std::runtime_error(
        fmt::format("file '{}' cannot be read: {}", path.string(), std::strerror(errno)));
  }
  gzbuffer(static_cast<gzFile>(file_), kReadBytes);
}

LineReader::~LineReader() {
  gzclose(static_cast<gzFile>(file_));
}

bool LineReader::fill() {
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  if (buffer_.size() > kMaxFileRecordBytes) {
    throw std::runtime_error(
        fmt::format("a record longer than {} bytes begins at byte {}; is a quote missing?",
                    kMaxFileRecordBytes, position_));
  }
  const size_t used = buffer_.size();
  buffer_.resize(used + kReadBytes);
  const int count = gzread(static_cast<gzFile>(file_), buffer_.data() + used, kReadBytes);
  if (count < 0) {
    int error = 0;
    const char* const message = gzerror(static_cast<gzFile>(file_), &error);
    throw std::runtime_error(fmt::format("read error at byte {}: {}", position_, message));
  }
  buffer_.resize(used + static_cast<size_t>(count));
  return count > 0;
}

void LineReader::consume(size_t size) {
  hash_ = hashBytes(hash_, std::string_view(buffer_).substr(begin_, size));
  begin_ += size;
  position_ += size;
}

std::optional<std::string_view> LineReader::next(bool wholeLinesOnly) {
  size_t scanned = 0;
  bool quoted = false;
  while (true) {
    const std::string_view rest = std::string_view(buffer_).substr(begin_);
    for (; scanned < rest.size(); ++scanned) {
      if (csvQuotes_ && rest[scanned] == '"') {
        quoted = !quoted;
      } else if (rest[scanned] == '\n' && !quoted) {
        const size_t start = begin_;
        consume(scanned + 1);
        std::string_view line = std::string_view(buffer_).substr(start, scanned);
        if (!line.empty() && line.back() == '\r') {
          line.remove_suffix(1);
        }
        return line;
      }
    }
    if (!fill()) {
      break;
    }
  }
  if (wholeLinesOnly || begin_ == buffer_.size()) {
    return std::nullopt;
  }
  const size_t start = begin_;
  consume(buffer_.size() - begin_);
  return std::string_view(buffer_).substr(start);
}

bool LineReader::skipTo(uint64_t position) {
  while (position_ < position) {
    if (begin_ == buffer_.size() && !fill()) {
      return false;
    }
    const uint64_t available = buffer_.size() - begin_;
    consume(static_cast<size_t>(std::min(available, position - position_)));
  }
  return true;
}

void LineReader::clearEnd() {
  gzclearerr(static_cast<gzFile>(file_));
}

}  // namespace auspex::engine
