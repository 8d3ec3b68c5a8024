#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "connectors/http/peers.h"
#include "core/base/error.h"

using masar::http::Peers;

namespace {

bool admits(const std::string& list, const std::string& peer) { return Peers(list).admit(peer); }

std::string complaint(const std::string& list) {
  try {
    const Peers read(list);
    return "taken";
  } catch (const masar::Error& error) {
    return error.code() + " " + error.what();
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_peers)

BOOST_AUTO_TEST_CASE(without_a_list_everybody_may_call) {
  BOOST_TEST(Peers().admit("203.0.113.9:1"));
  BOOST_TEST(Peers().admit(""));
}

BOOST_AUTO_TEST_CASE(an_address_is_itself_and_no_other) {
  BOOST_TEST(admits("192.168.1.7", "192.168.1.7:40000"));
  BOOST_TEST(!admits("192.168.1.7", "192.168.1.8:40000"));
  BOOST_TEST(!admits("192.168.1.7", "192.168.1.71:40000"));
  BOOST_TEST(admits("::1", "[::1]:1"));
  BOOST_TEST(admits("0:0:0:0:0:0:0:1", "[::1]:1"));
  BOOST_TEST(!admits("::1", "[::2]:1"));
  BOOST_TEST(!admits("::1", "127.0.0.1:1"));
  BOOST_TEST(!admits("0.0.0.1", "[::1]:1"));
  BOOST_TEST(admits("fe80::1", "[fe80::1%eth0]:1"));
}

BOOST_AUTO_TEST_CASE(a_network_ends_at_its_last_bit) {
  BOOST_TEST(admits("10.0.0.0/8", "10.255.255.255:1"));
  BOOST_TEST(!admits("10.0.0.0/8", "11.0.0.0:1"));
  BOOST_TEST(admits("10.1.16.0/20", "10.1.31.255:1"));
  BOOST_TEST(!admits("10.1.16.0/20", "10.1.32.0:1"));
  BOOST_TEST(!admits("10.1.16.0/20", "10.1.15.255:1"));
  BOOST_TEST(admits("10.0.0.1/32", "10.0.0.1:1"));
  BOOST_TEST(!admits("10.0.0.1/32", "10.0.0.0:1"));
  BOOST_TEST(admits("0.0.0.0/0", "203.0.113.9:1"));
  BOOST_TEST(!admits("0.0.0.0/0", "[2001:db8::1]:1"));
  BOOST_TEST(admits("2001:db8::/33", "[2001:db8:7fff:ffff::1]:1"));
  BOOST_TEST(!admits("2001:db8::/33", "[2001:db8:8000::]:1"));
  BOOST_TEST(admits("::/0", "[2001:db8::1]:1"));
}

BOOST_AUTO_TEST_CASE(ipv4_in_ipv6s_mapped_form_is_ipv4) {
  BOOST_TEST(admits("10.0.0.0/8", "[::ffff:10.2.3.4]:1"));
  BOOST_TEST(!admits("10.0.0.0/8", "[::ffff:11.2.3.4]:1"));
  BOOST_TEST(admits("::ffff:10.0.0.0/104", "10.2.3.4:1"));
  BOOST_TEST(admits("::ffff:10.0.0.7", "10.0.0.7:1"));
  BOOST_TEST(!admits("::ffff:10.0.0.7", "10.0.0.8:1"));
  // A network of IPv6 that is wide enough to hold the mapped form does not let IPv4 in.
  BOOST_TEST(!admits("::/0", "10.0.0.1:1"));
  BOOST_TEST(!admits("::/64", "[::ffff:10.0.0.1]:1"));
}

BOOST_AUTO_TEST_CASE(any_of_the_list_will_do_and_junk_is_nobody) {
  const Peers list(" 10.0.0.0/8\t192.168.1.7\n ::1 ");
  for (const char* peer : {"10.9.9.9:1", "192.168.1.7:1", "[::1]:1"}) BOOST_TEST(list.admit(peer));
  for (const char* peer : {"192.168.1.6:1", "[::2]:1", "", ":", "10.0.0", "x:1", "[10.0.0.1:1"}) {
    BOOST_TEST(!list.admit(peer));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_list_is_said_by_its_word) {
  for (const std::string bad :
       {"10.0.0", "10.0.0.256", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "::/129",
        "::1%lo", "localhost", "010.0.0.1", "10.0.0.0/8,192.168.1.7"}) {
    BOOST_TEST(complaint(bad).starts_with("bad-peers \"" + bad + "\" "), complaint(bad));
    BOOST_TEST(complaint("10.0.0.0/8 " + bad).starts_with("bad-peers \"" + bad + "\" "));
  }
  BOOST_TEST(complaint("10.0.0.1/8").ends_with("has bits beyond its length"));
  BOOST_TEST(complaint("2001:db8::1/64").ends_with("has bits beyond its length"));
  BOOST_TEST(complaint("").ends_with("names no address"));
  BOOST_TEST(complaint(" \t").ends_with("names no address"));
}

BOOST_AUTO_TEST_SUITE_END()
