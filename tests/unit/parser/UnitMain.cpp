// SPDX-License-Identifier: Apache-2.0
// The main of the unit tests of parser.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
