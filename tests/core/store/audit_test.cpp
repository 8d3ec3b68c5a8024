#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdio>
#include <string>

#include "tests/contracts/store_contract.h"
#include "tests/core/store/store_directory.h"

using namespace masar;
using namespace masar::store;
using contracts::at;
using contracts::audit_row;
using contracts::commit_ok;
using contracts::opening;

namespace {

std::string said_by(const std::string& command) {
  std::string text;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  BOOST_REQUIRE(pipe != nullptr);
  std::array<char, 4096> part{};
  for (std::size_t got = 0; (got = std::fread(part.data(), 1, part.size(), pipe)) > 0;)
    text.append(part.data(), got);
  ::pclose(pipe);
  return text;
}

// A store with some rows in several partitions, two of them with personal content.
struct Logged {
  StoreDirectory directory;
  ManualBusinessClock clock{at(1'000'000)};
  Logged() {
    const auto store = open_sqlite_store(directory.settings(), clock);
    for (const char* key : {"A", "B", "A", "C", "A", "B"}) {
      Transaction t;
      t.audit = {audit_row(key, "message"), audit_row(key, "applied")};
      if (*key == 'B') t.audit[1].personal = "a name";
      commit_ok(*store, std::move(t));
    }
  }
  std::string check() const {
    return said_by("/usr/bin/python3 " MASAR_SOURCE_DIR "/tests/core/store/audit_check.py " +
                   directory.database() + " 2>&1");
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(audit_log)

BOOST_FIXTURE_TEST_CASE(a_checker_without_our_code_finds_it_in_order, Logged) {
  BOOST_TEST(check() == "12 rows in order\n");
}

BOOST_AUTO_TEST_SUITE_END()
