// SPDX-License-Identifier: Apache-2.0
#include "operators/models/Sha256.h"

#include <openssl/evp.h>

#include <array>

#include "operators/data/Assert.h"

namespace auspex::operators {

std::string sha256Hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int numBytes = 0;
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &numBytes, EVP_sha256(), nullptr);
  AUSPEX_ASSERT(done == 1);
  AUSPEX_ASSERT(numBytes == 32);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * numBytes);
  for (unsigned int i = 0; i < numBytes; ++i) {
    text += kDigits[digest[i] >> 4U];
    text += kDigits[digest[i] & 15U];
  }
  return text;
}

}  // namespace auspex::operators
