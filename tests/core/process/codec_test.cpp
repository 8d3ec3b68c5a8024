#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/process/process_support.h"

using namespace masar;
using namespace masar::process;
using namespace masar::process::testing;

namespace {

std::string filled(const std::string& data, const std::string& onentry) {
  return document("<datamodel>" + data +
                  "</datamodel><m:event name=\"go\" opens=\"true\"><m:field id=\"text\" "
                  "type=\"text\"/><m:field id=\"list\" type=\"list of fils\"/></m:event>"
                  "<m:otherwise events=\"*\" do=\"ignore\"/><m:alias id=\"x\" expr=\"$t\"/>"
                  "<state id=\"a\"><m:deadline id=\"d\" after=\"PT1H\"><m:note "
                  "code=\"n\"/></m:deadline><onentry>" +
                  onentry + "</onentry></state>");
}

const std::string kAll =
    "<data id=\"t\" m:type=\"text\"/><data id=\"i\" m:type=\"integer\"/><data id=\"f\" "
    "m:type=\"fils\"/><data id=\"d\" m:type=\"date\"/><data id=\"at\" m:type=\"instant\"/>"
    "<data id=\"b\" m:type=\"boolean\"/><data id=\"l\" m:type=\"list of fils\"/><data id=\"r\" "
    "m:type=\"table\" m:key=\"k\" m:columns=\"k text, v fils\"/><data id=\"never\" "
    "m:type=\"text\"/>";
const std::string kFill =
    "<assign location=\"t\" expr=\"$event.text\"/><assign location=\"i\" expr=\"-7\"/><assign "
    "location=\"f\" expr=\"fils('12.345')\"/><assign location=\"d\" expr=\"date('2028-02-29')\"/>"
    "<assign location=\"at\" expr=\"$now\"/><assign location=\"b\" expr=\"false()\"/><assign "
    "location=\"l\" expr=\"$event.list\"/>"
    "<m:put table=\"r\" k=\"'one'\" v=\"fils('1')\"/><m:put table=\"r\" k=\"'two'\"/>";

}  // namespace

BOOST_AUTO_TEST_SUITE(codec)

BOOST_AUTO_TEST_CASE(data_of_every_type_comes_back_as_it_was) {
  Player player(filled(kAll, kFill));
  auto amounts =
      std::make_shared<expression::List>(expression::List{Value(Fils{1}), Value(Fils{2500})});
  for (const char* text :
       {"طلب & <tag> \"q\"", " spaced ", " ", "", "line\nline\r\n\ttab", "]]>",
        "a\x01z"}) {
    player.open("go", {{"text", Value::text(text)},
                       {"list", Value(std::shared_ptr<const expression::List>(amounts))}});
    const std::string bytes = player.definition().encode(player.now());
    Case again;
    player.definition().decode(bytes, again);
    BOOST_REQUIRE(again.data.size() == player.now().data.size());
    for (std::size_t i = 0; i < again.data.size(); ++i)
      BOOST_TEST((again.data[i] == player.now().data[i]), "slot " << i << " of " << bytes);
    BOOST_TEST(player.definition().encode(again) == bytes);
  }
  BOOST_TEST(!player.data("never").is_set());
}

BOOST_AUTO_TEST_CASE(the_form_is_names_types_and_text) {
  Player player(filled("<data id=\"t\" m:type=\"text\"/><data id=\"f\" m:type=\"fils\"/>",
                       "<assign location=\"f\" expr=\"fils('1')\"/>"));
  player.open();
  BOOST_TEST(player.definition().encode(player.now()) ==
             "<data><v n=\"f\" t=\"fils\">1.000</v><v n=\"deadline:d\" t=\"integer\">1</v></data>");
}

BOOST_AUTO_TEST_CASE(data_added_removed_or_retyped_does_not_disturb_the_rest) {
  Player before(
      filled("<data id=\"t\" m:type=\"text\"/><data id=\"i\" m:type=\"integer\"/><data id=\"gone\" "
             "m:type=\"text\"/>",
             "<assign location=\"t\" expr=\"'x'\"/><assign location=\"i\" expr=\"7\"/><assign "
             "location=\"gone\" expr=\"'y'\"/>"));
  before.open();
  const auto after = define(
      filled("<data id=\"new\" m:type=\"text\"/><data id=\"i\" m:type=\"text\"/><data id=\"t\" "
             "m:type=\"text\"/><data id=\"r\" m:type=\"table\" m:key=\"k\" m:columns=\"k text\"/>",
             ""));
  Case read;
  after->decode(before.definition().encode(before.now()), read);
  BOOST_TEST(!read.data[0].is_set());
  BOOST_TEST(!read.data[1].is_set());
  BOOST_TEST(expression::to_text(read.data[2]) == "x");
  BOOST_TEST(read.data[3].as<std::shared_ptr<const expression::Table>>()->rows.empty());
}

BOOST_AUTO_TEST_CASE(a_case_goes_on_from_its_stored_data) {
  Player player(filled(kAll, "<assign location=\"t\" expr=\"'x'\"/>"));
  player.open();
  Transition stored = player.last();
  const std::string bytes = player.definition().encode(stored.after);
  stored.after.data.clear();
  player.definition().decode(bytes, stored.after);
  player.keep(std::move(stored));
  player.fire("d");
  BOOST_TEST(player.last().notes.size() == 1);
  BOOST_TEST(player.last().aliases_taken.empty());  // taken already
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_data_are_refused) {
  const auto definition = define(filled(kAll, ""));
  Case read;
  for (const char* bytes : {"", "<data>", "<other/>", "text"})
    BOOST_TEST(code_of([&] { definition->decode(bytes, read); }) == "case-data");
}

BOOST_AUTO_TEST_SUITE_END()
