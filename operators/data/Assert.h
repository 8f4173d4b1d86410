// SPDX-License-Identifier: Apache-2.0
// Assertions that stay on in every build: a broken invariant of ours stops the process, since
// state comes back from the changelog while a wrong result would not.
#pragma once

#include <cstdio>
#include <cstdlib>

#define AUSPEX_ASSERT(condition)                                                             \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      std::fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
