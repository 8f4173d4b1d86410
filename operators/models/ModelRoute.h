// SPDX-License-Identifier: Apache-2.0
// Which versions a name stands for: one, or several by the hash of a key; and which is scored
// beside them in the shadow.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/models/Model.h"

namespace auspex::operators {

/// Shares are counted in hundredths of a percent.
inline constexpr uint32_t kNumBuckets = 10'000;

/// The bucket of a key, from 0 to kNumBuckets - 1; the same on every machine, for ever: FNV-1a of
/// 64 bits over the salt, a zero byte and the key, mixed by MurmurHash3's finalizer, modulo
/// kNumBuckets.
uint32_t bucketOf(std::string_view salt, std::string_view key);

/// The version that serves the buckets up to `endBucket`, from where the share before it ends.
struct RouteShare {
  uint32_t version = 0;
  std::string variant;  ///< what MODEL_VARIANT gives: the alias, or the number
  uint32_t endBucket = kNumBuckets;
  friend bool operator==(const RouteShare&, const RouteShare&) = default;
};

/// Scored and logged, never returned.
struct RouteShadow {
  uint32_t version = 0;
  uint32_t sampledBuckets = kNumBuckets;
  friend bool operator==(const RouteShadow&, const RouteShadow&) = default;
};

/// Plain data: compared, logged and read again.
struct ModelRoute {
  std::vector<RouteShare> shares;  ///< at least one; the last ends at kNumBuckets
  std::string key;                 ///< SQL of what is hashed; empty with one share
  std::string salt;
  std::optional<RouteShadow> shadow = {};
  friend bool operator==(const ModelRoute&, const ModelRoute&) = default;

  /// As JSON on one line.
  std::string toText() const;
  /// Nothing when the text is none.
  static std::optional<ModelRoute> fromText(std::string_view text);
  /// For people: "2", or "champion:1 90%, challenger:2 10% by CARD".
  std::string describe() const;
};

/// A route with its versions at hand. Immutable and shared.
struct ServedModel {
  ModelRoute route;
  std::vector<std::shared_ptr<const ModelVersion>> versions;  ///< one per share
  std::shared_ptr<const ModelVersion> shadow;                 ///< null without

  /// A single version under the name of a variant.
  static std::shared_ptr<const ServedModel> ofVersion(std::shared_ptr<const ModelVersion> version,
                                                      std::string variant);
};

}  // namespace auspex::operators
