#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "core/base/hash.h"
#include "core/engine/random_code.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

namespace {

/// The tests' service with an unguessable code in place of its bill's number.
ConfigText coded(const std::string& more = "digits=\"20\"") {
  ConfigText config = order_config();
  config.change("config/hub.xml", "digits=\"8\" check=\"luhn\"", "kind=\"random\" " + more);
  return config;
}

bool is_code(const std::string& text, std::size_t characters) {
  std::size_t counted = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (at % 6 == 5 ? text[at] != '-' : std::strchr(engine::kCodeAlphabet, text[at]) == nullptr)
      return false;
    counted += at % 6 == 5 ? 0 : 1;
  }
  return counted == characters && text.back() != '-';
}

}  // namespace

BOOST_AUTO_TEST_SUITE(series_test)

BOOST_AUTO_TEST_CASE(a_code_has_its_characters_in_groups_of_five) {
  const auto zeros = [](std::size_t bytes) { return std::string(bytes, '\0'); };
  BOOST_TEST(engine::random_code(20, zeros) == "22222-22222-22222-22222");
  BOOST_TEST(engine::random_code(17, zeros) == "22222-22222-22222-22");
  // 30 and 31 of five bits have no letter; the upper three bits of a byte do not count.
  int call = 0;
  const auto mixed = [&](std::size_t bytes) {
    return call++ == 0 ? std::string(bytes, '\x1F') : "\x1E\x3D" + std::string(bytes - 2, '\xE1');
  };
  BOOST_TEST(engine::random_code(17, mixed) == "Z3333-33333-33333-33");
}

BOOST_AUTO_TEST_CASE(every_letter_comes_as_often_as_any_other) {
  constexpr int kCodes = 3'000, kCharacters = 20;
  std::map<char, int> counts;
  std::set<std::string> codes;
  for (int n = 0; n < kCodes; ++n) {
    const auto code = engine::random_code(kCharacters, [](auto b) { return random_bytes(b); });
    BOOST_REQUIRE(is_code(code, kCharacters));
    codes.insert(code);
    for (const char c : code) ++counts[c];
  }
  counts.erase('-');
  BOOST_TEST(codes.size() == static_cast<std::size_t>(kCodes));
  BOOST_TEST(counts.size() == std::strlen(engine::kCodeAlphabet));
  // 2,000 of each; seven standard deviations are 308, which chance does not reach.
  for (const auto& [letter, count] : counts)
    BOOST_TEST(std::abs(count - kCodes * kCharacters / 30) < 308, letter << " " << count);
}

BOOST_AUTO_TEST_CASE(a_code_is_an_input_that_is_recorded_and_found_as_alias) {
  Stage stage(coded());
  const std::string code = to_paying(stage, "A");
  BOOST_TEST(is_code(code, 20), code);
  BOOST_TEST(stage.store().find_journal(2).value().inputs == "serial bill=" + code + "\n");
  BOOST_TEST(stage.store().find_alias("bill", code).value() == "A");
  BOOST_TEST(to_paying(stage, "B") != code);
  stage.crash();
  stage.start();
  BOOST_TEST(stage.data("A", "bill") == code);
  BOOST_TEST(to_paying(stage, "C") != code);
}

BOOST_AUTO_TEST_CASE(the_seed_of_a_simulation_decides_the_codes) {
  Stage one(coded(), 7), same(coded(), 7), other(coded(), 8);
  const std::string code = to_paying(one, "A");
  BOOST_TEST(to_paying(same, "A") == code);
  BOOST_TEST(to_paying(other, "A") != code);
}

BOOST_AUTO_TEST_CASE(a_code_that_can_be_guessed_is_refused) {
  const auto refused = [](const std::string& more, const std::string& says) {
    BOOST_CHECK_EXCEPTION(Stage{coded(more)}, std::runtime_error,
                          [&](const std::runtime_error& error) {
                            return std::string(error.what()).find(says) != std::string::npos;
                          });
  };
  refused("digits=\"16\"", "hub.xml:4:45: a code of 16 characters can be guessed");
  refused("digits=\"65\"", "write digits from 17 to 64");
  refused("", "a code of 12 characters");
  refused("digits=\"20\" check=\"luhn\"", "a random series has no check");
  refused("digits=\"20\" restore-gap=\"5\"", "a random series has no restore-gap");
  BOOST_CHECK_NO_THROW(Stage{coded("digits=\"17\"")});
}

BOOST_AUTO_TEST_SUITE_END()
