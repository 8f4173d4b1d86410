// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/string/Md5.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace auspex::operators {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr std::array<int, 16> kShifts = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};

/// The whole parts of 2^32 |sin(i + 1)|.
std::array<uint32_t, 64> makeSines() {
  std::array<uint32_t, 64> sines{};
  for (size_t i = 0; i < sines.size(); ++i) {
    sines[i] = static_cast<uint32_t>(
        std::floor(std::abs(std::sin(static_cast<double>(i + 1))) * 4294967296.0));
  }
  return sines;
}

uint32_t wordAt(std::string_view bytes, size_t at) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i) {
    word |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return word;
}

void addBlock(std::array<uint32_t, 4>& state, std::string_view block) {
  static const std::array<uint32_t, 64> sines = makeSines();
  auto [a, b, c, d] = state;
  for (uint32_t i = 0; i < 64; ++i) {
    const uint32_t round = i / 16;
    const uint32_t mixed = round == 0   ? (b & c) | (~b & d)
                           : round == 1 ? (d & b) | (~d & c)
                           : round == 2 ? b ^ c ^ d
                                        : c ^ (b | ~d);
    const uint32_t word = round == 0   ? i
                          : round == 1 ? (5 * i + 1) % 16
                          : round == 2 ? (3 * i + 5) % 16
                                       : 7 * i % 16;
    const uint32_t sum = a + mixed + sines[i] + wordAt(block, size_t{word} * 4);
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kShifts[round * 4 + i % 4]);
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

}  // namespace

std::string md5Of(std::string_view bytes) {
  std::string padded(bytes);
  padded += static_cast<char>(0x80);
  padded.resize((padded.size() + 8 + kBlockBytes - 1) / kBlockBytes * kBlockBytes - 8, '\0');
  const uint64_t numBits = uint64_t{bytes.size()} * 8;
  for (int shift = 0; shift < 64; shift += 8) {
    padded += static_cast<char>((numBits >> shift) & 0xFF);
  }
  std::array<uint32_t, 4> state = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
  for (size_t at = 0; at < padded.size(); at += kBlockBytes) {
    addBlock(state, std::string_view(padded).substr(at, kBlockBytes));
  }
  std::string digest;
  for (const uint32_t word : state) {
    for (int shift = 0; shift < 32; shift += 8) {
      digest += static_cast<char>((word >> shift) & 0xFF);
    }
  }
  return digest;
}

}  // namespace auspex::operators
