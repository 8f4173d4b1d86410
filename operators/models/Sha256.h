// SPDX-License-Identifier: Apache-2.0
// The checksum by which a model artefact is known.
#pragma once

#include <string>
#include <string_view>

namespace auspex::operators {

/// SHA-256 of the bytes as 64 lower-case hexadecimal digits.
std::string sha256Hex(std::string_view bytes);

}  // namespace auspex::operators
