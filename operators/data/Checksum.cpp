// SPDX-License-Identifier: Apache-2.0
#include "operators/data/Checksum.h"

#include <openssl/evp.h>

#include <array>

#include "operators/data/Assert.h"

namespace auspex::operators {

namespace {

std::string digestHex(std::string_view bytes, const EVP_MD* algorithm) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int numBytes = 0;
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &numBytes, algorithm, nullptr);
  AUSPEX_ASSERT(done == 1);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(size_t{2} * numBytes);
  for (unsigned int i = 0; i < numBytes; ++i) {
    text += kDigits[digest[i] >> 4U];
    text += kDigits[digest[i] & 15U];
  }
  return text;
}

}  // namespace

std::string sha256Hex(std::string_view bytes) {
  return digestHex(bytes, EVP_sha256());
}

std::string md5Hex(std::string_view bytes) {
  return digestHex(bytes, EVP_md5());
}

}  // namespace auspex::operators
