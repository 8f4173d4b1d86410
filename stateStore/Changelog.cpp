// SPDX-License-Identifier: Apache-2.0
#include "stateStore/Changelog.h"

#include <fmt/format.h>

#include <cassert>

#include "stateStore/ByteParser.h"
#include "stateStore/MetaRows.h"

namespace auspex::stateStore {

void ChangelogCodec::encodeKey(std::string_view store, std::string_view key, std::string& out) {
  assert(store.size() <= kMaxStoreName);
  out.clear();
  appendText(out, store);
  out.append(key);
}

ChangelogKey ChangelogCodec::decodeKey(std::string_view recordKey) {
  ByteParser parser(recordKey, "changelog key");
  const std::string_view store = parser.readText();
  if (store.size() > kMaxStoreName) {
    parser.fail(fmt::format("store name of {} bytes", store.size()));
  }
  return {store, parser.rest()};
}

std::string ChangelogCodec::markerKey() {
  std::string key;
  encodeKey("", kMarkerRow, key);
  return key;
}

bool ChangelogCodec::isMarkerKey(std::string_view recordKey) {
  return recordKey.size() == kMarkerRow.size() + 1 && recordKey.front() == '\0' &&
         recordKey.substr(1) == kMarkerRow;
}

}  // namespace auspex::stateStore
