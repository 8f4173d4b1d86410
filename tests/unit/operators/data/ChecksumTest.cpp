// SPDX-License-Identifier: Apache-2.0
#include "operators/data/Checksum.h"

#include <doctest/doctest.h>

using namespace auspex::operators;

TEST_CASE("SHA-256 of known texts") {
  CHECK(sha256Hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
