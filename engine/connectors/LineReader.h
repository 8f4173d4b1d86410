// SPDX-License-Identifier: Apache-2.0
// Reads a file, plain or gzip, record by record: lines, or CSV records whose quoted fields may hold
// line breaks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace auspex::engine {

/// "csv", "ndjson" (also for .json and .jsonl), or whatever else the extension says; a last ".gz"
/// is looked through.
std::string formatByExtension(std::filesystem::path path);

/// Longest record; a longer one ends the connector with a message, since it is a broken quote.
inline constexpr size_t kMaxFileRecordBytes = size_t{16} << 20;

/// Bounded memory. One thread.
class LineReader {
 public:
  /// Throws std::runtime_error when the file cannot be opened.
  LineReader(const std::filesystem::path& path, bool csvQuotes);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// The next record without its line end; valid until the next call. Nothing at the end of the
  /// file. An unfinished last line counts as a record unless `wholeLinesOnly`.
  std::optional<std::string_view> next(bool wholeLinesOnly);
  /// Uncompressed bytes up to the end of the last record.
  uint64_t position() const { return position_; }
  /// Hash over all bytes up to position(): the file up to there is still the same.
  uint64_t hash() const { return hash_; }
  /// Reads and hashes up to `position`; false when the file is shorter.
  bool skipTo(uint64_t position);
  /// After the end: the file may have grown.
  void clearEnd();

 private:
  bool fill();
  void consume(size_t size);

  void* file_ = nullptr;  // gzFile: reads plain files too
  bool csvQuotes_;
  std::string buffer_;
  size_t begin_ = 0;  // of what is not consumed
  uint64_t position_ = 0;
  uint64_t hash_ = 14695981039346656037ULL;
};

}  // namespace auspex::engine
