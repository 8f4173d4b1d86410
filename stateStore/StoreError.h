// SPDX-License-Identifier: Apache-2.0
// The error of everything that keeps state: disks, files, locks and bytes that cannot be trusted.
#pragma once

#include <stdexcept>
#include <string>

namespace auspex::stateStore {

/// State cannot be read, written or trusted. The message names the path or the store, and the
/// reason.
class StoreError : public std::runtime_error {
 public:
  explicit StoreError(const std::string& message) : std::runtime_error(message) {}
};

/// The kept bytes are not those that were written. What a changelog holds can be built again.
class DamagedState : public StoreError {
 public:
  explicit DamagedState(const std::string& message) : StoreError(message) {}
};

}  // namespace auspex::stateStore
