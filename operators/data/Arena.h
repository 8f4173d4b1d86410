// SPDX-License-Identifier: Apache-2.0
// A growing region of bytes that strings of a batch live in; freed as a whole.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace auspex::operators {

/// Bump allocator for bytes without alignment needs. One thread. Addresses stay valid until the
/// arena is destroyed or cleared.
class Arena {
 public:
  explicit Arena(size_t firstBlockBytes = 4096) : nextBlockBytes_(firstBlockBytes) {}

  /// Returns room for `size` bytes, uninitialised.
  char* allocate(size_t size) {
    if (size > remaining_) {
      grow(size);
    }
    char* const result = position_;
    position_ += size;
    remaining_ -= size;
    return result;
  }

  /// Copies `text` into the arena.
  std::string_view copy(std::string_view text) {
    if (text.empty()) {
      return std::string_view("", 0);
    }
    char* const target = allocate(text.size());
    std::memcpy(target, text.data(), text.size());
    return {target, text.size()};
  }

  /// Gives back the unused end of the newest allocation: `unused` bytes of it.
  void shrinkLast(size_t unused) {
    position_ -= unused;
    remaining_ += unused;
  }

  size_t sizeBytes() const { return sizeBytes_; }

  void clear() {
    blocks_.clear();
    position_ = nullptr;
    remaining_ = 0;
    sizeBytes_ = 0;
  }

 private:
  static constexpr size_t kMaxBlockBytes = size_t{1} << 20;

  void grow(size_t size) {
    const size_t blockBytes = size > nextBlockBytes_ ? size : nextBlockBytes_;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(blockBytes));
    position_ = blocks_.back().get();
    remaining_ = blockBytes;
    sizeBytes_ += blockBytes;
    if (nextBlockBytes_ < kMaxBlockBytes) {
      nextBlockBytes_ *= 2;
    }
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* position_ = nullptr;
  size_t remaining_ = 0;
  size_t nextBlockBytes_;
  size_t sizeBytes_ = 0;
};

}  // namespace auspex::operators
