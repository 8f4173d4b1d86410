// SPDX-License-Identifier: Apache-2.0
#include "queries/Properties.h"

#include <doctest/doctest.h>

#include "queries/StatementError.h"

namespace auspex::queries {
namespace {

parser::Property property(const std::string& name, const std::string& text) {
  parser::Property made;
  made.name.name = name;
  made.text = text;
  return made;
}

constexpr std::string_view kAllowed[] = {"KAFKA_TOPIC", "PARTITIONS", "WRAP_SINGLE_VALUE"};

TEST_CASE("names ignore case, values are read as their type") {
  const std::vector<parser::Property> given = {property("kafka_topic", "t"),
                                               property("Partitions", "12"),
                                               property("WRAP_SINGLE_VALUE", "False")};
  const Properties properties(given, kAllowed);
  CHECK(properties.text("KAFKA_TOPIC") == "t");
  CHECK(properties.integer("PARTITIONS") == 12);
  CHECK(properties.number("PARTITIONS") == 12.0);
  CHECK(properties.boolean("WRAP_SINGLE_VALUE") == false);
  CHECK_FALSE(properties.text("REPLICAS"));
}

TEST_CASE("unknown names and values of another type are errors") {
  const std::vector<parser::Property> unknown = {property("PARTITION", "1")};
  CHECK_THROWS_WITH_AS(Properties(unknown, kAllowed),
                       "Invalid config variable in the WITH clause: PARTITION. Did you mean "
                       "PARTITIONS?",
                       StatementError);
  for (const std::string wrong : {"", "x", "1.5", "12x", "99999999999999999999"}) {
    CAPTURE(wrong);
    const std::vector<parser::Property> given = {property("PARTITIONS", wrong),
                                                 property("WRAP_SINGLE_VALUE", wrong)};
    const Properties properties(given, kAllowed);
    CHECK_THROWS_AS(properties.integer("PARTITIONS"), StatementError);
    CHECK_THROWS_AS(properties.boolean("WRAP_SINGLE_VALUE"), StatementError);
  }
}

}  // namespace
}  // namespace auspex::queries
