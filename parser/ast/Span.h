// SPDX-License-Identifier: Apache-2.0
// Where in the text a syntax node came from; every error about a statement carries one.
#pragma once

#include <cstdint>

namespace auspex::parser {

/// A half-open range of bytes in the text that was parsed, and where it begins for people.
/// All numbers refer to the whole script, also when it holds several statements.
struct Span {
  /// Byte offset of the first byte.
  std::uint32_t begin = 0;
  /// Byte offset behind the last byte; never before `begin`.
  std::uint32_t end = 0;
  /// Line of `begin`, from 1.
  std::uint32_t line = 1;
  /// Column of `begin`, from 1, counted in UTF-8 characters.
  std::uint32_t column = 1;

  bool operator==(const Span&) const = default;
};

}  // namespace auspex::parser
