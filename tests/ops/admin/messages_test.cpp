// Lists of messages as the operators' interface shows them, and CSV.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "ops/admin/csv.h"
#include "tests/ops/admin/office.h"

using namespace masar;
using namespace masar::testing;

BOOST_AUTO_TEST_SUITE(admin_messages)

BOOST_AUTO_TEST_CASE(messages_are_listed_by_the_columns_that_the_configuration_names) {
  Office office(with_orders());
  open_with_phone(office.stage, "A");
  office.stage.say("shop-in", order("B", "=1+1"), "open-B");
  const auto answer = office.get(kOrders);
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(!test::has(answer.body, kPhone));
  BOOST_TEST(json::serialize(answer.object().at("columns")) == R"(["no","plate"])");
  const auto messages = answer.object().at("messages").as_array();
  BOOST_REQUIRE(messages.size() == 2u);
  const auto& first = messages[0].as_object();
  const auto text = [&](const char* name) { return std::string(first.at(name).as_string()); };
  BOOST_TEST((text("type") == "Order" && text("endpoint") == "shop-in"));
  BOOST_TEST((text("partner") == "shop" && text("message_id") == "open-A"));
  BOOST_TEST((text("outcome") == "done" && text("content") == "kept"));
  BOOST_TEST(json::serialize(first.at("cases")) == R"(["A"])");
  BOOST_TEST(json::serialize(first.at("fields")) == R"({"no":"A","plate":"20-12345"})");
  BOOST_TEST(first.at("message") == first.at("id"));
  BOOST_TEST(office.get(kOrders + "&where=no:B").object().at("messages").as_array().size() == 1u);
  const auto before = office.get("/api/messages?type=orders&from=2020-01-01&to=2020-01-02");
  BOOST_TEST(before.object().at("messages").as_array().empty());

  const auto csv = office.get(kOrders + "&where=no:B&format=csv");
  BOOST_TEST(test::has(csv.head, "Content-Type: text/csv; charset=utf-8; header=present"));
  const auto line = csv.body.find("\r\n") + 2;
  BOOST_TEST(csv.body.substr(0, line) ==
             "id,received,type,endpoint,partner,message,message_id,part,parts,cases,outcome,reply,"
             "reply_code,content,no,plate\r\n");
  BOOST_TEST(csv.body.ends_with(",open-B,1,1,B,done,,,kept,B,'=1+1\r\n"));
}

BOOST_AUTO_TEST_CASE(a_page_of_messages_says_where_the_next_one_goes_on) {
  Office office(with_orders());
  for (const char* no : {"A", "B", "C"}) office.stage.say("shop-in", order(no), no);
  const auto page = office.get(kOrders + "&limit=2");
  const auto after = json::serialize(page.object().at("after"));
  BOOST_TEST(page.object().at("messages").as_array().size() == 2u);
  BOOST_TEST(test::has(page.head, "Link: </api/messages?type=orders&from=2020-01-01&to=2100-01-01"
                                  "&limit=2&after=" + after + ">; rel=\"next\""));
  const auto last = office.get(kOrders + "&limit=2&after=" + after);
  BOOST_TEST(last.object().at("after").is_null());
  BOOST_TEST(last.object().at("messages").as_array().size() == 1u);
  BOOST_TEST(!test::has(last.head, "Link:"));
}

BOOST_AUTO_TEST_CASE(a_wrong_question_for_messages_names_the_argument_and_not_its_value) {
  Office office(with_orders());
  for (const auto& [more, says] : std::vector<std::pair<std::string, std::string>>{
           {"&limit=0", "limit"},
           {"&limit=501", "limit"},
           {"&limit=-1", "limit"},
           {"&after=99999999999999999999", "after"},
           {"&where=no", "where"},
           {"&where=nn:" + kPhone, "where"},
           {"&format=xml", "format"},
           {"&x=" + kPhone, "query"}}) {
    const auto refused = office.get(kOrders + more);
    BOOST_TEST(refused.status == 422, more);
    BOOST_TEST(code_of(refused) == "bad-argument");
    BOOST_TEST(std::string(refused.object().at("detail").as_string()).starts_with(says + ":"));
    BOOST_TEST(!test::has(refused.body, kPhone));
  }
  const std::string page = "/api/messages?type=orders";
  for (const char* range : {"", "&from=2026-01-01", "&from=x&to=2026-01-01",
                            "&from=2026-01-01&to=2026-01-01", "&from=2026-01-01&to=2026-13-01"})
    BOOST_TEST(office.get(page + range).status == 422, range);
  BOOST_TEST(office.get("/api/messages").status == 422);
  BOOST_TEST(code_of(office.get("/api/messages?type=order")) == "no-such-list");
  BOOST_TEST(office.get("/api/messages?type=order").status == 404);
  BOOST_TEST(office.get(kOrders + "&after=9223372036854775807").status == 200);
  BOOST_TEST(office.post(kOrders).status == 405);
}

BOOST_AUTO_TEST_CASE(csv_keeps_its_cells_apart_and_reckons_with_none) {
  BOOST_TEST(admin::csv_line({"a", "", "b c"}) == "a,,b c\r\n");
  BOOST_TEST(admin::csv_line({"a,b", "say \"so\"", "two\r\nlines"}) ==
             "\"a,b\",\"say \"\"so\"\"\",\"two\r\nlines\"\r\n");
  for (const std::string first : {"=", "+", "-", "@", "\t"})
    BOOST_TEST(admin::csv_line({first + "1", "1" + first}) == "'" + first + "1,1" + first + "\r\n");
  BOOST_TEST(admin::csv_line({"\r1"}) == "\"'\r1\"\r\n");
  BOOST_TEST(admin::csv_line({"=1,\"2\""}) == "\"'=1,\"\"2\"\"\"\r\n");
  BOOST_TEST(admin::csv_line({"أحمد"}) == "أحمد\r\n");
}

BOOST_AUTO_TEST_SUITE_END()
