// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 on the server's side: one request after the other, bodies with a length or in chunks.
#pragma once

#include <memory>
#include <string>

#include "engine/http/ServerSession.h"

namespace auspex::engine {

/// A request that comes while another is not answered waits as bytes (and the socket with it). An
/// upgrade to another protocol is passed over. What is no HTTP gets an answer of 4xx, and the
/// connection ends.
class Http1Session final : public ServerSession {
 public:
  explicit Http1Session(const SessionContext& context);
  ~Http1Session() override;

  void receive(std::string_view bytes) override;
  void pull(std::string& out, size_t enough) override;
  bool wantsBytes() const override;
  bool isOver() const override;
  bool isCut() const override { return isCut_; }
  size_t numOpen() const override;
  size_t numArriving() const override;
  std::optional<uint64_t> oldestArriving() const override;
  void stop() override;

 private:
  class Parser;
  class Exchange;
  friend class Exchange;

  /// Parses until a request is whole, which then waits for its answer.
  void parse();
  void handOver();
  void refuse(int status, std::string_view message);
  void finishExchange(bool isWhole);
  void giveBack();

  SessionContext context_;
  std::unique_ptr<Parser> parser_;
  std::string waiting_;  ///< bytes that are not parsed yet
  std::string out_;
  Exchange* exchange_ = nullptr;  ///< of the request that is being answered
  size_t taken_ = 0;              ///< bytes of the request's body, of the budget
  uint64_t numRequests_ = 0;
  bool isStopping_ = false;
  bool isOver_ = false;
  bool isCut_ = false;
  bool isParsing_ = false;
};

}  // namespace auspex::engine
