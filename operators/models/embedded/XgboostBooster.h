// SPDX-License-Identifier: Apache-2.0
// XGBoost's own library behind a small class: the oracle that the forest is tested against.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/models/FeatureMatrix.h"

namespace auspex::operators {

/// A booster of the linked library. One thread at a time may use it.
///
/// Libraries before 3.1 silently read a base score of 3.1 and later as 0.5. For those the bytes are
/// repaired before they are loaded: a single base score is rewritten in the old form, and one per
/// output is given to each prediction as base margins.
class XgboostBooster {
 public:
  /// Loads a model file's bytes, JSON or UBJSON, which must have passed our own reader: the library
  /// can crash on a damaged one. Throws ModelError when the library refuses it.
  explicit XgboostBooster(std::string_view bytes);
  ~XgboostBooster();
  XgboostBooster(const XgboostBooster&) = delete;
  XgboostBooster& operator=(const XgboostBooster&) = delete;

  /// The margins, or what predict() returns, row-major; the width is the size by the rows. Throws
  /// ModelError when the library fails.
  std::vector<float> predictMargins(FeatureMatrix features);
  std::vector<float> predictValues(FeatureMatrix features);

  /// The linked library's version: "1.7.4".
  static std::string libraryVersion();

 private:
  struct Handle;

  std::vector<float> predict(FeatureMatrix features, bool asMargins);

  std::unique_ptr<Handle> handle_;
  /// One per output when the library cannot read them from the file; else empty.
  std::vector<float> baseMargins_;
};

}  // namespace auspex::operators
