// SPDX-License-Identifier: Apache-2.0
// Checksums of bytes, by libcrypto.
#pragma once

#include <string>
#include <string_view>

namespace auspex::operators {

/// SHA-256 of the bytes as 64 lower-case hexadecimal digits: by it a model artefact is known.
std::string sha256Hex(std::string_view bytes);

/// MD5 of the bytes as 32 lower-case hexadecimal digits, for the function of that name; nothing in
/// the engine relies on it.
std::string md5Hex(std::string_view bytes);

}  // namespace auspex::operators
