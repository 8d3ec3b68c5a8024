#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/message/html_writer.h"
#include "core/message/xml_reader.h"

using namespace masar;

namespace {

const std::string kOpen = "<h:html xmlns:h=\"http://www.w3.org/1999/xhtml\"";

HtmlPage page(const std::string& document) {
  const XmlReader reader({{"http://www.w3.org/1999/xhtml", "h"}, {"urn:a", "a"}}, {});
  return write_html(*reader.read(document));
}

void refused(const std::string& document) {
  BOOST_CHECK_EXCEPTION((void)page(document), Error,
                        [](const Error& error) { return error.code() == "not-html"; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(html_writer_test)

BOOST_AUTO_TEST_CASE(names_lose_their_prefix_and_only_void_elements_their_end) {
  BOOST_TEST(page(kOpen + " lang=\"ar\" dir=\"rtl\"><h:head><h:meta charset=\"utf-8\"/></h:head>"
                          "<h:body><h:p>a<h:br/>b<h:i/></h:p><h:div/></h:body></h:html>")
                 .text ==
             "<!DOCTYPE html><html lang=\"ar\" dir=\"rtl\"><head><meta charset=\"utf-8\"></head>"
             "<body><p>a<br>b<i></i></p><div></div></body></html>");
  BOOST_TEST(page("<html xmlns=\"http://www.w3.org/1999/xhtml\"/>").text ==
             "<!DOCTYPE html><html></html>");
}

BOOST_AUTO_TEST_CASE(what_people_wrote_stays_text) {
  BOOST_TEST(page(kOpen + "><h:body title=\"&quot;&lt;&amp;\">&lt;script&gt; &amp;amp; إيصال"
                          "</h:body></h:html>")
                 .text ==
             "<!DOCTYPE html><html><body title=\"&quot;&lt;&amp;\">&lt;script&gt; &amp;amp; إيصال"
             "</body></html>");
}

BOOST_AUTO_TEST_CASE(a_style_is_written_and_told_byte_by_byte) {
  const auto made = page(kOpen + "><h:style>p{a:'b'}\n\"c\"</h:style><h:style/></h:html>");
  BOOST_TEST(made.text ==
             "<!DOCTYPE html><html><style>p{a:'b'}\n\"c\"</style><style></style></html>");
  BOOST_TEST(made.styles.size() == 2u);
  BOOST_TEST(made.styles.at(0) == "p{a:'b'}\n\"c\"");
  BOOST_TEST(made.styles.at(1) == "");
}

BOOST_AUTO_TEST_CASE(what_is_no_page_is_refused) {
  refused("<a/>");
  refused("<html/>");
  refused("<h:body xmlns:h=\"http://www.w3.org/1999/xhtml\"/>");
  refused(kOpen + " xmlns:a=\"urn:a\"><a:b/></h:html>");
  refused(kOpen + "><b/></h:html>");
  refused(kOpen + " xmlns:a=\"urn:a\" a:b=\"1\"/>");
  refused(kOpen + "><h:script>1</h:script></h:html>");
  refused(kOpen + "><h:br>1</h:br></h:html>");
  refused(kOpen + "><h:style>a&lt;/style></h:style></h:html>");
  refused(kOpen + "><h:style><h:b/></h:style></h:html>");
}

BOOST_AUTO_TEST_SUITE_END()
