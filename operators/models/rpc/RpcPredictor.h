// SPDX-License-Identifier: Apache-2.0
// Has a model server score batches: cuts them into requests, keeps a bound on what is in flight,
// retries what may be retried, halves what is refused until the row is found, and stops asking a
// server that does not answer.
#pragma once

#include <memory>

#include "operators/models/Predictors.h"
#include "operators/models/rpc/RemoteModel.h"

namespace auspex::operators {

/// A predictor for the versions that are RemoteModel (asserted). `settings.wake` is called, on any
/// thread, whenever poll may have something new.
class RpcPredictor {
 public:
  static std::unique_ptr<Predictor> make(const PredictorSettings& settings);
};

}  // namespace auspex::operators
