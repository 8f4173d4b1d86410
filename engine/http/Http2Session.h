// SPDX-License-Identifier: Apache-2.0
// HTTP/2 on the server's side, in clear text by prior knowledge: many requests at a time on one
// connection, with trailers. nghttp2 speaks the protocol.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "engine/http/ServerSession.h"

struct nghttp2_session;

namespace auspex::engine {

/// A request that is too large, or comes when too many bytes wait, is answered before it is whole;
/// the connection goes on. What is no HTTP/2 ends the connection.
class Http2Session final : public ServerSession {
 public:
  /// Throws std::runtime_error when nghttp2 cannot be set up.
  explicit Http2Session(const SessionContext& context);
  ~Http2Session() override;

  void receive(std::string_view bytes) override;
  void pull(std::string& out, size_t enough) override;
  bool wantsBytes() const override;
  bool isOver() const override;
  bool isCut() const override { return isBroken_; }
  size_t numOpen() const override { return streams_.size(); }
  size_t numArriving() const override;
  std::optional<uint64_t> oldestArriving() const override;
  void stop() override;

 private:
  struct Stream;
  class Exchange;
  class Callbacks;
  friend class Exchange;
  friend class Callbacks;

  struct SessionDeleter {
    void operator()(nghttp2_session* session) const;
  };

  Stream* findStream(int32_t id);
  void addHeader(Stream& stream, std::string_view name, std::string_view value);
  void addBody(Stream& stream, std::string_view bytes);
  void handOver(Stream& stream);
  /// Answers before the request is whole, or instead of the service.
  void refuse(Stream& stream, int status, std::string_view message);
  void sendHead(Stream& stream, int status, const operators::HttpHeaders& headers);
  void closeStream(int32_t id);

  SessionContext context_;
  std::map<int32_t, std::unique_ptr<Stream>> streams_;
  std::unique_ptr<nghttp2_session, SessionDeleter> session_;
  size_t numAnswerBytes_ = 0;  ///< of answers that wait to be sent
  bool isBroken_ = false;      ///< what came was no HTTP/2
  bool isOver_ = false;
  bool isStopping_ = false;
};

}  // namespace auspex::engine
