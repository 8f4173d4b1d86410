// SPDX-License-Identifier: Apache-2.0
#include "operators/models/kafka/TopicAddress.h"

namespace auspex::operators {

namespace {

constexpr std::string_view kScheme = "kafka:";

}  // namespace

std::string topicUrl(const TopicAddress& address) {
  return std::string(kScheme) + address.requestTopic + "/" + address.replyTopic;
}

std::optional<TopicAddress> parseTopicUrl(std::string_view url) {
  const size_t slash = url.find('/');
  if (!url.starts_with(kScheme) || slash == std::string_view::npos) {
    return std::nullopt;
  }
  TopicAddress address;
  address.requestTopic = url.substr(kScheme.size(), slash - kScheme.size());
  address.replyTopic = url.substr(slash + 1);
  if (address.requestTopic.empty() || address.replyTopic.empty()) {
    return std::nullopt;
  }
  return address;
}

}  // namespace auspex::operators
