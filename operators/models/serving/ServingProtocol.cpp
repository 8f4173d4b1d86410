// SPDX-License-Identifier: Apache-2.0
#include "operators/models/serving/ServingProtocol.h"

#include <algorithm>
#include <charconv>

#include "operators/data/Ascii.h"
#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteAnswer.h"
#include "operators/models/serving/JsonProtocol.h"
#include "operators/models/serving/MlserverProtocol.h"
#include "operators/models/serving/SeldonProtocol.h"

namespace auspex::operators {

std::optional<std::string_view> RequestRecord::header(std::string_view name) const {
  for (size_t i = record.headers.size(); i-- > 0;) {
    if (record.headers[i].key == name) {
      return record.headers[i].value;
    }
  }
  return std::nullopt;
}

std::string RequestRecord::coordinates() const {
  return std::string(topic) + "-" + std::to_string(partition) + "-" + std::to_string(record.offset);
}

std::optional<int32_t> ReplyContent::onlyVersion() const {
  const bool isOne = !versions.empty() &&
                     std::all_of(versions.begin(), versions.end(),
                                 [this](int32_t version) { return version == versions.front(); });
  return isOne ? std::optional(versions.front()) : std::nullopt;
}

std::unique_ptr<const ServingProtocol> makeServingProtocol(const ServingSpec& serving) {
  if (serving.protocol == "JSON") {
    return std::make_unique<JsonProtocol>(serving);
  }
  if (serving.protocol == "MLSERVER") {
    return std::make_unique<MlserverProtocol>(serving);
  }
  if (serving.protocol == "SELDON") {
    return std::make_unique<SeldonProtocol>(serving);
  }
  throw ModelError("PROTOCOL='" + presentable(serving.protocol) +
                   "' is not supported; JSON, MLSERVER and SELDON are.");
}

void requireModelName(std::string_view asked, std::string_view served) {
  if (!equalsIgnoringCase(asked, served)) {
    throw ModelError("model '" + presentable(asked) + "' is asked for, but '" +
                     std::string(served) + "' is served here");
  }
}

int32_t readVersion(std::string_view text) {
  int32_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 1) {
    throw ModelError("version '" + presentable(text) + "' is asked for, which is no number");
  }
  return version;
}

}  // namespace auspex::operators
