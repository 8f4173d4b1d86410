// SPDX-License-Identifier: Apache-2.0
#include "stateStore/Arena.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace auspex::stateStore {

namespace {

constexpr std::size_t kFirstBlock = std::size_t{16} << 10;
constexpr std::size_t kLargestBlock = std::size_t{1}
                                      << 20;  // larger copies get a block of their own

}  // namespace

std::string_view Arena::copy(std::string_view bytes) {
  if (bytes.empty()) {
    return {"", 0};  // never null: a null pointer means no row
  }
  if (bytes.size() > left_) {
    addBlock(bytes.size());
  }
  char* const start = next_;
  std::memcpy(start, bytes.data(), bytes.size());
  next_ += bytes.size();
  left_ -= bytes.size();
  usedBytes_ += bytes.size();
  return {start, bytes.size()};
}

void Arena::addBlock(std::size_t atLeast) {
  const std::size_t grown = std::clamp(reservedBytes_, kFirstBlock, kLargestBlock);
  const std::size_t size = std::max(grown, atLeast);
  Block& block = blocks_.emplace_back(Block{std::make_unique_for_overwrite<char[]>(size), size});
  reservedBytes_ += size;
  next_ = block.bytes.get();
  left_ = size;
}

void Arena::clear() {
  const auto kept = std::find_if(blocks_.begin(), blocks_.end(),
                                 [](const Block& block) { return block.size == kLargestBlock; });
  if (kept == blocks_.end()) {
    blocks_.clear();
    reservedBytes_ = 0;
    next_ = nullptr;
    left_ = 0;
  } else {
    std::swap(blocks_.front(), *kept);
    blocks_.erase(blocks_.begin() + 1, blocks_.end());
    reservedBytes_ = kLargestBlock;
    next_ = blocks_.front().bytes.get();
    left_ = kLargestBlock;
  }
  usedBytes_ = 0;
}

}  // namespace auspex::stateStore
