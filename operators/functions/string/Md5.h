// SPDX-License-Identifier: Apache-2.0
// MD5 (RFC 1321), for the function of that name; nothing in the engine relies on it.
#pragma once

#include <string>
#include <string_view>

namespace auspex::operators {

/// The 16 bytes of the checksum.
std::string md5Of(std::string_view bytes);

}  // namespace auspex::operators
