#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/base/hash.h"

using namespace masar;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(hash_test)

BOOST_AUTO_TEST_CASE(sha256_of_known_texts) {
  BOOST_TEST(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_TEST(sha256_hex("abc") ==
             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST(sha256("abc").size() == 32U);
}

BOOST_AUTO_TEST_CASE(hmac_of_rfc_4231) {
  BOOST_TEST(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  BOOST_TEST(to_hex(hmac_sha256("", "")) ==
             "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

BOOST_AUTO_TEST_CASE(base64_of_rfc_4648) {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xFF\xFE\0"s, "//4A"}};
  for (const auto& [bytes, text] : rows) {
    BOOST_TEST(base64(bytes) == text);
    BOOST_TEST(from_base64(text) == bytes);
  }
  for (std::string_view bad : {"Z", "Zg", "Zg=", "Zm8", "Zm9v\n", " Zm9", "Zm9v=", "====", "Z===",
                               "Zg==Zg==", "Zh==", "Zm9=", "Zm-v", "Zm_v", "Zg=a"}) {
    BOOST_TEST_CONTEXT(bad) {
      BOOST_CHECK_EXCEPTION(from_base64(bad), Error, [](const Error& error) {
        return error.kind() == ErrorKind::rejected && error.code() == "bad-base64";
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(partitions_never_change) {
  // FNV-1a, 32 bits: 811c9dc5 for nothing, e40c292c for "a", bf9cf968 for "foobar".
  BOOST_TEST(partition_of("") == 0xC5);
  BOOST_TEST(partition_of("a") == 0x2C);
  BOOST_TEST(partition_of("foobar") == 0x68);
}

BOOST_AUTO_TEST_CASE(random_texts_differ) {
  BOOST_TEST(random_hex(16).size() == 32U);
  BOOST_TEST(random_hex(0) == "");
  BOOST_TEST(random_hex(16) != random_hex(16));
}

BOOST_AUTO_TEST_CASE(comparison) {
  BOOST_TEST(equal_in_constant_time("", ""));
  BOOST_TEST(equal_in_constant_time("abc", "abc"));
  BOOST_TEST(!equal_in_constant_time("abc", "abd"));
  BOOST_TEST(!equal_in_constant_time("abc", "abcd"));
}

BOOST_AUTO_TEST_SUITE_END()
