// SPDX-License-Identifier: Apache-2.0
// Entry point of unit_expressions.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
