// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/LatencyHistogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace auspex::operators {

size_t LatencyHistogram::bucketOf(uint64_t value) {
  constexpr uint64_t kSteps = uint64_t{1} << kStepBits;
  value = std::min(value, (uint64_t{1} << kMaxBits) - 1);
  if (value < kSteps) {
    return value;
  }
  const auto power = static_cast<unsigned>(std::bit_width(value)) - 1;
  const uint64_t step = (value >> (power - kStepBits)) - kSteps;
  return ((power - kStepBits + 1) << kStepBits) + step;
}

uint64_t LatencyHistogram::lastOf(size_t bucket) {
  constexpr uint64_t kSteps = uint64_t{1} << kStepBits;
  if (bucket < kSteps) {
    return bucket;
  }
  const auto shift = static_cast<unsigned>((bucket >> kStepBits) - 1);
  return ((kSteps + (bucket & (kSteps - 1)) + 1) << shift) - 1;
}

void LatencyHistogram::add(std::chrono::microseconds latency) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(latency.count(), 0));
  ++buckets_[bucketOf(value)];
  ++count_;
  largest_ = std::max(largest_, latency);
}

std::chrono::microseconds LatencyHistogram::quantile(double share) const {
  const auto rank = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kNumBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= std::max<uint64_t>(rank, 1)) {
      return std::min(std::chrono::microseconds(lastOf(bucket)), largest_);
    }
  }
  return std::chrono::microseconds(0);
}

}  // namespace auspex::operators
