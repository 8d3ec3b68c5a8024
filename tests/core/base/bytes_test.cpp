#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/base/bytes.h"

using namespace masar;

BOOST_AUTO_TEST_SUITE(bytes)

BOOST_AUTO_TEST_CASE(a_number_stands_with_its_highest_byte_first) {
  std::string bytes = "x";
  put_big_endian(bytes, 0x0102, 4);
  put_big_endian(bytes, 0xfffe, 1);
  put_big_endian(bytes, static_cast<std::uint64_t>(std::int64_t{-2}), 8);
  BOOST_TEST(bytes == std::string("x\0\0\1\2\xfe\xff\xff\xff\xff\xff\xff\xff\xfe", 14));
}

BOOST_AUTO_TEST_CASE(counted_texts_come_off_in_their_order) {
  std::string bytes;
  for (const char* text : {"2:", "", "كف"}) put_counted(bytes, text);
  BOOST_TEST(bytes == "2:2:0:4:كف");
  std::string_view rest = bytes;
  for (const char* text : {"2:", "", "كف"}) BOOST_TEST(take_counted(rest).value() == text);
  BOOST_TEST(rest.empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_counted_text_is_left) {
  for (const std::string_view bad : {"", "1", ":", "2:a", "-1:", "x", "+1:a", " 1:a",
                                     "18446744073709551615:a", "99999999999999999999:a"}) {
    std::string_view rest = bad;
    BOOST_TEST(!take_counted(rest).has_value(), bad);
    BOOST_TEST(rest == bad);
  }
}

BOOST_AUTO_TEST_SUITE_END()
