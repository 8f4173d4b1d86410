// SPDX-License-Identifier: Apache-2.0
// URIs as Java's java.net.URI takes them apart (RFC 2396 with non-ASCII characters allowed).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auspex::operators {

/// The parts that are there, as written.
struct Uri {
  std::optional<std::string> scheme;
  std::optional<std::string> host;
  std::optional<int32_t> port;
  std::optional<std::string> path;  ///< absent for opaque ones (mailto:a@b)
  std::optional<std::string> query;
  std::optional<std::string> fragment;

  /// nullopt when the text is none: illegal characters, a malformed escape, a scheme with nothing
  /// behind it.
  static std::optional<Uri> parse(std::string_view text);
};

/// Replaces %XX by its byte; malformed escapes stay.
std::string decodeEscapes(std::string_view text);

}  // namespace auspex::operators
