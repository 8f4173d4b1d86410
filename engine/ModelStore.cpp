// SPDX-License-Identifier: Apache-2.0
#include "engine/ModelStore.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "operators/data/Checksum.h"
#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"

namespace auspex::engine {
namespace {

/// An open file or directory.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags)
      : path_(path), number_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (number_ < 0) {
      fail("open");
    }
  }
  ~Descriptor() { close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(number_, bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) {
        fail("write");
      }
      bytes.remove_prefix(written < 0 ? 0 : static_cast<size_t>(written));
    }
  }
  void sync() const {
    if (fsync(number_) != 0) {
      fail("sync");
    }
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw std::runtime_error(fmt::format("cannot {} '{}': {}", what, path_.string(),
                                         std::generic_category().message(errno)));
  }

  std::filesystem::path path_;
  int number_;
};

}  // namespace

std::filesystem::path ModelStore::pathOf(const std::string& checksum) const {
  return directory_ / (checksum + ".model");
}

void ModelStore::keep(const std::string& checksum, std::string_view bytes) {
  keepHere(checksum, bytes);
  if (topic_) {
    topic_->publish(checksum, bytes);
  }
}

std::optional<std::string> ModelStore::find(const std::string& checksum) {
  std::optional<std::string> bytes = findHere(checksum);
  if (!bytes && topic_) {
    bytes = topic_->fetch(checksum);
    if (bytes) {
      keepHere(checksum, *bytes);
    }
  }
  return bytes;
}

void ModelStore::keepHere(const std::string& checksum, std::string_view bytes) {
  if (directory_.empty()) {
    inMemory_.emplace(checksum, bytes);
    return;
  }
  if (findHere(checksum)) {
    return;
  }
  std::filesystem::create_directories(directory_);
  const std::filesystem::path path = pathOf(checksum);
  const std::filesystem::path draft = directory_ / (checksum + ".draft");
  {
    const Descriptor file(draft, O_WRONLY | O_CREAT | O_TRUNC);
    file.write(bytes);
    file.sync();
  }
  std::filesystem::rename(draft, path);
  Descriptor(directory_, O_RDONLY | O_DIRECTORY).sync();
}

std::optional<std::string> ModelStore::findHere(const std::string& checksum) {
  if (directory_.empty()) {
    const auto known = inMemory_.find(checksum);
    return known == inMemory_.end() ? std::nullopt : std::optional(known->second);
  }
  const std::filesystem::path path = pathOf(checksum);
  if (!std::filesystem::exists(path)) {
    return std::nullopt;
  }
  try {
    std::string bytes = operators::readModelFile(path.string());
    if (operators::sha256Hex(bytes) == checksum) {
      return bytes;
    }
    spdlog::warn("model file '{}' is damaged: its checksum is another", path.string());
  } catch (const operators::ModelError& error) {
    spdlog::warn("model file '{}': {}", path.string(), error.what());
  }
  return std::nullopt;
}

}  // namespace auspex::engine
