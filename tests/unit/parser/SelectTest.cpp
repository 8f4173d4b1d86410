// SPDX-License-Identifier: Apache-2.0
#include <variant>

#include "tests/unit/parser/PrintCase.h"

namespace auspex::parser {
namespace {

Select selectOf(const std::string& text) {
  return std::get<Query>(parse(text).at(0).statement.node).select;
}

TEST_CASE("Select items") {
  checkPrinted(
      {
          {"select * from s", "SELECT * FROM S"},
          {"SELECT s.*, t.* FROM s", "SELECT S.*, T.* FROM S"},
          {"SELECT a, b x, c AS `y` FROM s", "SELECT A, B AS X, C AS `y` FROM S"},
          {"SELECT a->b->*, c FROM s", "SELECT A->B->*, C FROM S"},
          {"SELECT DISTINCT a FROM s", "SELECT DISTINCT A FROM S"},
          {"SELECT 1, 'x' y", "SELECT 1, 'x' AS Y"},
          {"SELECT a key, b AS date FROM s", "SELECT A AS KEY, B AS DATE FROM S"},
          {"SELECT count FROM s", "SELECT COUNT FROM S"},
          {"SELECT f(x) over FROM s", "SELECT F(X) AS OVER FROM S"},
      },
      printedStatement);
}

TEST_CASE("Sources and joins") {
  checkPrinted(
      {
          {"SELECT * FROM s x JOIN t AS y ON x.a = y.a",
           "SELECT * FROM S AS X INNER JOIN T AS Y ON X.A = Y.A"},
          {"SELECT * FROM s INNER JOIN t ON a = b LEFT JOIN u ON c = d RIGHT OUTER JOIN v ON e = f "
           "FULL JOIN w ON g = h",
           "SELECT * FROM S INNER JOIN T ON A = B LEFT OUTER JOIN U ON C = D RIGHT OUTER JOIN V ON "
           "E = F FULL OUTER JOIN W ON G = H"},
          {"SELECT * FROM s JOIN t WITHIN 1 minute ON a = b",
           "SELECT * FROM S INNER JOIN T WITHIN 1 MINUTES ON A = B"},
          {"SELECT * FROM s JOIN t WITHIN (11 seconds, 10 days) GRACE PERIOD 3 hours ON a = b",
           "SELECT * FROM S INNER JOIN T WITHIN (11 SECONDS, 10 DAYS) GRACE PERIOD 3 HOURS ON A = "
           "B"},
          {"SELECT * FROM s JOIN t AS OF ROWTIME ON a = b",
           "SELECT * FROM S INNER JOIN T AS OF ROWTIME ON A = B"},
          {"SELECT * FROM s LEFT JOIN t AS y AS OF ROWTIME ON a = b",
           "SELECT * FROM S LEFT OUTER JOIN T AS Y AS OF ROWTIME ON A = B"},
          {"SELECT * FROM s LEFT JOIN t AS OF ROWTIME y ON a = b",
           "SELECT * FROM S LEFT OUTER JOIN T AS Y AS OF ROWTIME ON A = B"},
          {"SELECT * FROM s JOIN t AS of ON a = b", "SELECT * FROM S INNER JOIN T AS OF ON A = B"},
          {"SELECT * FROM `a-b` `x`", "SELECT * FROM `a-b` AS `x`"},
      },
      printedStatement);
}

TEST_CASE("Windows") {
  checkPrinted(
      {
          {"SELECT * FROM s WINDOW TUMBLING (SIZE 30 SECONDS)",
           "SELECT * FROM S WINDOW TUMBLING "
           "(SIZE 30 SECONDS)"},
          {"SELECT * FROM s WINDOW w HOPPING (SIZE 1 hour, ADVANCE BY 1 minute, RETENTION 2 days, "
           "GRACE PERIOD 5 milliseconds)",
           "SELECT * FROM S WINDOW W HOPPING (SIZE 1 HOURS, ADVANCE BY 1 MINUTES, RETENTION 2 "
           "DAYS, "
           "GRACE PERIOD 5 MILLISECONDS)"},
          {"SELECT * FROM s WINDOW SESSION (30 day, grace period 0 seconds)",
           "SELECT * FROM S WINDOW SESSION (30 DAYS, GRACE PERIOD 0 SECONDS)"},
          {"SELECT * FROM s WINDOW session TUMBLING (SIZE 1 SECOND)",
           "SELECT * FROM S WINDOW `SESSION` TUMBLING (SIZE 1 SECONDS)"},
      },
      printedStatement);
}

TEST_CASE("Groups, conditions and the end") {
  checkPrinted(
      {
          {"SELECT a FROM s WHERE a = 1 GROUP BY a, b PARTITION BY c HAVING count(*) > 1 EMIT "
           "CHANGES LIMIT 5",
           "SELECT A FROM S WHERE A = 1 GROUP BY A, B PARTITION BY C HAVING COUNT(*) > 1 EMIT "
           "CHANGES LIMIT 5"},
          {"SELECT a FROM s GROUP BY (a, b)", "SELECT A FROM S GROUP BY A, B"},
          {"SELECT a FROM s GROUP BY (a)", "SELECT A FROM S GROUP BY A"},
          {"SELECT a FROM s GROUP BY (a), b", "SELECT A FROM S GROUP BY A, B"},
          {"SELECT a FROM s GROUP BY (a + b) * c, d", "SELECT A FROM S GROUP BY (A + B) * C, D"},
          {"SELECT a FROM s GROUP BY (a IS NULL)", "SELECT A FROM S GROUP BY (A IS NULL)"},
          {"SELECT a FROM s GROUP BY ()", "SELECT A FROM S GROUP BY ()"},
          {"SELECT a FROM s PARTITION BY NULL", "SELECT A FROM S PARTITION BY NULL"},
          {"SELECT a FROM s emit final", "SELECT A FROM S EMIT FINAL"},
          {"SELECT a FROM s t EMIT CHANGES", "SELECT A FROM S AS T EMIT CHANGES"},
          {"SELECT a FROM s PARTITION BY b", "SELECT A FROM S PARTITION BY B"},
      },
      printedStatement);
}

TEST_CASE("The tree of a query") {
  const Select select = selectOf(
      "SELECT a AS x, s.*, b->* FROM s JOIN t WITHIN (1 DAY, 2 HOURS) ON TRUE WINDOW HOPPING (SIZE "
      "4 "
      "SECONDS, ADVANCE BY 2 SECONDS) EMIT CHANGES LIMIT 7;");
  REQUIRE(select.items.size() == 3);
  CHECK(std::get<SingleColumn>(select.items[0].item).alias->name == "X");
  CHECK(std::get<AllColumns>(select.items[1].item).source->name == "S");
  CHECK(std::holds_alternative<StructAll>(select.items[2].item));
  REQUIRE(select.from.has_value());
  REQUIRE(select.from->joins.size() == 1);
  const Join& join = select.from->joins[0];
  CHECK(join.kind == JoinKind::Inner);
  CHECK(join.within->before.count == 1);
  CHECK(join.within->before.unit == TimeUnit::Days);
  CHECK(join.within->after.unit == TimeUnit::Hours);
  CHECK(select.window->kind == WindowKind::Hopping);
  CHECK(select.window->advance->count == 2);
  CHECK(select.emit == EmitKind::Changes);
  CHECK(select.limit == 7);
  CHECK(select.where == nullptr);
  CHECK_FALSE(select.groupBy.has_value());
}

}  // namespace
}  // namespace auspex::parser
