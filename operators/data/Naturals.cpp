// SPDX-License-Identifier: Apache-2.0
#include "operators/data/Naturals.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <memory>
#include <new>

#include "operators/data/Assert.h"

namespace auspex::operators {

namespace {

struct NaturalDeleter {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BN_CTX* scratch) const { BN_CTX_free(scratch); }
  void operator()(char* text) const { OPENSSL_free(text); }
};
using Natural = std::unique_ptr<BIGNUM, NaturalDeleter>;

/// libcrypto says 0 or null when there is no memory, which is all that can go wrong here.
void requireMemory(bool success) {
  if (!success) {
    throw std::bad_alloc();
  }
}

Natural zero() {
  Natural number(BN_new());
  requireMemory(number != nullptr);
  return number;
}

Natural read(std::string_view digits) {
  Natural number = zero();
  if (!digits.empty()) {
    BIGNUM* into = number.get();
    requireMemory(BN_dec2bn(&into, std::string(digits).c_str()) != 0);
  }
  return number;
}

std::string write(const Natural& number) {
  if (BN_is_zero(number.get())) {
    return {};
  }
  const std::unique_ptr<char, NaturalDeleter> text(BN_bn2dec(number.get()));
  requireMemory(text != nullptr);
  return text.get();
}

/// Room for what operations need in between; one per thread, since it grows and stays.
BN_CTX* scratch() {
  thread_local const std::unique_ptr<BN_CTX, NaturalDeleter> room(BN_CTX_new());
  requireMemory(room != nullptr);
  return room.get();
}

}  // namespace

std::string withoutLeadingZeros(std::string digits) {
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

int compareNaturals(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) {
    return left.size() < right.size() ? -1 : 1;
  }
  return left.compare(right);
}

std::string addNaturals(std::string_view left, std::string_view right) {
  const Natural sum = zero();
  requireMemory(BN_add(sum.get(), read(left).get(), read(right).get()) != 0);
  return write(sum);
}

std::string subtractNaturals(std::string_view left, std::string_view right) {
  AUSPEX_ASSERT(compareNaturals(left, right) >= 0);
  const Natural difference = zero();
  requireMemory(BN_sub(difference.get(), read(left).get(), read(right).get()) != 0);
  return write(difference);
}

std::string multiplyNaturals(std::string_view left, std::string_view right) {
  const Natural product = zero();
  requireMemory(BN_mul(product.get(), read(left).get(), read(right).get(), scratch()) != 0);
  return write(product);
}

std::pair<std::string, std::string> divideNaturals(std::string_view left, std::string_view right) {
  AUSPEX_ASSERT(!right.empty());
  const Natural quotient = zero();
  const Natural rest = zero();
  requireMemory(
      BN_div(quotient.get(), rest.get(), read(left).get(), read(right).get(), scratch()) != 0);
  return {write(quotient), write(rest)};
}

std::string naturalOfBytes(std::string_view bytes) {
  const Natural number = zero();
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  requireMemory(BN_bin2bn(data, static_cast<int>(bytes.size()), number.get()) != nullptr);
  return write(number);
}

std::string bytesOfNatural(std::string_view digits) {
  const Natural number = read(digits);
  std::string bytes(static_cast<size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return bytes;
}

}  // namespace auspex::operators
