// SPDX-License-Identifier: Apache-2.0
// One open file, of the journal or of what else has to be whole on the disk: reads and writes whole
// ranges, and turns every failure of the system into a BrokerError that names the file.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace auspex::engine {

/// Owns a file descriptor. Reading: any thread. All functions throw BrokerError: Unavailable when
/// the system refuses (disk full, no permission, too many files), Fatal when bytes are missing.
class JournalFile {
 public:
  enum class Mode : uint8_t { Read, ReadWrite, Create };

  JournalFile(std::filesystem::path path, Mode mode);
  /// How a temporary file is called for a moment; a killed process may leave one behind.
  static constexpr std::string_view kTemporaryPrefix = "spill-";
  /// A file without a name in `directory`, gone when closed.
  static JournalFile temporary(const std::filesystem::path& directory);
  ~JournalFile();
  JournalFile(JournalFile&& other) noexcept;
  JournalFile& operator=(JournalFile&&) = delete;
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  uint64_t sizeBytes() const;
  /// Fills `target` from `position`.
  void read(uint64_t position, std::span<char> target) const;
  std::string read(uint64_t position, size_t sizeBytes) const;
  void write(uint64_t position, std::string_view bytes);
  /// Writes the parts one after the other; `parts` is used up.
  void write(uint64_t position, std::span<iovec> parts);
  void truncate(uint64_t sizeBytes);
  /// Returns when the contents have reached the disk.
  void sync();

 private:
  JournalFile(std::filesystem::path path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}
  [[noreturn]] void fail(const char* action, int error) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// Returns when names created in, moved to or removed from the directory have reached the disk.
void syncDirectory(const std::filesystem::path& directory);

}  // namespace auspex::engine
