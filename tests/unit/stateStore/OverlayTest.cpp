// SPDX-License-Identifier: Apache-2.0
// The overlay's own promises: deduplication, order, views, what it keeps at a commit.
#include "stateStore/Overlay.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace auspex::stateStore {

TEST_CASE("Overlay reports each distinct unread key once and gives equal keys one entry") {
  Overlay overlay;
  const std::vector<std::string_view> keys{"a", "b", "a", "", "b"};
  std::vector<Overlay::EntryIndex> entries(keys.size());
  std::vector<Overlay::EntryIndex> unread;
  overlay.locate(keys, entries, unread);
  CHECK(unread.size() == 3);
  CHECK(entries[0] == entries[2]);
  CHECK(entries[1] == entries[4]);
  CHECK(entries[0] != entries[1]);

  SUBCASE("filled ones are not reported again") {
    for (const auto entry : unread) {
      overlay.fill(entry, std::nullopt);
    }
    unread.clear();
    overlay.locate(keys, entries, unread);
    CHECK(unread.empty());
  }
  SUBCASE("given back ones are reported again") {
    overlay.forgetUnread(unread);
    unread.clear();
    overlay.locate(keys, entries, unread);
    CHECK(unread.size() == 3);
  }
}

TEST_CASE("Overlay lists a key changed many times once, in the order of first change") {
  Overlay overlay;
  overlay.put("z", "1");
  overlay.put("a", "2");
  overlay.put("z", "3");
  overlay.erase("m");
  REQUIRE(overlay.changed().size() == 3);
  CHECK(overlay.key(overlay.changed()[0]) == "z");
  CHECK(overlay.value(overlay.changed()[0]) == "3");
  CHECK(overlay.key(overlay.changed()[1]) == "a");
  CHECK(overlay.key(overlay.changed()[2]) == "m");
  CHECK_FALSE(overlay.value(overlay.changed()[2]).has_value());
  CHECK(overlay.changedByKey().begin()->first == "a");
  overlay.put("A", "4");  // after the order was asked for
  CHECK(overlay.changedByKey().begin()->first == "A");
  CHECK(overlay.changedByKey().size() == 4);
}

TEST_CASE("Overlay keeps the bytes of a view when the key is written again") {
  Overlay overlay;
  overlay.put("k", "old value");
  const std::string_view before = *overlay.value(overlay.changed()[0]);
  for (int i = 0; i < 10'000; ++i) {
    overlay.put("k", std::to_string(i));
    overlay.put("k" + std::to_string(i), "x");
  }
  CHECK(before == "old value");
  CHECK(overlay.value(overlay.changed()[0]) == "9999");
}

TEST_CASE("Overlay tells an empty value from an absent one") {
  Overlay overlay;
  overlay.put("k", "");
  REQUIRE(overlay.value(0).has_value());
  CHECK(overlay.value(0)->empty());
  overlay.erase("k");
  CHECK_FALSE(overlay.value(0).has_value());
}

TEST_CASE("Overlay keeps rows over a commit up to a limit, the used ones first") {
  Overlay overlay;
  const auto isKept = [&overlay](std::string_view key) {
    Overlay::EntryIndex entry = 0;
    std::vector<Overlay::EntryIndex> unread;
    overlay.locate({&key, 1}, {&entry, 1}, unread);
    overlay.forgetUnread(unread);
    return unread.empty();
  };
  for (int i = 0; i < 1000; ++i) {
    overlay.put("key" + std::to_string(i), std::string(100, 'v'));
  }
  overlay.markCommitted(std::size_t{1} << 20);
  CHECK(overlay.changed().empty());
  CHECK(isKept("key0"));
  CHECK(isKept("key999"));

  overlay.markCommitted(std::size_t{1} << 20);
  for (int i = 0; i < 10; ++i) {
    overlay.put("key" + std::to_string(i), std::string(100, 'w'));
  }
  overlay.markCommitted(std::size_t{20} << 10);
  CHECK(overlay.sizeBytes() <= std::size_t{20} << 10);
  CHECK(isKept("key0"));
  CHECK_FALSE(isKept("key999"));

  overlay.markCommitted(0);
  CHECK_FALSE(isKept("key0"));
}

TEST_CASE("Overlay is empty and small again after clear") {
  Overlay overlay;
  const std::size_t empty = overlay.sizeBytes();
  for (int i = 0; i < 100'000; ++i) {
    overlay.put(std::to_string(i), "value");
  }
  CHECK(overlay.sizeBytes() > std::size_t{4} << 20);
  overlay.clear();
  CHECK(overlay.sizeBytes() == empty);
  CHECK(overlay.changed().empty());
}

}  // namespace auspex::stateStore
