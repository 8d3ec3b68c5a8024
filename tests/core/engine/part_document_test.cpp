#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/engine/aggregate.h"

using namespace masar;

namespace {

const XmlReader kReader({{"urn:p", "p"}}, {});

/// Everything that a tree says, in its order.
std::string shape(pugi::xml_node node) {
  std::string text = "(" + std::to_string(node.type()) + node.name() + "|" + node.value();
  for (const auto& each : node.attributes()) text += std::string("@") + each.name() + each.value();
  for (const auto& child : node.children()) text += shape(child);
  return text + ")";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(engine_part_document)

// After a restart a part is read from its payload.
BOOST_AUTO_TEST_CASE(a_part_is_what_its_payload_reads_as) {
  for (const std::string part :
       {"<t/>", "<t a='1' b='&lt;&quot;&#10;'>x &amp; y&#13;</t>", "<t> <u>  </u> </t>",
        "<t>a<!-- c --><u/>b<![CDATA[<c>]]></t>", "<t><u><v>مرحبا</v></u><u/></t>",
        "<p:t xmlns:p='urn:p' p:a='1'><p:u/></p:t>",
        "<t xmlns:z='urn:other' xmlns:y='urn:more'><y:u z:a='1'/></t>"}) {
    for (const char* root : {"<m>", "<m a='1'>", "<m xmlns:q='urn:p' xmlns:n='urn:n'><n:e/>"}) {
      const Document whole = kReader.read(root + part + "<s/></m>");
      std::string payload;
      const auto node = whole->document_element().last_child().previous_sibling();
      const Document document = engine::part_document(node, true, kReader, payload);
      BOOST_TEST(shape(*document) == shape(*kReader.read(payload)));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
