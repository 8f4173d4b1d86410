// SPDX-License-Identifier: Apache-2.0
#include "stateStore/StateDirectory.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "stateStore/StoreError.h"

namespace auspex::stateStore {

namespace {

namespace fs = std::filesystem;

// Every name in a data directory that is ours; what else lies there is left alone.
constexpr std::string_view kLockFile = "lock";
constexpr std::string_view kFormatFile = "format";
constexpr std::string_view kStateDirectory = "state";
constexpr std::string_view kRemovedDirectory =
    "removed";  // on its way out, finished at the next start

constexpr std::string_view kFormat = "auspex data 1\n";
constexpr std::size_t kMaxFileName = 255;

void check(const std::error_code& error, std::string_view action, const fs::path& path) {
  if (error) {
    throw StoreError(fmt::format("Cannot {} {}: {}", action, path.string(), error.message()));
  }
}

[[noreturn]] void failErrno(std::string_view action, const fs::path& path) {
  check({errno, std::generic_category()}, action, path);
  throw StoreError(fmt::format("Cannot {} {}", action, path.string()));
}

bool isPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string escape(std::string_view id) {
  std::string name;
  for (const char c : id) {
    if (isPlain(c)) {
      name.push_back(c);
    } else {
      name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return name;
}

int hexDigit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The id, or an empty text if escape() did not make this name.
std::string unescape(std::string_view name) {
  std::string id;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%') {
      id.push_back(name[i]);
      continue;
    }
    if (i + 2 >= name.size() || hexDigit(name[i + 1]) < 0 || hexDigit(name[i + 2]) < 0) {
      return {};
    }
    id.push_back(static_cast<char>(hexDigit(name[i + 1]) * 16 + hexDigit(name[i + 2])));
    i += 2;
  }
  return escape(id) == name ? id : std::string();
}

std::string readSmallFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 256> bytes{};
  file.read(bytes.data(), bytes.size());
  return {bytes.data(), static_cast<std::size_t>(file.gcount())};
}

// Moves the directory away first, so that a crash leaves no half of it under its name.
void removeDirectory(const fs::path& root, const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    check(error, "look for", path);
    return;
  }
  const fs::path removed = root / kRemovedDirectory;
  fs::create_directories(removed, error);
  check(error, "create directory", removed);
  fs::path target;
  for (int i = 0; target.empty() || fs::exists(target); ++i) {
    target = removed / fmt::format("{}", i);
  }
  fs::rename(path, target, error);
  check(error, "remove", path);
  fs::remove_all(target, error);
  check(error, "remove", target);
}

}  // namespace

StateDirectory::StateDirectory(fs::path root) : root_(std::move(root)) {
  std::error_code error;
  fs::create_directories(root_, error);
  check(error, "create directory", root_);
  lock();
  try {
    checkFormat();
    fs::remove_all(root_ / kRemovedDirectory, error);
    check(error, "remove", root_ / kRemovedDirectory);
  } catch (...) {
    unlock();
    throw;
  }
}

StateDirectory::~StateDirectory() {
  unlock();
}

void StateDirectory::lock() {
  const fs::path path = root_ / kLockFile;
  lockFile_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lockFile_ < 0) {
    failErrno("open", path);
  }
  if (::flock(lockFile_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    ::close(lockFile_);
    lockFile_ = -1;
    errno = reason;
    if (reason != EWOULDBLOCK) {
      failErrno("lock", path);
    }
    std::string holder = readSmallFile(path);
    std::replace(holder.begin(), holder.end(), '\n', ' ');
    throw StoreError(
        fmt::format("The data directory {} is in use by another process ({}). Stop it, or "
                    "give another directory.",
                    root_.string(),
                    holder.empty() ? "it is just starting" : holder.substr(0, holder.size() - 1)));
  }
  const std::string holder = fmt::format("pid {}\nstarted {:%Y-%m-%dT%H:%M:%SZ}\n", ::getpid(),
                                         fmt::gmtime(std::time(nullptr)));
  if (::ftruncate(lockFile_, 0) != 0 ||
      ::pwrite(lockFile_, holder.data(), holder.size(), 0) != static_cast<ssize_t>(holder.size())) {
    const int reason = errno;
    unlock();
    errno = reason;
    failErrno("write", path);
  }
}

// The file stays: removing it would let two processes lock two files of one name.
void StateDirectory::unlock() noexcept {
  if (lockFile_ >= 0) {
    static_cast<void>(::ftruncate(lockFile_, 0));
    ::close(lockFile_);
    lockFile_ = -1;
  }
}

void StateDirectory::checkFormat() const {
  const fs::path path = root_ / kFormatFile;
  std::error_code error;
  if (fs::exists(path, error)) {
    std::string format = readSmallFile(path);
    if (format != kFormat) {
      format.erase(std::remove_if(format.begin(), format.end(),
                                  [](char c) { return !isPlain(c) && c != ' '; }),
                   format.end());
      throw StoreError(
          fmt::format("The data directory {} has the format '{}'; this build reads '{}'",
                      root_.string(), format, kFormat.substr(0, kFormat.size() - 1)));
    }
    return;
  }
  check(error, "look for", path);
  // Written beside and renamed, so that a crash leaves no half of it.
  const fs::path draft = root_ / fmt::format("{}.draft", kFormatFile);
  std::ofstream file(draft, std::ios::binary | std::ios::trunc);
  file << kFormat;
  file.close();
  if (!file) {
    throw StoreError(fmt::format("Cannot write {}", draft.string()));
  }
  fs::rename(draft, path, error);
  check(error, "write", path);
}

fs::path StateDirectory::statePath() const {
  return root_ / kStateDirectory;
}

fs::path StateDirectory::queryPath(std::string_view queryId) const {
  assert(!queryId.empty());
  const std::string name = escape(queryId);
  if (name.size() > kMaxFileName) {
    throw StoreError(
        fmt::format("The query id '{}' is too long for the name of a directory", queryId));
  }
  return statePath() / name;
}

fs::path StateDirectory::taskPath(std::string_view queryId, std::uint32_t subTopology,
                                  std::int32_t partition) const {
  assert(partition >= 0);
  return queryPath(queryId) / fmt::format("{}_{}", subTopology, partition);
}

std::vector<std::string> StateDirectory::queries() const {
  std::vector<std::string> ids;
  std::error_code error;
  if (!fs::exists(statePath(), error)) {
    return ids;
  }
  for (fs::directory_iterator entry(statePath(), error), end; !error && entry != end;
       entry.increment(error)) {
    if (std::string id = unescape(entry->path().filename().string()); !id.empty()) {
      ids.push_back(std::move(id));
    }
  }
  check(error, "list", statePath());
  std::sort(ids.begin(), ids.end());
  return ids;
}

void StateDirectory::removeTask(std::string_view queryId, std::uint32_t subTopology,
                                std::int32_t partition) {
  removeDirectory(root_, taskPath(queryId, subTopology, partition));
}

void StateDirectory::removeQuery(std::string_view queryId) {
  removeDirectory(root_, queryPath(queryId));
}

void StateDirectory::removeAll() {
  removeDirectory(root_, statePath());
}

}  // namespace auspex::stateStore
