// SPDX-License-Identifier: Apache-2.0
// Which addresses a statement can make the engine connect to.
#include "engine/http/AddressRules.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>
#include <stdexcept>

using namespace auspex::engine;

namespace {

bool allows(const AddressRules& rules, const std::string& address) {
  sockaddr_in version4{};
  version4.sin_family = AF_INET;
  if (inet_pton(AF_INET, address.c_str(), &version4.sin_addr) == 1) {
    CHECK(AddressRules::text(reinterpret_cast<sockaddr&>(version4)) == address);
    return rules.allows(reinterpret_cast<sockaddr&>(version4));
  }
  sockaddr_in6 version6{};
  version6.sin6_family = AF_INET6;
  REQUIRE(inet_pton(AF_INET6, address.c_str(), &version6.sin6_addr) == 1);
  return rules.allows(reinterpret_cast<sockaddr&>(version6));
}

struct Case {
  std::string rules;
  std::string address;
  bool isAllowed;
};

}  // namespace

TEST_CASE("An address is allowed by the list alone, and a guarded one by what lies in its range") {
  const Case cases[] = {
      {"loopback, private", "127.0.0.1", true},
      {"loopback, private", "127.255.0.9", true},
      {"loopback, private", "::1", true},
      {"loopback, private", "10.0.0.0", true},
      {"loopback, private", "172.16.0.1", true},
      {"loopback, private", "172.31.255.255", true},
      {"loopback, private", "172.32.0.0", false},
      {"loopback, private", "172.15.255.255", false},
      {"loopback, private", "192.168.3.4", true},
      {"loopback, private", "192.169.0.0", false},
      {"loopback, private", "fd12::1", true},
      {"loopback, private", "::ffff:10.1.2.3", true},
      {"loopback, private", "::ffff:8.8.8.8", false},
      {"loopback, private", "8.8.8.8", false},
      {"loopback, private", "2001:db8::1", false},
      {"loopback, private", "0.0.0.0", false},
      {"loopback, private", "::", false},
      {"loopback, private", "169.254.169.254", false},
      {"loopback, private", "fe80::1", false},
      {"loopback, private", "fd00:ec2::254", false},
      {"loopback, private", "100.64.0.1", false},
      {"any", "8.8.8.8", true},
      {"any", "2001:db8::1", true},
      {"any", "169.254.169.254", false},
      {"any", "::ffff:169.254.169.254", false},
      {"any", "100.100.100.200", false},
      {"any", "fe80::1", false},
      {"0.0.0.0/0", "169.254.169.254", false},
      {"0.0.0.0/0", "8.8.8.8", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"any,169.254.0.0/16", "169.254.169.254", true},
      {"169.254.169.254", "169.254.169.254", true},
      {"169.254.169.254", "169.254.169.253", false},
      {"fe80::/10", "fe80::1", true},
      {"fd00:ec2::254", "fd00:ec2::254", true},
      {"203.0.113.0/24", "203.0.113.255", true},
      {"203.0.113.0/24", "203.0.114.0", false},
      {"203.0.113.0/24", "127.0.0.1", false},
      {" 10.0.0.0/31 ", "10.0.0.1", true},
      {" 10.0.0.0/31 ", "10.0.0.2", false},
      {"2001:db8::/33", "2001:db8:7fff::", true},
      {"2001:db8::/33", "2001:db8:8000::", false},
  };
  for (const Case& test : cases) {
    CAPTURE(test.rules);
    CAPTURE(test.address);
    CHECK(allows(AddressRules::parse(test.rules), test.address) == test.isAllowed);
  }
}

TEST_CASE("Without a setting model servers may stand on the machine and in private networks") {
  CHECK(allows(AddressRules::standard(), "127.0.0.1"));
  CHECK(allows(AddressRules::standard(), "10.9.8.7"));
  CHECK_FALSE(allows(AddressRules::standard(), "1.1.1.1"));
}

TEST_CASE("An entry that is no address, range or name is refused") {
  for (const std::string list : {"", ",", "local", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "::/129",
                                 "10.0.0.0/-1", "10.0.0.0/8/8", "example.com", "10.0.0.0/8,x"}) {
    CAPTURE(list);
    CHECK_THROWS_AS(AddressRules::parse(list), std::invalid_argument);
  }
}

TEST_CASE("What is neither IPv4 nor IPv6 is never connected to") {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  CHECK_FALSE(AddressRules::parse("any").allows(reinterpret_cast<sockaddr&>(local)));
}
