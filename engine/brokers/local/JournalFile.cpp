// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/JournalFile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <system_error>
#include <utility>

#include "engine/brokers/Broker.h"

namespace auspex::engine {
namespace {

[[noreturn]] void failOn(const std::filesystem::path& path, const char* action, int error) {
  throw BrokerError(BrokerErrorKind::Unavailable,
                    fmt::format("Cannot {} {}: {}.", action, path.string(),
                                std::generic_category().message(error)));
}

}  // namespace

JournalFile::JournalFile(std::filesystem::path path, Mode mode) : path_(std::move(path)) {
  const int flags = mode == Mode::Read        ? O_RDONLY
                    : mode == Mode::ReadWrite ? O_RDWR
                                              : O_RDWR | O_CREAT | O_TRUNC;
  descriptor_ = ::open(path_.c_str(), flags | O_CLOEXEC, 0644);
  if (descriptor_ < 0) {
    fail("open", errno);
  }
}

JournalFile JournalFile::temporary(const std::filesystem::path& directory) {
  std::string name = (directory / (std::string(kTemporaryPrefix) + "XXXXXX")).string();
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) {
    failOn(directory, "create a file in", errno);
  }
  ::unlink(name.c_str());
  return JournalFile(std::filesystem::path(name), descriptor);
}

JournalFile::~JournalFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

JournalFile::JournalFile(JournalFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {
}

void JournalFile::fail(const char* action, int error) const {
  failOn(path_, action, error);
}

uint64_t JournalFile::sizeBytes() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) {
    fail("look at", errno);
  }
  return static_cast<uint64_t>(status.st_size);
}

void JournalFile::read(uint64_t position, std::span<char> target) const {
  while (!target.empty()) {
    const ssize_t count =
        ::pread(descriptor_, target.data(), target.size(), static_cast<off_t>(position));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      fail("read", errno);
    }
    if (count == 0) {
      throw BrokerError(BrokerErrorKind::Fatal,
                        fmt::format("The file {} ends at offset {}, before the {} bytes expected "
                                    "there: it was cut by somebody else.",
                                    path_.string(), position, target.size()));
    }
    target = target.subspan(static_cast<size_t>(count));
    position += static_cast<uint64_t>(count);
  }
}

std::string JournalFile::read(uint64_t position, size_t sizeBytes) const {
  std::string bytes(sizeBytes, '\0');
  read(position, std::span<char>(bytes));
  return bytes;
}

void JournalFile::write(uint64_t position, std::string_view bytes) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  write(position, std::span<iovec>(&part, 1));
}

void JournalFile::write(uint64_t position, std::span<iovec> parts) {
  while (!parts.empty()) {
    const int count = static_cast<int>(std::min<size_t>(parts.size(), IOV_MAX));
    const ssize_t written =
        ::pwritev(descriptor_, parts.data(), count, static_cast<off_t>(position));
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      fail("write to", errno);
    }
    position += static_cast<uint64_t>(written);
    size_t left = static_cast<size_t>(written);
    while (!parts.empty() && left >= parts.front().iov_len) {
      left -= parts.front().iov_len;
      parts = parts.subspan(1);
    }
    if (left > 0) {
      parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + left;
      parts.front().iov_len -= left;
    }
  }
}

void JournalFile::truncate(uint64_t sizeBytes) {
  if (::ftruncate(descriptor_, static_cast<off_t>(sizeBytes)) != 0) {
    fail("shorten", errno);
  }
}

void JournalFile::sync() {
  if (::fdatasync(descriptor_) != 0) {
    fail("sync", errno);
  }
}

void syncDirectory(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    failOn(directory, "open", errno);
  }
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (result != 0) {
    failOn(directory, "sync", error);
  }
}

}  // namespace auspex::engine
