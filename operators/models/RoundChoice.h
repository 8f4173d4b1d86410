// SPDX-License-Identifier: Apache-2.0
// Which boosting rounds of a model count.
#pragma once

#include <cstddef>

namespace auspex::operators {

/// The rounds [first, end); end 0 means up to the last. Without anything set all trees count, as in
/// the libraries' own predict.
struct RoundChoice {
  size_t first = 0;
  size_t end = 0;
  /// Stop after the round that early stopping found best, if the file names one, as XGBoost's
  /// scikit-learn interface does. `end` does not count then.
  bool useBest = false;
};

/// The trees [first, end) of a file that such a choice takes.
struct TreeSpan {
  size_t first = 0;
  size_t end = 0;
};

}  // namespace auspex::operators
