#define BOOST_TEST_DYN_LINK
#include "core/message/written_root.h"

#include <boost/test/unit_test.hpp>

#include "core/message/xml_names.h"
#include "core/message/xml_reader.h"
#include "core/message/xml_writer.h"

using namespace masar;

namespace {

const XmlReader kReader({{"urn:p", "p"}, {"urn:q", "q"}}, {});

std::string found(const std::string& text) {
  const auto root = written_root(text);
  return root ? root->name + "{" + root->uri + "}" : "none";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(message_written_root)

BOOST_AUTO_TEST_CASE(it_is_the_one_that_the_reader_finds) {
  for (const std::string text :
       {"<a/>", "<a>1</a>", "<a x='&gt;/&quot; xmlns=&quot;u&quot;'/>", "<a xmlns='urn:p'><b/></a>",
        "<x:a xmlns:x='urn:q' y='1' x:z='=&quot;'>t</x:a>", "<a xmlns:x='urn:q' x:z='1'/>",
        "<a xmlns='urn:unknown' xmlns:z='urn:other' z:b='1'><z:c/></a>", "<a\n b='1'\t/>",
        "<é.ü-1/>"}) {
    const Document document = kReader.read(text);
    const pugi::xml_node root = document->document_element();
    BOOST_TEST(found(write_xml(root)) ==
               std::string(root.name()) + "{" + std::string(namespace_of(root)) + "}");
  }
}

BOOST_AUTO_TEST_CASE(what_has_to_be_read_is_none) {
  BOOST_TEST(found(write_xml(*kReader.read("<a xmlns='urn:a&amp;b'/>"))) == "none");
  for (const char* text : {"", "a", "<a", "<p:a/>", "<a b", "<a b=\"1", "<a b='1'/>", "{\"a\": 1}",
                           "<?xml version=\"1.0\"?><a/>"}) {
    BOOST_TEST(found(text) == "none");
  }
}

BOOST_AUTO_TEST_SUITE_END()
