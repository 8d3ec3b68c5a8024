// The files of a configuration and the names that they are known by.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/config/files.h"

using namespace masar;
namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(config_files)

BOOST_AUTO_TEST_CASE(a_mapping_is_named_by_its_folders_and_its_file) {
  std::string pattern = (fs::temp_directory_path() / "masar-files-XXXXXX").string();
  BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  const fs::path root = pattern;
  for (const char* name : {"config/hub.xml", "mappings/plain.map.xml", "mappings/a/one.map.xml",
                           "mappings/a/b/two.map.xml", "mappings/a/samples/one/01.in.xml"}) {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name) << "<x/>";
  }
  config::Diagnostics diagnostics;
  const auto files = config::Files::load((root / "config").string(), diagnostics);
  BOOST_TEST(diagnostics.text() == "");
  std::vector<std::string> names;
  for (const auto& file : files.mappings) names.push_back(file.name);
  BOOST_TEST(names == (std::vector<std::string>{"a/b/two", "a/one", "plain"}),
             boost::test_tools::per_element());
  fs::remove_all(root);
}

BOOST_AUTO_TEST_SUITE_END()
