#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <limits>

#include "core/base/error.h"
#include "core/base/money.h"

using namespace masar;

namespace {

constexpr std::int64_t kMax = 1'000'000'000'000'000;
constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();

bool out_of_range(const Error& error) {
  return error.kind() == ErrorKind::rejected && error.code() == "amount-out-of-range";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(money_test)

BOOST_AUTO_TEST_CASE(amounts_read_and_write) {
  struct Row {
    std::string_view text;
    std::int64_t fils;
    std::string_view written;
  };
  for (const Row& row : {Row{"0", 0, "0.000"}, Row{"-0", 0, "0.000"},
                         Row{"12.345", 12345, "12.345"},
                         Row{"12.3", 12300, "12.300"}, Row{"12.34", 12340, "12.340"},
                         Row{"0.001", 1, "0.001"}, Row{"-0.001", -1, "-0.001"},
                         Row{"007", 7000, "7.000"},
                         Row{"999999999.999", 999'999'999'999, "999999999.999"},
                         Row{"-999999999.999", -999'999'999'999, "-999999999.999"}}) {
    BOOST_TEST_CONTEXT(row.text) {
      BOOST_REQUIRE(parse_jod(row.text).has_value());
      BOOST_TEST(parse_jod(row.text)->amount == row.fils);
      BOOST_TEST(format_jod(Fils{row.fils}) == row.written);
    }
  }
  BOOST_TEST(format_jod(Fils{std::numeric_limits<std::int64_t>::min()}) ==
             "-9223372036854775.808");
}

BOOST_AUTO_TEST_CASE(what_is_no_amount_has_no_value) {
  for (std::string_view text :
       {"", "-", ".", ".5", "5.", "+5", "--5", "1e3", "1E3", "1,000.000", "1 000", " 1", "1 ",
        "1.2345",
        "1234567890", "0000000001", "0x10", "12abc", "NaN", "١٢", "1.٢", "1.2.3", "1.-2", "−5"}) {
    BOOST_TEST_CONTEXT(text) { BOOST_TEST(!parse_jod(text).has_value()); }
  }
}

BOOST_AUTO_TEST_CASE(arithmetic_stays_in_range) {
  BOOST_TEST((Fils{kMax - 1} + Fils{1}).amount == kMax);
  BOOST_TEST((Fils{-kMax + 1} - Fils{1}).amount == -kMax);
  BOOST_TEST((Fils{kMax / 2} * 2).amount == kMax);
  BOOST_CHECK_EXCEPTION(Fils{kMax} + Fils{1}, Error, out_of_range);
  BOOST_CHECK_EXCEPTION(Fils{-kMax} - Fils{1}, Error, out_of_range);
  BOOST_CHECK_EXCEPTION(Fils{kInt64Max} + Fils{kInt64Max}, Error, out_of_range);
  BOOST_CHECK_EXCEPTION(Fils{kMax} * kInt64Max, Error, out_of_range);
  BOOST_CHECK_EXCEPTION(Fils{kMax} * -2, Error, out_of_range);
}

BOOST_AUTO_TEST_CASE(proportions_round_half_away_from_zero) {
  BOOST_TEST(proportion(Fils{5}, 1, 2).amount == 3);
  BOOST_TEST(proportion(Fils{-5}, 1, 2).amount == -3);
  BOOST_TEST(proportion(Fils{5}, -1, 2).amount == -3);
  BOOST_TEST(proportion(Fils{4}, 1, 3).amount == 1);
  BOOST_TEST(proportion(Fils{5}, 1, 3).amount == 2);
  BOOST_TEST(proportion(Fils{100'000}, 75, 100).amount == 75'000);
  BOOST_TEST(proportion(Fils{kMax}, kInt64Max, kInt64Max).amount == kMax);
  BOOST_CHECK_EXCEPTION(proportion(Fils{kMax}, 2, 1), Error, out_of_range);
  BOOST_CHECK_THROW(proportion(Fils{1}, 1, 0), Error);
  BOOST_CHECK_THROW(proportion(Fils{1}, 1, -1), Error);
}

BOOST_AUTO_TEST_SUITE_END()
