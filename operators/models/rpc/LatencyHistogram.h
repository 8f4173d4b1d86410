// SPDX-License-Identifier: Apache-2.0
// How long something took, over many times: quantiles from counters of fixed size.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace auspex::operators {

/// Latencies in buckets that are 1/16 of a power of two wide: a quantile is right to 6 %. Those
/// above half a day count as that. One thread.
class LatencyHistogram {
 public:
  void add(std::chrono::microseconds latency);

  uint64_t count() const { return count_; }
  /// The latency that this share of all did not exceed: 0.5, 0.99. Zero when there are none.
  std::chrono::microseconds quantile(double share) const;
  std::chrono::microseconds largest() const { return largest_; }

 private:
  static constexpr unsigned kStepBits = 4;
  static constexpr unsigned kMaxBits = 35;
  static constexpr size_t kNumBuckets = (kMaxBits - kStepBits + 2) << kStepBits;

  static size_t bucketOf(uint64_t value);
  static uint64_t lastOf(size_t bucket);

  std::array<uint64_t, kNumBuckets> buckets_{};
  uint64_t count_ = 0;
  std::chrono::microseconds largest_{0};
};

}  // namespace auspex::operators
