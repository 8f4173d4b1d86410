// SPDX-License-Identifier: Apache-2.0
#include "operators/models/ModelRoute.h"

#include <charconv>
#include <utility>

#include "operators/data/Assert.h"
#include "operators/formats/json/JsonText.h"
#include "operators/formats/json/JsonTree.h"

namespace auspex::operators {
namespace {

constexpr uint64_t kFnvBasis = 0xcbf29ce484222325U;
constexpr uint64_t kFnvPrime = 0x100000001b3U;

uint64_t addBytes(uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * kFnvPrime;
  }
  return hash;
}

/// MurmurHash3's finalizer: FNV-1a alone spreads the last bytes too little over the high bits.
uint64_t scatter(uint64_t hash) {
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdU;
  hash = (hash ^ (hash >> 33U)) * 0xc4ceb9fe1a85ec53U;
  return hash ^ (hash >> 33U);
}

std::optional<uint32_t> numberOf(const JsonTree& tree, std::string_view name) {
  const JsonTree* const member = tree.find(name);
  uint32_t value = 0;
  if (member == nullptr || member->kind != JsonTree::Kind::Number) {
    return std::nullopt;
  }
  const std::string& text = member->text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

std::optional<std::string> textOf(const JsonTree& tree, std::string_view name) {
  const JsonTree* const member = tree.find(name);
  return member != nullptr && member->kind == JsonTree::Kind::String ? std::optional(member->text)
                                                                     : std::nullopt;
}

void appendMember(const char* name, std::string_view text, std::string& out) {
  out += std::string(",\"") + name + "\":";
  appendJsonString(out, text);
}

/// Hundredths of a percent as percent: "12.5%".
std::string percentOf(uint32_t buckets) {
  std::string text = std::to_string(buckets / 100);
  if (buckets % 100 != 0) {
    text += (buckets % 100 < 10 ? ".0" : ".") + std::to_string(buckets % 100);
    while (text.back() == '0') {
      text.pop_back();
    }
  }
  return text + "%";
}

}  // namespace

uint32_t bucketOf(std::string_view salt, std::string_view key) {
  const uint64_t salted = addBytes(kFnvBasis, salt) * kFnvPrime;  // a zero byte changes no bit
  return static_cast<uint32_t>(scatter(addBytes(salted, key)) % kNumBuckets);
}

std::string ModelRoute::toText() const {
  std::string text = "{\"shares\":[";
  for (const RouteShare& share : shares) {
    text += (text.back() == '[' ? "" : ",") + std::string("{\"version\":") +
            std::to_string(share.version);
    appendMember("variant", share.variant, text);
    text += ",\"end\":" + std::to_string(share.endBucket) + "}";
  }
  text += "]";
  if (shares.size() > 1) {
    appendMember("key", key, text);
    appendMember("salt", salt, text);
  }
  if (shadow) {
    text += ",\"shadow\":{\"version\":" + std::to_string(shadow->version) +
            ",\"buckets\":" + std::to_string(shadow->sampledBuckets) + "}";
  }
  return text + "}";
}

std::optional<ModelRoute> ModelRoute::fromText(std::string_view text) {
  const std::optional<JsonTree> tree = JsonTree::parse(text);
  const JsonTree* const list = tree ? tree->find("shares") : nullptr;
  if (list == nullptr || list->elements.empty()) {
    return std::nullopt;
  }
  ModelRoute route;
  uint32_t former = 0;
  for (const JsonTree& element : list->elements) {
    const auto version = numberOf(element, "version");
    const auto variant = textOf(element, "variant");
    const auto end = numberOf(element, "end");
    if (!version || !variant || !end || *end < former || *end > kNumBuckets) {
      return std::nullopt;
    }
    route.shares.push_back({*version, *variant, *end});
    former = *end;
  }
  route.key = textOf(*tree, "key").value_or("");
  route.salt = textOf(*tree, "salt").value_or("");
  if (const JsonTree* const shadow = tree->find("shadow")) {
    const auto version = numberOf(*shadow, "version");
    const auto buckets = numberOf(*shadow, "buckets");
    if (!version || !buckets) {
      return std::nullopt;
    }
    route.shadow = RouteShadow{*version, *buckets};
  }
  return former == kNumBuckets ? std::optional(std::move(route)) : std::nullopt;
}

std::string ModelRoute::describe() const {
  if (shares.size() == 1) {
    return std::to_string(shares[0].version);
  }
  std::string text;
  uint32_t former = 0;
  for (const RouteShare& share : shares) {
    const std::string number = std::to_string(share.version);
    text += text.empty() ? "" : ", ";
    text += (share.variant == number ? number : share.variant + ":" + number) + " " +
            percentOf(share.endBucket - former);
    former = share.endBucket;
  }
  return text + " by " + key;
}

std::shared_ptr<const ServedModel> ServedModel::ofVersion(
    std::shared_ptr<const ModelVersion> version, std::string variant) {
  AUSPEX_ASSERT(version != nullptr);
  auto served = std::make_shared<ServedModel>();
  served->route.shares.push_back({version->info().version, std::move(variant), kNumBuckets});
  served->versions.push_back(std::move(version));
  return served;
}

}  // namespace auspex::operators
