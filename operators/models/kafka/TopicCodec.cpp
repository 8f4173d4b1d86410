// SPDX-License-Identifier: Apache-2.0
#include "operators/models/kafka/TopicCodec.h"

#include <utility>

#include "operators/data/Assert.h"
#include "operators/models/kafka/TopicAddress.h"

namespace auspex::operators {

TopicCodec::TopicCodec(const RemoteModelOptions& options)
    : url_(topicUrl({options.requestTopic, options.replyTopic})), timeout_(options.timeout) {
}

HttpRequest TopicCodec::metadataRequest(size_t) const {
  AUSPEX_ASSERT(false);  // there are none
}

void TopicCodec::readMetadata(size_t, const HttpResponse&, RemoteMetadata&) const {
  AUSPEX_ASSERT(false);
}

HttpRequest TopicCodec::makeRequest(HttpHeaders headers, std::string value) const {
  HttpRequest request;
  request.url = url_;
  request.headers = std::move(headers);
  request.body = std::move(value);
  request.timeout = timeout_;
  return request;
}

}  // namespace auspex::operators
