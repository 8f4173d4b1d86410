// SPDX-License-Identifier: Apache-2.0
// A service that keeps what it is handed, and a session to hand bytes to, for the tests of this
// folder.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/http/ServerSession.h"

namespace auspex::engine {

class RecordedService final : public HttpService {
 public:
  struct Handed {
    ServerRequest request;
    std::shared_ptr<HttpExchange> exchange;
  };

  void handle(ServerRequest request, std::shared_ptr<HttpExchange> exchange) override {
    if (answersAtOnce) {
      exchange->answer(200, {{"x-kind", "echo"}}, request.body);
      exchange = nullptr;
    }
    handed.push_back({std::move(request), std::move(exchange)});
  }

  bool answersAtOnce = true;
  std::vector<Handed> handed;
};

/// A session in memory.
struct SessionBench {
  explicit SessionBench(ServerLimits given = {}) : limits(given), budget(limits.maxBufferedBytes) {}

  SessionContext context() {
    return {limits, budget, service, [] {}};
  }

  /// What is answered to bytes that come in pieces of such a size.
  std::string ask(std::string_view bytes, size_t piece = SIZE_MAX) {
    std::string answers;
    for (size_t at = 0; at < bytes.size();) {
      const std::string_view part = bytes.substr(at, piece);
      at += part.size();
      first += part;
      if (!session) {
        session = makeSession(first, context());
        if (!session) {
          continue;
        }
        session->receive(first);
      } else {
        session->receive(part);
      }
      session->pull(answers, SIZE_MAX);
    }
    return answers;
  }

  ServerLimits limits;
  BufferBudget budget;
  RecordedService service;
  std::string first;
  std::unique_ptr<ServerSession> session;
};

}  // namespace auspex::engine
