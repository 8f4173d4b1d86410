// SPDX-License-Identifier: Apache-2.0
#include "parser/NearestName.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace auspex::parser {
namespace {

TEST_CASE("The nearest name is found within its limit") {
  const std::vector<std::string> candidates = {"AMOUNT", "COUNTRY", "ID", "CARD_ID", "SELECT"};
  struct Case {
    std::string name;
    std::string nearest;
  };
  const std::vector<Case> cases = {
      {"AMUONT", "AMOUNT"},  {"amount", "AMOUNT"},  {"AMONT", "AMOUNT"}, {"SELCET", "SELECT"},
      {"CONTRY", "COUNTRY"}, {"COUNTY", "COUNTRY"}, {"IT", "ID"},        {"CARDID", "CARD_ID"},
      {"SOMETHING", "none"}, {"X", "none"},         {"", "none"},        {"XY", "none"},
  };
  for (const Case& item : cases) {
    CAPTURE(item.name);
    CHECK(nearestName(item.name, candidates).value_or("none") == item.nearest);
  }
  CHECK_FALSE(nearestName("A", {}).has_value());
}

TEST_CASE("The first wins among equals") {
  const std::vector<std::string> candidates = {"CAT", "BAT"};
  CHECK(nearestName("HAT", candidates) == "CAT");
}

TEST_CASE("Very long names cost little") {
  const std::vector<std::string> candidates(50, std::string(100000, 'a'));
  CHECK(nearestName(std::string(100000, 'b'), candidates) == std::nullopt);
}

}  // namespace
}  // namespace auspex::parser
