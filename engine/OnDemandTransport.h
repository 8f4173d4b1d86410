// SPDX-License-Identifier: Apache-2.0
// The way to model servers, made when the first model of one is named: most programs need none.
#pragma once

#include <memory>
#include <mutex>

#include "engine/http/AddressRules.h"
#include "operators/ports/HttpTransport.h"

namespace auspex::engine {

/// Any thread.
class OnDemandTransport final : public operators::HttpTransport {
 public:
  explicit OnDemandTransport(AddressRules allowed) : allowed_(std::move(allowed)) {}

  void send(operators::HttpRequest request,
            std::function<void(operators::HttpResponse)> done) override {
    made().send(std::move(request), std::move(done));
  }
  std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::now();
  }
  void callAt(std::chrono::steady_clock::time_point time, std::function<void()> action) override {
    made().callAt(time, std::move(action));
  }

 private:
  operators::HttpTransport& made();

  const AddressRules allowed_;
  std::mutex mutex_;  // guards made_
  std::unique_ptr<operators::HttpTransport> made_;
};

}  // namespace auspex::engine
