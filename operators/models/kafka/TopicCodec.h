// SPDX-License-Identifier: Apache-2.0
// What the protocols through topics have in common: a request is a record whose key the reply
// repeats, and nothing but scores can be asked for.
#pragma once

#include <string>

#include "operators/models/rpc/RemoteCodec.h"

namespace auspex::operators {

/// The ids that codecs are given are not sent: the transport gives each request a key that nobody
/// else has, and hands over the reply of that key.
class TopicCodec : public RemoteCodec {
 public:
  size_t numMetadataRequests() const final { return 0; }
  HttpRequest metadataRequest(size_t step) const final;
  void readMetadata(size_t step, const HttpResponse& response,
                    RemoteMetadata& metadata) const final;

 protected:
  explicit TopicCodec(const RemoteModelOptions& options);

  HttpRequest makeRequest(HttpHeaders headers, std::string value) const;

 private:
  std::string url_;
  std::chrono::milliseconds timeout_;
};

}  // namespace auspex::operators
