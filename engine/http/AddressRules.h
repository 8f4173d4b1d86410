// SPDX-License-Identifier: Apache-2.0
// Which addresses the engine connects to when a statement names a server: the address itself is
// looked at, not the name that was resolved to it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace auspex::engine {

/// A list of ranges. Link-local addresses and those where clouds give out credentials
/// (169.254.0.0/16 and its like) are allowed only by an entry that lies within their range.
class AddressRules {
 public:
  /// What holds without a setting: "loopback, private".
  static AddressRules standard();

  /// Reads a list with commas: addresses (10.1.2.3), ranges (10.0.0.0/8, fd00::/8), `loopback`,
  /// `private` (10/8, 172.16/12, 192.168/16, fc00::/7) and `any`. Throws std::invalid_argument,
  /// naming the entry that is none of these.
  static AddressRules parse(std::string_view list);

  /// False for what is neither IPv4 nor IPv6. Addresses of IPv4 within IPv6 count as IPv4.
  bool allows(const sockaddr& address) const;

  /// An address for messages: "10.1.2.3".
  static std::string text(const sockaddr& address);

 private:
  /// An IPv6 address; IPv4 as ::ffff:a.b.c.d.
  using Address = std::array<uint8_t, 16>;
  struct Range {
    Address first{};
    unsigned prefixBits = 0;

    bool holds(const Address& address) const;
  };

  static bool read(const sockaddr& address, Address& result);
  static bool readRange(std::string_view text, Range& range);
  void add(std::string_view entry);

  std::vector<Range> ranges_;
};

}  // namespace auspex::engine
