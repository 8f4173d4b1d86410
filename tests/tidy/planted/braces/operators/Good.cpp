// SPDX-License-Identifier: Apache-2.0
void f() {
  if constexpr (a()) {
  } else if (b) {
  } else [[unlikely]] {
  }
  do {
  } while (a);
  // if (a) b;
  for (;;) {
  }
  if (b) [[likely]] {
  }
}
