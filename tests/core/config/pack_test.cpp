#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/config/pack.h"

using namespace masar::config;

namespace {

Files some_files() {
  Files files;
  files.hub = {{"config/hub.xml", "hub", "<hub/>"}};
  files.routes = {{"config/routes/b.xml", "b", std::string("2:\0\n", 4)},
                  {"config/routes/a.xml", "a", ""}};
  files.mappings = {{"mappings/p/m.map.xml", "p/m", "كف"}};
  files.rehash();
  return files;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pack_files)

BOOST_AUTO_TEST_CASE(comes_back_whole) {
  const Files files = some_files();
  const auto packed = unpack(pack(files, {{"zone", "Asia/Amman"}, {"empty", ""}}));
  BOOST_REQUIRE(packed.has_value());
  BOOST_TEST(packed->files.hash == files.hash);
  BOOST_TEST((packed->settings == Settings{{"zone", "Asia/Amman"}, {"empty", ""}}));
  BOOST_REQUIRE(packed->files.routes.size() == 2u);
  BOOST_TEST(packed->files.routes[0].contents == files.routes[0].contents);
  BOOST_TEST(packed->files.routes[1].path == "config/routes/a.xml");
  BOOST_TEST(packed->files.mappings.at(0).name == "p/m");
}

// As a program from before lists/ has stored it: its cases find their configuration by this name.
BOOST_AUTO_TEST_CASE(a_folder_that_came_later_changes_no_name_where_it_is_empty) {
  Files files = some_files();
  BOOST_TEST(files.hash == 
             "e761477bb639c94ce1632ad533e453d64ef41fe806c04d549d2cbbd93bd04dc9");
  files.lists = {{"config/lists/l.xml", "l", "<list/>"}};
  files.rehash();
  BOOST_TEST(files.hash != some_files().hash);
  const auto packed = unpack(pack(files, {}));
  BOOST_REQUIRE(packed.has_value());
  BOOST_TEST(packed->files.hash == files.hash);
  BOOST_TEST(packed->files.lists.at(0).contents == "<list/>");
}

BOOST_AUTO_TEST_CASE(anything_else_is_refused) {
  const std::string bytes = pack(some_files(), {});
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto part = unpack(std::string_view(bytes).substr(0, cut));
    BOOST_TEST((!part || part->files.hash != some_files().hash), cut);
  }
  const std::string head = "masar-files 1\n";
  BOOST_TEST(unpack(head + "1:91:a1:b1:c").has_value());
  for (const char* bad : {"9:", "1:9", "1::1:a1:b1:c", "2:101:a1:b1:c", "1:01:a", "-1:",
                          "99999999999999999999:", "1:s1:a2:x", "x"})
    BOOST_TEST(!unpack(head + bad).has_value(), bad);
  BOOST_TEST(!unpack("masar-files 2\n").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
