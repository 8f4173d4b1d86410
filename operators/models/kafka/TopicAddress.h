// SPDX-License-Identifier: Apache-2.0
// Where a request through topics goes, and where its reply comes from, as the url of a request.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace auspex::operators {

struct TopicAddress {
  std::string requestTopic;
  std::string replyTopic;
};

/// "kafka:requests/replies". Names of topics have no slash.
std::string topicUrl(const TopicAddress& address);
/// nullopt when it is no such url.
std::optional<TopicAddress> parseTopicUrl(std::string_view url);

}  // namespace auspex::operators
