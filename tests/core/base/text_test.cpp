#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/base/text.h"

using namespace masar;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(text_test)

BOOST_AUTO_TEST_CASE(utf8_is_checked) {
  for (const std::string& good : {""s, "abc"s, "كف طلب"s, "\xF0\x9F\x98\x80"s, "\xEF\xBF\xBF"s,
                                  "\xED\x9F\xBF"s, "\xF4\x8F\xBF\xBF"s, "\0"s}) {
    BOOST_TEST(is_utf8(good));
  }
  for (const std::string& bad :
       {"\x80"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC3"s, "\xC3("s, "\xE0\x80\x80"s, "\xE0\x9F\xBF"s,
        "\xED\xA0\x80"s, "\xED\xBF\xBF"s, "\xE2\x82"s, "\xF0\x80\x80\x80"s, "\xF0\x8F\xBF\xBF"s,
        "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFE"s, "\xFF"s, "abc\xF0\x9F\x98"s}) {
    BOOST_TEST(!is_utf8(bad));
  }
}

BOOST_AUTO_TEST_CASE(code_points_are_counted) {
  BOOST_TEST(code_points("") == 0U);
  BOOST_TEST(code_points("abc") == 3U);
  BOOST_TEST(code_points("كف") == 2U);
  BOOST_TEST(code_points("a\xF0\x9F\x98\x80") == 2U);
}

BOOST_AUTO_TEST_CASE(digits_become_ascii) {
  BOOST_TEST(ascii_digits("٠١٢٣٤٥٦٧٨٩") == "0123456789");
  BOOST_TEST(ascii_digits("۰۱۲۳۴۵۶۷۸۹") == "0123456789");
  BOOST_TEST(ascii_digits("رقم ١٢-3ط\x80") == "رقم 12-3ط\x80");
}

BOOST_AUTO_TEST_CASE(numbers_are_masked_in_what_others_wrote) {
  BOOST_TEST(mask_numbers("no vehicle 20-12345 of 9871234567") ==
             "no vehicle **-***45 of ********67");
  BOOST_TEST(mask_numbers("call 079 123 4567, code 408") == "call *** *** **67, code 408");
  BOOST_TEST(mask_numbers("هاتف ٠٧٩١٢٣٤٥٦٧") == "هاتف ********٦٧");
  BOOST_TEST(mask_numbers("1  2  3  4") == "1  2  3  4");
  BOOST_TEST(mask_numbers("\xFFx") == "?x");
  BOOST_TEST(mask_numbers("abcdef", 3) == "abc\u2026");
  BOOST_TEST(mask_numbers("a 0791234567", 5) == "a ***\u2026");
  BOOST_TEST(mask_numbers("") == "");
}

BOOST_AUTO_TEST_CASE(text_is_cleaned) {
  BOOST_TEST(clean_text("علي محمد") == "علي محمد");
  BOOST_TEST(clean_text("a\r\nb\tc\nd") == "a b c d");
  BOOST_TEST(clean_text("a\n \nb") == "a   b");
  BOOST_TEST(clean_text("\u202Ea\u2066b\u2069\u200B\u200F\u2060\uFEFFc") == "abc");
  BOOST_TEST(clean_text("\x1B[31mred\x7F\u0085") == "[31mred");
  BOOST_TEST(clean_text("a\0b"s) == "ab");
  BOOST_TEST(clean_text("\u2029\u200A\u2010\u2065\u206A") == "\u2029\u200A\u2010\u2065\u206A");
  BOOST_TEST(clean_text("a\xC3(") == "a\uFFFD(");
}

BOOST_AUTO_TEST_CASE(white_space_is_trimmed) {
  BOOST_TEST(trim(" \t\r\na b\n ") == "a b");
  BOOST_TEST(trim(" \n ") == "");
  BOOST_TEST(trim("") == "");
  BOOST_TEST(trim("\u00A0a") == "\u00A0a");
}

BOOST_AUTO_TEST_CASE(mobiles_take_one_form) {
  for (std::string_view text : {"0791234567", "+962791234567", "00962791234567", "962791234567",
                                "079 123-4567", "+962 79 123 4567", "٠٧٩١٢٣٤٥٦٧"}) {
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(jordan_mobile(text).value_or("none") == "962791234567");
    }
  }
  BOOST_TEST(jordan_mobile("0770000000").value_or("none") == "962770000000");
  BOOST_TEST(jordan_mobile("0789999999").value_or("none") == "962789999999");
  for (std::string_view text :
       {"", "079123456", "07912345678", "791234567", "0761234567", "0773234567", "0784234567",
        "0061791234567", "06 5123456", "+0791234567", "079+1234567", "079123456x", "++962791234567",
        "9620791234567", "+962", "079.123.4567"}) {
    BOOST_TEST_CONTEXT(text) { BOOST_TEST(jordan_mobile(text).value_or("none") == "none"); }
  }
}

BOOST_AUTO_TEST_CASE(distances) {
  BOOST_TEST(edit_distance("", "") == 0U);
  BOOST_TEST(edit_distance("abc", "") == 3U);
  BOOST_TEST(edit_distance("", "abc") == 3U);
  BOOST_TEST(edit_distance("kitten", "sitting") == 3U);
  BOOST_TEST(edit_distance("attempts", "atempts") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
