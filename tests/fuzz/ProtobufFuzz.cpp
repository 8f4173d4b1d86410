// SPDX-License-Identifier: Apache-2.0
// Messages of any bytes.
#include "tests/fuzz/FormatRoundTrip.h"

using namespace auspex::operators;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const SqlType inner =
      SqlType::structOf({{"X", SqlType::integer()}, {"Y", SqlType::array(SqlType::doubleType())}});
  // A NULL within a list is read from a message without its parts, and written by none.
  static const FormatRoundTrip roundTrip(
      "PROTOBUF_NOSR",
      {{"A", SqlType::string(), false},
       {"B", SqlType::decimal(10, 3), false},
       {"C", SqlType::array(SqlType::bigint()), false},
       {"D", SqlType::map(SqlType::string(), SqlType::bytes()), false},
       {"E", SqlType::array(inner), false},
       {"F", SqlType::date(), false},
       {"G", SqlType::time(), false},
       {"H", SqlType::timestamp(), false}},
      true);
  roundTrip.check(bytes, size);
  return 0;
}
