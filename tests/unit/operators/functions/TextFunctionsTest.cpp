// SPDX-License-Identifier: Apache-2.0
// Functions over JSON, URLs, regular expressions, bytes and masks: arguments and results as tables.
#include <doctest/doctest.h>

#include "tests/unit/operators/functions/FunctionCases.h"

using namespace auspex::operators;

TEST_CASE("JSON functions") {
  checkAll({
      {"EXTRACTJSONFIELD", R"('{"a": {"b": [1, "x"]}}', '$.a.b[1]')", "x"},
      {"EXTRACTJSONFIELD", R"('{"a": {"b": [1, "x"]}}', '$.a')", R"({"b":[1,"x"]})"},
      {"EXTRACTJSONFIELD", R"('{"a b": 1.50}', '$["a b"]')", "1.50"},
      {"EXTRACTJSONFIELD", R"('{"a": 1}', '$.b')", "null"},
      {"EXTRACTJSONFIELD", R"('[1]', '$[7]')", "null"},
      {"EXTRACTJSONFIELD", R"('{"a"', '$.a')", "null!"},
      {"EXTRACTJSONFIELD", R"('{"a": 1}', 'a')", "null!"},
      {"IS_JSON_STRING", "'[1, 2]'", "true"},
      {"IS_JSON_STRING", "'01'", "false"},
      {"IS_JSON_STRING", "'1.'", "false"},
      {"IS_JSON_STRING", "''", "false"},
      {"IS_JSON_STRING", "STRING NULL", "false"},
      {"JSON_ARRAY_LENGTH", "'[1, null, []]'", "3"},
      {"JSON_ARRAY_LENGTH", "'{}'", "null"},
      {"JSON_ARRAY_CONTAINS", "'[1, 2.5, \"x\", true]', 1", "true"},
      {"JSON_ARRAY_CONTAINS", "'[1, 2.5, \"x\", true]', 'x'", "true"},
      {"JSON_ARRAY_CONTAINS", "'[1, 2.5, \"x\", true]', TRUE", "true"},
      {"JSON_ARRAY_CONTAINS", "'[1, 2.5, \"x\", true]', 2", "false"},
      {"JSON_ARRAY_CONTAINS", "'[null]', STRING NULL", "true"},
      {"JSON_ARRAY_CONTAINS", "'no', 1", "false"},
      {"JSON_CONCAT", R"('{"a": 1, "b": 2}', '{"b": 3}')", R"({"a":1,"b":3})"},
      {"JSON_CONCAT", "'[1]', '{\"a\": 1}', '4'", R"([1,{"a":1},4])"},
      {"JSON_CONCAT", "'null', 'null'", "[null,null]"},
      {"JSON_CONCAT", "'1', ''", "null"},
      {"JSON_CONCAT", "'1', STRING NULL", "null"},
      {"JSON_ITEMS", R"('[1, {"a": 2}]')", R"([1, {"a":2}])"},
      {"JSON_ITEMS", "'{}'", "null"},
      {"JSON_KEYS", R"('{"b": 1, "a": 2}')", "[b, a]"},
      {"JSON_KEYS", "'[]'", "null"},
      {"JSON_RECORDS", R"('{"a": "x", "b": [1]}')", R"({a="x", b=[1]})"},
      {"TO_JSON_STRING", "'a\"b'", R"("a\"b")"},
      {"TO_JSON_STRING", "1.50", "1.50"},
      {"TO_JSON_STRING", "STRING NULL", "null"},
  });
}

TEST_CASE("functions over bytes") {
  checkAll({
      {"TO_BYTES", "'1aB2', 'hex'", "GrI="},
      {"TO_BYTES", "'1', 'hex'", "null!"},
      {"TO_BYTES", "'a', 'nothing'", "null!"},
      {"FROM_BYTES", "BYTES 'GrI=', 'hex'", "1AB2"},
      {"FROM_BYTES", "BYTES 'IQ==', 'utf8'", "!"},
      {"FROM_BYTES", "BYTES '/w==', 'ascii'", "\uFFFD"},
      {"FROM_BYTES", "BYTES '/w==', 'base64'", "/w=="},
      {"ENCODE", "'RXhhbXBsZSE=', 'base64', 'hex'", "4578616d706c6521"},
      {"ENCODE", "'0x4578', 'hex', 'utf8'", "Ex"},
      {"ENCODE", "'a', 'null', 'utf8'", "null!"},
      {"MD5", "'r1'", "7c92cf1eee8d99cc85f8355a3d6e4b86"},
      {"MD5", "''", "d41d8cd98f00b204e9800998ecf8427e"},
      {"MD5", "'12345678901234567890123456789012345678901234567890123456789012345678901234567890'",
       "57edf4a22be3c955ac49da2e2107b67a"},
      {"INT_FROM_BYTES", "BYTES 'AAAH5Q=='", "2021"},
      {"INT_FROM_BYTES", "BYTES '5QcAAA==', 'LITTLE_ENDIAN'", "2021"},
      {"INT_FROM_BYTES", "BYTES 'AAAH'", "null!"},
      {"INT_FROM_BYTES", "BYTES 'AAAH5Q==', 'MIDDLE'", "null!"},
      {"BIGINT_FROM_BYTES", "BYTES 'APIFKgEAAAA=', 'LITTLE_ENDIAN'", "5000000000"},
      {"DOUBLE_FROM_BYTES", "BYTES 'gvXJm/2mgEA=', 'LITTLE_ENDIAN'", "532.8738323"},
      {"UUID", "BYTES 'AAECAwQFBgcICQoLDA0ODw=='", "00010203-0405-0607-0809-0a0b0c0d0e0f"},
      {"UUID", "BYTES 'AAE='", "null"},
  });
}

TEST_CASE("masks") {
  checkAll({
      {"MASK", "'My Test $123'", "Xx-Xxxx--nnn"},
      {"MASK", "'Ab1-', 'Q', STRING NULL, 'd', '*'", "Qbd*"},
      {"MASK", "STRING NULL", "null"},
      {"MASK_LEFT", "'Ab1-', 2", "Xx1-"},
      {"MASK_RIGHT", "'Ab1-', 2", "Abn-"},
      {"MASK_KEEP_LEFT", "'Ab1-', 1", "Axn-"},
      {"MASK_KEEP_RIGHT", "'Ab1-', 1", "Xxn-"},
      {"MASK_KEEP_RIGHT", "'Ab1-', 9", "Ab1-"},
      {"MASK_LEFT", "'Ab1-', -1", "null!"},
  });
}

TEST_CASE("URL functions") {
  const std::string url = "'https://me@confluent.io:8080/a%20b/c?q=1&r=x%26y&s#f%20g'";
  checkAll({
      {"URL_EXTRACT_PROTOCOL", url, "https"},
      {"URL_EXTRACT_HOST", url, "confluent.io"},
      {"URL_EXTRACT_PORT", url, "8080"},
      {"URL_EXTRACT_PATH", url, "/a b/c"},
      {"URL_EXTRACT_QUERY", url, "q=1&r=x&y&s"},
      {"URL_EXTRACT_FRAGMENT", url, "f g"},
      {"URL_EXTRACT_PARAMETER", url + ", 'q'", "1"},
      {"URL_EXTRACT_PARAMETER", url + ", 's'", ""},
      {"URL_EXTRACT_PARAMETER", url + ", 'nothing'", "null"},
      {"URL_EXTRACT_PROTOCOL", "'www.confluent.io'", "null"},
      {"URL_EXTRACT_PATH",
       "'http:"
       "//a.b?q'",
       ""},
      {"URL_EXTRACT_PORT", "'http://example.com'", "null"},
      {"URL_EXTRACT_HOST", "'http://a b'", "null!"},
      {"URL_EXTRACT_HOST", "'http://example.com/%zz'", "null!"},
      {"URL_EXTRACT_PATH", "'mailto:a@b.c'", "null"},
      {"URL_ENCODE_PARAM", "'?foo $bar\u00e9'", "%3Ffoo+%24bar%C3%A9"},
      {"URL_DECODE_PARAM", "'%3Ffoo+%24bar%C3%A9'", "?foo $bar\u00e9"},
      {"URL_DECODE_PARAM", "'%3'", "null!"},
  });
}

TEST_CASE("regular expressions") {
  checkAll({
      {"REGEXP_EXTRACT", "'(.*) (.*)', 'steven zhang', 2", "zhang"},
      {"REGEXP_EXTRACT", "'(.*) (.*)', 'agavra', 2", "null"},
      {"REGEXP_EXTRACT", "'a', 'bab'", "a"},
      {"REGEXP_EXTRACT", "'(a)|b', 'b', 1", "null"},
      {"REGEXP_EXTRACT", "'a', 'bab', 4", "null"},
      {"REGEXP_EXTRACT", "'(', 'bab'", "null!"},
      {"REGEXP_EXTRACT", "'(?<=b)a(?!c)', 'acba'", "a"},
      {"REGEXP_EXTRACT", "'(a+)+$', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'", "null!"},
      {"REGEXP_EXTRACT_ALL", "'[0-9]', 'a1b22'", "[1, 2, 2]"},
      {"REGEXP_EXTRACT_ALL", "'([a-z])([0-9])', 'a1b2', 2", "[1, 2]"},
      {"REGEXP_EXTRACT_ALL", "'x', 'a1b2'", "[]"},
      {"REGEXP_REPLACE", "'a1b2', '([a-z])([0-9])', '$2$1'", "1a2b"},
      {"REGEXP_REPLACE", "'a1', '[0-9]', '\\$'", "a$"},
      {"REGEXP_REPLACE", "'a1', '[0-9]', '$7'", "null!"},
      {"REGEXP_REPLACE", "'ab', '', '-'", "-a-b-"},
      {"REGEXP_SPLIT_TO_ARRAY", "'a1b2c', '[0-9]'", "[a, b, c]"},
      {"REGEXP_SPLIT_TO_ARRAY", "'1a1', '1'", "[, a, ]"},
      {"REGEXP_SPLIT_TO_ARRAY", "'abc', ''", "[a, b, c]"},
  });
}
