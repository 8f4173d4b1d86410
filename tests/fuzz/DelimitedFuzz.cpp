// SPDX-License-Identifier: Apache-2.0
// Lines of CSV of any bytes.
#include "tests/fuzz/FormatRoundTrip.h"

using namespace auspex::operators;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const FormatRoundTrip roundTrip("DELIMITED",
                                         {{"A", SqlType::string(), false},
                                          {"B", SqlType::doubleType(), false},
                                          {"C", SqlType::decimal(10, 3), false},
                                          {"D", SqlType::bytes(), false},
                                          {"E", SqlType::boolean(), false},
                                          {"F", SqlType::string(), false}},
                                         false);
  roundTrip.check(bytes, size);
  return 0;
}
