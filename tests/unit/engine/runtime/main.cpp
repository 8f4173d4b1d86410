// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <spdlog/spdlog.h>

// Every failed transaction is logged, and the tests make hundreds of them.
int main(int argumentCount, char** arguments) {
  spdlog::set_level(spdlog::level::off);
  return doctest::Context(argumentCount, arguments).run();
}
