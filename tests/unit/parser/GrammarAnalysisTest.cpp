// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "parser/grammar/AdminRules.h"
#include "parser/grammar/Analyze.h"
#include "parser/grammar/ClauseRules.h"
#include "parser/grammar/CreateRules.h"
#include "parser/grammar/ExpressionRules.h"
#include "parser/grammar/ModelRules.h"
#include "parser/grammar/SelectRules.h"
#include "parser/grammar/StatementRules.h"

namespace auspex::parser {
namespace {

TEST_CASE("No rule of the grammar can run forever") {
  CHECK(countEndlessRules<rules::disjunction>() == 0);
  CHECK(countEndlessRules<rules::type>() == 0);
  CHECK(countEndlessRules<rules::interval_value>() == 0);
  CHECK(countEndlessRules<rules::with>() == 0);
  CHECK(countEndlessRules<rules::element_list>() == 0);
  CHECK(countEndlessRules<rules::query>() == 0);
  CHECK(countEndlessRules<rules::create_or_insert>() == 0);
  CHECK(countEndlessRules<rules::create_model>() == 0);
  CHECK(countEndlessRules<rules::model_statement>() == 0);
  CHECK(countEndlessRules<rules::admin_statement>() == 0);
  CHECK(countEndlessRules<rules::whole_statement>() == 0);
}

struct endless : tao::pegtl::star<tao::pegtl::opt<rules::comma>> {};

TEST_CASE("The analysis sees a rule that can run forever") {
  CHECK(countEndlessRules<endless>() > 0);
}

}  // namespace
}  // namespace auspex::parser
