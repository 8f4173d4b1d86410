// SPDX-License-Identifier: Apache-2.0
// Keeps copies of byte strings in large blocks, so that thousands of small rows cost few
// allocations and are released together.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace auspex::stateStore {

/// Copies of bytes with stable addresses, all released at once. One thread.
class Arena {
 public:
  /// Copies the bytes; the view stays valid until clear() or the end of the arena.
  std::string_view copy(std::string_view bytes);

  /// Forgets all copies; keeps one full-sized block for reuse.
  void clear();

  /// Bytes handed out since the last clear().
  std::size_t usedBytes() const { return usedBytes_; }

  /// Bytes held from the allocator.
  std::size_t reservedBytes() const { return reservedBytes_; }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };

  void addBlock(std::size_t atLeast);

  std::vector<Block> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t usedBytes_ = 0;
  std::size_t reservedBytes_ = 0;
};

}  // namespace auspex::stateStore
