// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/Utf8.h"

#include <doctest/doctest.h>

#include <string>

using namespace auspex::operators;

TEST_CASE("malformed bytes are found in texts of every length and at every place") {
  for (size_t size = 0; size <= 40; ++size) {
    const std::string ascii(size, 'a');
    CHECK(isUtf8(ascii));
    for (size_t at = 0; at < size; ++at) {
      CAPTURE(size);
      CAPTURE(at);
      std::string text = ascii;
      text[at] = '\x80';
      CHECK_FALSE(isUtf8(text));
      CHECK(isUtf8(ascii.substr(0, at) + "\xe2\x82\xac" + ascii.substr(at + 1)));
    }
  }
}

TEST_CASE("UTF-8 is told from what is not, and repaired as Java does") {
  struct Case {
    std::string bytes;
    std::string repaired;
  };
  const std::string mark = "\xef\xbf\xbd";
  const Case cases[] = {
      {"", ""},
      {"plain ascii, longer than a word", "plain ascii, longer than a word"},
      {"grün \xe2\x82\xac \xf0\x9f\x98\x80", "grün \xe2\x82\xac \xf0\x9f\x98\x80"},
      {"12345678\xff", "12345678" + mark},
      {"\x80x", mark + "x"},
      {"\xc0\xaf", mark + mark},                        // overlong
      {"\xe2\x82", mark},                               // cut
      {"\xe2\x82x", mark + "x"},                        // cut in the middle
      {"\xed\xa0\x80", mark + mark + mark},             // surrogate
      {"\xf4\x90\x80\x80", mark + mark + mark + mark},  // beyond U+10FFFF
      {"\xf0\x9f\x98", mark},
  };
  for (const Case& test : cases) {
    CAPTURE(test.bytes);
    CHECK(isUtf8(test.bytes) == (test.bytes == test.repaired));
    Arena arena;
    CHECK(replaceMalformedUtf8(test.bytes, arena) == test.repaired);
  }
}
