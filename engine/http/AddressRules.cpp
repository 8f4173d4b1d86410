// SPDX-License-Identifier: Apache-2.0
#include "engine/http/AddressRules.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include "engine/Trimmed.h"

namespace auspex::engine {

namespace {

constexpr unsigned kMappedBits = 96;  // ::ffff:0:0/96 holds IPv4

struct NamedSet {
  std::string_view name;
  std::vector<std::string_view> ranges;
};

const std::vector<NamedSet>& namedSets() {
  static const std::vector<NamedSet> kNamedSets = {
      {"loopback", {"127.0.0.0/8", "::1"}},
      {"private", {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}},
      {"any", {"::/0"}},
  };
  return kNamedSets;
}

/// Link-local ranges, and where the metadata services of clouds are: whoever may read these may
/// read the machine's credentials.
constexpr std::array<std::string_view, 6> kGuarded = {
    "169.254.0.0/16", "100.100.100.200", "168.63.129.16",
    "fe80::/10",      "fd00:ec2::254",   "fd20:ce::254",
};

}  // namespace

bool AddressRules::Range::holds(const Address& address) const {
  for (unsigned bit = 0; bit < prefixBits; bit += 8) {
    const unsigned numBits = std::min(8U, prefixBits - bit);
    const auto mask = static_cast<uint8_t>(0xFF00U >> numBits);
    if (((first[bit / 8] ^ address[bit / 8]) & mask) != 0) {
      return false;
    }
  }
  return true;
}

bool AddressRules::read(const sockaddr& address, Address& result) {
  if (address.sa_family == AF_INET) {
    sockaddr_in given{};
    std::memcpy(&given, &address, sizeof(given));
    result.fill(0);
    result[10] = result[11] = 0xFF;
    std::memcpy(result.data() + 12, &given.sin_addr, 4);
    return true;
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 given{};
    std::memcpy(&given, &address, sizeof(given));
    std::memcpy(result.data(), &given.sin6_addr, result.size());
    return true;
  }
  return false;
}

bool AddressRules::readRange(std::string_view text, Range& range) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  unsigned maxBits = 128;
  if (in_addr version4{}; inet_pton(AF_INET, address.c_str(), &version4) == 1) {
    range.first.fill(0);
    range.first[10] = range.first[11] = 0xFF;
    std::memcpy(range.first.data() + 12, &version4, 4);
    maxBits = 32;
  } else if (inet_pton(AF_INET6, address.c_str(), range.first.data()) != 1) {
    return false;
  }
  unsigned bits = maxBits;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits > maxBits) {
      return false;
    }
  }
  range.prefixBits = maxBits == 32 ? bits + kMappedBits : bits;
  return true;
}

void AddressRules::add(std::string_view entry) {
  for (const NamedSet& set : namedSets()) {
    if (set.name == entry) {
      for (const std::string_view range : set.ranges) {
        add(range);
      }
      return;
    }
  }
  Range range;
  if (!readRange(entry, range)) {
    throw std::invalid_argument(
        fmt::format("'{}' is no address (10.1.2.3), no range (10.0.0.0/8) and none of loopback, "
                    "private, any",
                    entry));
  }
  ranges_.push_back(range);
}

AddressRules AddressRules::standard() {
  return parse("loopback, private");
}

AddressRules AddressRules::parse(std::string_view list) {
  AddressRules rules;
  while (true) {
    const size_t comma = list.find(',');
    rules.add(trimmed(list.substr(0, comma)));
    if (comma == std::string_view::npos) {
      return rules;
    }
    list.remove_prefix(comma + 1);
  }
}

bool AddressRules::allows(const sockaddr& given) const {
  Address address{};
  if (!read(given, address)) {
    return false;
  }
  unsigned leastBits = 0;
  for (const std::string_view text : kGuarded) {
    Range guarded;
    if (readRange(text, guarded) && guarded.holds(address)) {
      leastBits = std::max(leastBits, guarded.prefixBits);
    }
  }
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    return range.prefixBits >= leastBits && range.holds(address);
  });
}

std::string AddressRules::text(const sockaddr& given) {
  Address address{};
  if (!read(given, address)) {
    return "an address of family " + std::to_string(given.sa_family);
  }
  char written[INET6_ADDRSTRLEN] = {};
  if (given.sa_family == AF_INET) {
    inet_ntop(AF_INET, address.data() + 12, written, sizeof(written));
  } else {
    inet_ntop(AF_INET6, address.data(), written, sizeof(written));
  }
  return written;
}

}  // namespace auspex::engine
