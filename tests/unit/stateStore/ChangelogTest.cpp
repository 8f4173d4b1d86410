// SPDX-License-Identifier: Apache-2.0
// Keys of changelog records.
#include "stateStore/Changelog.h"

#include <doctest/doctest.h>

#include <string>

#include "stateStore/StoreError.h"

namespace auspex::stateStore {

TEST_CASE("Changelog keys come apart as they were put together") {
  using namespace std::string_view_literals;
  const std::string longName(ChangelogCodec::kMaxStoreName, 's');
  for (const ChangelogKey& key :
       {ChangelogKey{"store", "key"}, ChangelogKey{"s", ""}, ChangelogKey{"", "layout/s"},
        ChangelogKey{longName, "\0\xff"sv}}) {
    std::string bytes = "left over";
    ChangelogCodec::encodeKey(key.store, key.key, bytes);
    CHECK(ChangelogCodec::decodeKey(bytes) == key);
    CHECK_FALSE(ChangelogCodec::isMarkerKey(bytes));
  }
}

TEST_CASE("The marker's key is one of the meta store's") {
  const std::string key = ChangelogCodec::markerKey();
  CHECK(ChangelogCodec::isMarkerKey(key));
  CHECK(ChangelogCodec::decodeKey(key) == ChangelogKey{"", "marker"});
  CHECK_FALSE(ChangelogCodec::isMarkerKey(""));
  CHECK_FALSE(ChangelogCodec::isMarkerKey(key.substr(1)));
  CHECK_FALSE(ChangelogCodec::isMarkerKey(key + "s"));
}

TEST_CASE("Bytes that are no changelog key are refused") {
  for (const std::string& bytes :
       {std::string(), std::string("\x05sto"), std::string("\x80"), std::string("\x80\x00s", 3),
        std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        std::string("\x80\x02") + std::string(256, 's')}) {
    CHECK_THROWS_AS(ChangelogCodec::decodeKey(bytes), StoreError);
  }
}

}  // namespace auspex::stateStore
