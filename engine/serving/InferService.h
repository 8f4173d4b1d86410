// SPDX-License-Identifier: Apache-2.0
// Answers the Open Inference Protocol V2 for a set of models: over HTTP with JSON and raw tensors,
// and over gRPC.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/http/HttpService.h"
#include "engine/serving/ServedModels.h"

namespace auspex::engine {

/// What the server tells of itself.
struct ServerIdentity {
  std::string name = "auspex";
  std::string version;
};

/// Requests for scores that arrive together are scored together: those of one version in one call.
/// None of them waits for others to come.
class InferService final : public HttpService {
 public:
  /// models: outlives this.
  InferService(const ServedModels& models, ServerIdentity identity)
      : models_(models), identity_(std::move(identity)) {}

  void handle(ServerRequest request, std::shared_ptr<HttpExchange> exchange) override;
  void finishRound() override;

 private:
  using Exchange = std::shared_ptr<HttpExchange>;

  /// A request for scores that was read.
  struct Pending {
    Exchange exchange;
    bool isGrpc = false;
    std::string model;  ///< as the request names it
    std::shared_ptr<const operators::RequestScorer> scorer;
    operators::InferRequest request;
    size_t numBytes = 0;  ///< of the request as it came
  };

  void route(ServerRequest& request, const Exchange& exchange);
  void answerModel(const ServerRequest& request, const std::vector<std::string>& path,
                   const Exchange& exchange);
  void infer(const ServerRequest& request, const std::string& name, const std::string& version,
             const Exchange& exchange);
  void answerGrpc(std::string_view method, std::string_view body, const Exchange& exchange);
  void gather(Pending pending, std::string_view version);
  void scoreTogether(std::vector<Pending>& pending, size_t first, std::vector<bool>& isDone);
  std::string listJson() const;

  const ServedModels& models_;
  const ServerIdentity identity_;
  std::vector<Pending> pending_;
  size_t pendingBytes_ = 0;  ///< of the requests as they came
  bool isFinishing_ = false;
};

}  // namespace auspex::engine
