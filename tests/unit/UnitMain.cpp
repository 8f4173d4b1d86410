// SPDX-License-Identifier: Apache-2.0
// The main of all unit tests; what the engine logs is not theirs.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <spdlog/spdlog.h>

int main(int argumentCount, char** arguments) {
  spdlog::set_level(spdlog::level::off);
  return doctest::Context(argumentCount, arguments).run();
}
