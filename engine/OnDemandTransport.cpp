// SPDX-License-Identifier: Apache-2.0
#include "engine/OnDemandTransport.h"

#include "engine/http/CurlTransport.h"

namespace auspex::engine {

operators::HttpTransport& OnDemandTransport::made() {
  const std::lock_guard lock(mutex_);
  if (!made_) {
    made_ = std::make_unique<CurlTransport>(allowed_);
  }
  return *made_;
}

}  // namespace auspex::engine
