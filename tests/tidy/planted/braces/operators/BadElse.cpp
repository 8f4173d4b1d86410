// SPDX-License-Identifier: Apache-2.0
void f() {
  if (a) {
  } else
    b();
}
