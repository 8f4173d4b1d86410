// SPDX-License-Identifier: Apache-2.0
#include "operators/models/CategoryEncoder.h"

#include <bit>
#include <cstring>
#include <limits>

#include "operators/models/ModelError.h"

namespace auspex::operators {

namespace {

constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15U;

uint64_t mix(uint64_t value) {
  value ^= value >> 32U;
  value *= kMultiplier;
  return value ^ (value >> 29U);
}

/// Eight bytes at a time; categories are short, so the tail is what mostly runs.
uint64_t hashText(std::string_view text) {
  uint64_t hash = text.size() * kMultiplier;
  const char* next = text.data();
  size_t left = text.size();
  while (left >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, next, 8);
    hash = mix(hash ^ word);
    next += 8;
    left -= 8;
  }
  if (left > 0) {
    uint64_t word = 0;
    std::memcpy(&word, next, left);
    hash = mix(hash ^ word);
  }
  return hash;
}

uint64_t hashNumber(int64_t number) {
  return mix(static_cast<uint64_t>(number) + kMultiplier);
}

}  // namespace

CategoryEncoder::CategoryEncoder(std::span<const std::string> categories) {
  reserve(categories.size());
  for (size_t code = 0; code < categories.size(); ++code) {
    insert(categories[code], 0, hashText(categories[code]), static_cast<float>(code));
  }
}

CategoryEncoder::CategoryEncoder(std::span<const int64_t> categories) {
  reserve(categories.size());
  for (size_t code = 0; code < categories.size(); ++code) {
    insert({}, categories[code], hashNumber(categories[code]), static_cast<float>(code));
  }
}

void CategoryEncoder::reserve(size_t numCategories) {
  if (numCategories > kMaxCategories) {
    throw ModelError("a categorical feature has " + std::to_string(numCategories) +
                     " categories, more than " + std::to_string(kMaxCategories));
  }
  numCategories_ = numCategories;
  const size_t numSlots = std::bit_ceil(2 * numCategories + 1);
  slots_.resize(numSlots);
  mask_ = numSlots - 1;
}

bool CategoryEncoder::holds(const Slot& slot, std::string_view text, int64_t number) const {
  return slot.number == number && slot.length == text.size() &&
         std::memcmp(text_.data() + slot.offset, text.data(), text.size()) == 0;
}

void CategoryEncoder::insert(std::string_view text, int64_t number, uint64_t hash, float code) {
  size_t place = hash & mask_;
  while (slots_[place].code >= 0) {
    if (slots_[place].hash == hash && holds(slots_[place], text, number)) {
      return;
    }
    place = (place + 1) & mask_;
  }
  if (text_.size() + text.size() > std::numeric_limits<uint32_t>::max()) {
    throw ModelError("the categories of a feature take more than 4 GiB");
  }
  slots_[place] = {hash, number, static_cast<uint32_t>(text_.size()),
                   static_cast<uint32_t>(text.size()), code};
  text_ += text;
}

float CategoryEncoder::encode(std::string_view category) const {
  const uint64_t hash = hashText(category);
  for (size_t place = hash & mask_; slots_[place].code >= 0; place = (place + 1) & mask_) {
    if (slots_[place].hash == hash && holds(slots_[place], category, 0)) {
      return slots_[place].code;
    }
  }
  return std::numeric_limits<float>::quiet_NaN();
}

float CategoryEncoder::encode(int64_t category) const {
  const uint64_t hash = hashNumber(category);
  for (size_t place = hash & mask_; slots_[place].code >= 0; place = (place + 1) & mask_) {
    if (slots_[place].hash == hash && slots_[place].number == category) {
      return slots_[place].code;
    }
  }
  return std::numeric_limits<float>::quiet_NaN();
}

}  // namespace auspex::operators
