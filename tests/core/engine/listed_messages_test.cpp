// Lists of messages: what `masar check` says of a <list>, and the rows that one shows.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <limits>
#include <map>

#include "core/engine/listed_messages.h"
#include "tests/contracts/store_bench.h"
#include "tests/contracts/store_rows.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;
using engine::ListedMessage;
using engine::ListPage;
using engine::ListQuestion;

namespace {

const std::string kColumns = R"xml(
  <column name="bill" value="/Payment/bill"/>
  <column name="amount" value="fils(/Payment/amount)"/>
  <column name="sender" value="$message.sender"/>
  <column name="taken" of="reply" value="/Accepted/amount"/>)xml";

ConfigText listing(const std::string& columns = kColumns,
                   const std::string& of = "endpoints=\"pay-in\" type=\"Payments\"") {
  ConfigText config = order_config();
  config.set("config/lists/payments.xml",
             "<list id=\"payments\" " + of + ">" + columns + "</list>");
  return config;
}

ListQuestion everything() {
  ListQuestion question;
  question.from = Instant::min();
  question.to = Instant::max();
  return question;
}

ListPage page(Stage& stage, const ListQuestion& question = everything(),
              const std::string& list = "payments") {
  const auto& snapshot = stage.hub().snapshot();
  return engine::read_list(snapshot, snapshot.lists.find(list)->second, question, stage.store());
}

/// One line a message: its columns, `-` for one that it has not, `?` for one that is not known.
std::string lines(const ListPage& page) {
  std::string text;
  for (const auto& listed : page.messages) {
    for (const auto& field : listed.fields)
      text += (&field == &listed.fields.front() ? "" : " ") +
              (field.known ? field.text.value_or("-") : "?");
    text += "\n";
  }
  return text;
}

/// Messages that came long ago and are done.
void fill(Stage& stage, std::size_t count, const std::string& type) {
  store::Transaction filled;
  for (std::size_t n = 0; n < count; ++n) {
    auto row = contracts::journal_row("Z", "z" + std::to_string(n));
    row.state = store::JournalState::done;
    row.endpoint = "shop-in";
    row.name = type;
    row.payload = order("Z");
    filled.journal.push_back(std::move(row));
  }
  contracts::commit_ok(stage.store(), std::move(filled));
}

void refused(const ConfigText& config, const std::string& says) {
  BOOST_CHECK_EXCEPTION(Stage{config}, std::runtime_error, [&](const std::runtime_error& error) {
    const bool said = std::string(error.what()).find(says) != std::string::npos;
    if (!said) BOOST_TEST_MESSAGE(error.what());
    return said;
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(message_lists)

BOOST_AUTO_TEST_CASE(a_list_with_a_mistake_is_refused_with_its_place) {
  const auto of = [](const std::string& attributes) { return listing(kColumns, attributes); };
  const std::string file = "lists/payments.xml:1:";
  refused(of("endpoints=\"pay-inn\" type=\"Payments\""),
          file + "32: unknown endpoint \"pay-inn\"; did you mean \"pay-in\"?");
  refused(of("endpoints=\"pay-in sms\" type=\"Payments\""), "outbound endpoint \"sms\"");
  refused(of("endpoints=\"pay-in pay-in\" type=\"Payments\""), "\"pay-in\" is named twice");
  refused(of("endpoints=\" \" type=\"Payments\""), "names no endpoint");
  refused(of("endpoints=\"pay-in\" type=\"Payment\""),
          file + "46: no route takes \"Payment\" from \"pay-in\"; did you mean \"Payments\"?");
  refused(of("endpoints=\"ask-in\" type=\"Ask\""), "keeps nothing of what comes from \"ask-in\"");
  refused(of("endpoints=\"pay-in\""), "type");
  refused(of("endpoints=\"pay-in\" type=\"Payments\" kind=\"x\""), "no attribute \"kind\"");

  const auto with = [](const std::string& column) { return listing(kColumns + column); };
  refused(with("<column name=\"x\" value=\"/a[\"/>"), "lists/payments.xml:5:88: ");
  refused(with("<column name=\"x\" value=\"$nothing\"/>"), "nothing");
  refused(with("<column name=\"bill\" value=\"/a\"/>"), "a second column \"bill\"");
  refused(with("<column name=\"outcome\" value=\"/a\"/>"), "every list has a column \"outcome\"");
  refused(with("<column name=\"a:b\" value=\"/a\"/>"), "holds a colon");
  refused(with("<column name=\"x\" value=\"split(/a, ',')\"/>"), "not a list of text");
  refused(with("<column name=\"x\" value=\"/a\" of=\"answer\"/>"), "of");
  refused(with("<colum name=\"x\"/>"), "<colum> is not allowed in <list>");
  ConfigText misplaced = listing();
  misplaced.change("config/lists/payments.xml", "id=\"payments\"", "id=\"other\"");
  refused(misplaced, "list \"other\" stands in a file of another name");
}

BOOST_AUTO_TEST_CASE(a_payment_is_one_row_with_its_reply_and_its_case) {
  Stage stage(listing());
  const std::string a = to_paying(stage, "A"), b = to_paying(stage, "B");
  // Two cases and nobody's in one message; the same again; one that differs is not taken in.
  const auto together = payments("e1", {payment(a, "t1", "5"), payment(b, "t2", "4.5"),
                                        payment("00000000", "t3", "1")});
  stage.say("pay-in", together, "m1", "bank");
  stage.say("pay-in", together, "m1", "bank");
  stage.say("pay-in", payments("e2", {payment(a, "t1", "5")}), "m2", "bank");
  stage.say("pay-in", payments("e3", {payment(a, "t1", "6")}), "m3", "bank");
  const auto found = page(stage);
  BOOST_TEST(lines(found) == a + " 5.000 bank 5.000\n" + b + " 4.500 bank -\n");
  BOOST_TEST(!found.after.has_value());
  BOOST_REQUIRE(found.messages.size() == 2u);
  const auto& first = found.messages[0].message;
  const auto& second = found.messages[1].message;
  BOOST_TEST((first.case_key == "A" && second.case_key == "B"));
  BOOST_TEST((first.row.part == 0 && second.row.part == 1 && second.row.parts == 2));
  BOOST_TEST((first.row.envelope == first.row.id && second.row.envelope == first.row.id));
  BOOST_TEST((first.state == store::JournalState::done && found.messages[0].answered));
  BOOST_TEST((found.messages[1].content == ListedMessage::Content::kept));
  // Nothing of the documents but the columns.
  BOOST_TEST((first.row.payload.empty() && first.row.headers.empty()));
  BOOST_TEST(first.reply.value().body.empty());
}

BOOST_AUTO_TEST_CASE(a_refusal_has_a_code_and_no_columns_of_the_reply) {
  Stage stage(listing());
  stage.say("shop-in", order("A"), "o");
  stage.delivered("supplier", quote());
  const std::string bill = stage.data("A", "bill");
  stage.say("shop-in", withdraw("A"), "w");
  stage.say("pay-in", payments("e1", {payment(bill, "t1", "5")}), "m1", "bank");
  const auto found = page(stage);
  BOOST_REQUIRE(found.messages.size() == 1u);
  BOOST_TEST(found.messages[0].message.reply.value().code == "no-bill");
  BOOST_TEST(lines(found) == bill + " 5.000 bank -\n");
}

BOOST_AUTO_TEST_CASE(receipt_is_half_open_and_a_clock_that_goes_back_changes_no_order) {
  Stage stage(listing("<column name=\"no\" value=\"/Order/no\"/>",
                      "endpoints=\"shop-in\" type=\"Order\""));
  const Instant start = *parse_instant(Stage::kStart);
  const auto second = [&](int n) { return start + std::chrono::seconds(n); };
  const std::map<std::string, int> orders{{"A", 10}, {"B", 20}, {"C", 15}, {"D", 30}};
  for (const auto& [no, at] : orders) {
    stage.set_clock(second(at));
    stage.say("shop-in", order(no), "open-" + no);
  }
  const auto between = [&](int from, int to) {
    ListQuestion question;
    question.from = second(from);
    question.to = second(to);
    return lines(page(stage, question));
  };
  BOOST_TEST(between(0, 100) == "A\nB\nC\nD\n");
  BOOST_TEST(between(10, 20) == "A\n");
  BOOST_TEST(between(11, 20) == "");
  BOOST_TEST(between(15, 21) == "B\nC\n");  // C came when the clock had gone back
  BOOST_TEST(between(20, 30) == "B\nC\n");
  BOOST_TEST(between(21, 31) == "D\n");
}

BOOST_AUTO_TEST_CASE(a_page_goes_on_where_the_one_before_ended) {
  Stage stage(listing("<column name=\"no\" value=\"/Order/no\"/>",
                      "endpoints=\"shop-in\" type=\"Order\""));
  for (const char* no : {"A", "B", "C", "D", "E"}) {
    stage.say("shop-in", order(no), std::string("open-") + no);
    stage.say("shop-in", note(no, "x"), std::string("note-") + no);
  }
  auto question = everything();
  question.limit = 2;
  std::string all;
  int pages = 0;
  for (;;) {
    const auto found = page(stage, question);
    BOOST_TEST(found.messages.size() <= 2u);
    all += lines(found);
    ++pages;
    if (!found.after) break;
    question.after = *found.after;
  }
  BOOST_TEST(all == "A\nB\nC\nD\nE\n");
  BOOST_TEST(pages == 3);
  question.after = std::numeric_limits<store::RowId>::max();
  BOOST_TEST(page(stage, question).messages.empty());
}

BOOST_AUTO_TEST_CASE(no_page_looks_at_more_than_its_bounds) {
  Stage stage(listing("<column name=\"no\" value=\"/Order/no\"/>",
                      "endpoints=\"shop-in\" type=\"Order\""));
  constexpr auto kRows = static_cast<std::size_t>(engine::kListedJournalMax);
  fill(stage, kRows + 1, "Note");
  const auto first = page(stage);  // a page of nothing that is not the last one
  BOOST_TEST(first.messages.empty());
  BOOST_TEST(first.after.value() == engine::kListedJournalMax);

  fill(stage, engine::kListedLookedMax + 500, "Order");
  auto question = everything();
  question.after = *first.after;
  question.where = {{0, "A"}};
  const auto second = page(stage, question);
  BOOST_TEST(second.messages.empty());
  const auto looked = static_cast<std::size_t>(second.after.value() - *first.after) - 1;
  BOOST_TEST(looked >= engine::kListedLookedMax);
  BOOST_TEST(looked < engine::kListedLookedMax + engine::kListedTogether);

  stage.say("shop-in", order("A"), "a");
  question.after = *second.after;
  const auto third = page(stage, question);
  BOOST_TEST(lines(third) == "A\n");
  BOOST_TEST(!third.after.has_value());
}

BOOST_AUTO_TEST_CASE(a_condition_leaves_out_what_is_known_to_be_otherwise) {
  Stage stage(listing(kColumns + "<column name=\"once\" value=\"/Payment/amount[1]\"/>"));
  const std::string a = to_paying(stage, "A"), b = to_paying(stage, "B");
  stage.say("pay-in", payments("e1", {payment(a, "t1", "5"), payment(b, "t2", "4")}), "m1", "bank");
  const auto where = [&](std::vector<std::pair<std::size_t, std::string>> conditions) {
    auto question = everything();
    question.where = std::move(conditions);
    return page(stage, question).messages.size();
  };
  BOOST_TEST(where({}) == 2u);
  BOOST_TEST(where({{1, "5.000"}}) == 1u);
  BOOST_TEST(where({{1, "5"}}) == 0u);
  BOOST_TEST(where({{0, a}, {1, "5.000"}}) == 1u);
  BOOST_TEST(where({{0, b}, {1, "5.000"}}) == 0u);
  BOOST_TEST(where({{3, "5.000"}}) == 1u);
  BOOST_TEST(where({{3, ""}}) == 0u);  // none is not the empty text
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_shown_and_said) {
  // fils() fails where the amount is none; the other columns stand.
  Stage stage(listing("<column name=\"no\" value=\"/Order/no\"/>"
                      "<column name=\"plate\" value=\"fils(/Order/plate)\"/>",
                      "endpoints=\"shop-in\" type=\"Order\""));
  stage.say("shop-in", order("A", "12.5"), "open-A");
  stage.say("shop-in", order("B", "none"), "open-B");
  const auto found = page(stage);
  BOOST_TEST(lines(found) == "A 12.500\nB ?\n");
  BOOST_TEST((found.messages[0].content == ListedMessage::Content::kept));
  BOOST_TEST((found.messages[1].content == ListedMessage::Content::unreadable));
  auto question = everything();
  question.where = {{1, "12.500"}};
  BOOST_TEST(lines(page(stage, question)) == "A 12.500\nB ?\n");  // nobody can say
  question.where = {{1, "12.500"}, {0, "A"}};
  BOOST_TEST(lines(page(stage, question)) == "A 12.500\n");
}

BOOST_AUTO_TEST_CASE(what_retention_has_emptied_is_shown_without_its_columns) {
  ConfigText config = listing();
  config.change("config/hub.xml", "</hub>", "<retention messages=\"P401D\" batch=\"100\"/></hub>");
  Stage stage(config);
  const std::string a = to_paying(stage, "A");
  stage.say("pay-in", payments("e1", {payment(a, "t1", "5")}), "m1", "bank");
  stage.set_clock(*parse_instant("2027-06-01T00:00:00Z"));
  stage.wait(std::chrono::hours(1));
  const auto found = page(stage);
  BOOST_TEST(lines(found) == "? ? ? ?\n");
  BOOST_REQUIRE(found.messages.size() == 1u);
  BOOST_TEST((found.messages[0].content == ListedMessage::Content::deleted));
  BOOST_TEST(found.messages[0].message.case_key == "A");
  auto question = everything();
  question.where = {{0, "something else"}};
  BOOST_TEST(page(stage, question).messages.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_kept_message_that_is_tried_again_is_one_row_of_its_case) {
  Stage stage(listing("<column name=\"no\" value=\"/Keep/no\"/>",
                      "endpoints=\"shop-in\" type=\"Keep\""));
  stage.say("shop-in", "<Keep><no>A</no></Keep>", "k");
  const auto kept = page(stage);
  BOOST_REQUIRE(kept.messages.size() == 1u);
  BOOST_TEST((kept.messages[0].message.state == store::JournalState::dead));
  BOOST_TEST(kept.messages[0].message.case_key.empty());
  stage.say("shop-in", order("A"), "o");
  const auto letter = stage.letters().at(0).id;
  const auto result = stage.act([&](auto& operations, auto done) {
    operations.retry_dead_letter(letter, std::move(done));
  });
  BOOST_REQUIRE(result.status == 200);
  const auto retried = page(stage);
  BOOST_TEST(lines(retried) == "A\n");
  BOOST_TEST((retried.messages[0].message.state == store::JournalState::done));
  BOOST_TEST(retried.messages[0].message.case_key == "A");
}

BOOST_AUTO_TEST_CASE(a_list_takes_from_its_endpoints_alone) {
  ConfigText config = listing("<column name=\"no\" value=\"/Order/no\"/>",
                              "endpoints=\"shop-in kiosk-in\" type=\"Order\"");
  for (const std::string id : {"kiosk-in", "phone-in"}) {
    config.set("config/endpoints/" + id + ".xml",
               "<endpoint id=\"" + id + "\" partner=\"" + id +
                   "\" connector=\"amqp\" direction=\"in\" schema=\"shop.xsd\" "
                   "refusals=\"shop-out\" refusal-mapping=\"order/refused\"><amqp/></endpoint>");
    config.set("config/routes/" + id + ".xml",
               "<route id=\"" + id + "\" mode=\"durable\"><from endpoint=\"" + id +
                   "\" type=\"Order\"/><find key=\"/Order/no\"/><no-case do=\"open\"/>"
                   "<map using=\"order/order\"/><to process=\"order\" event=\"order\"/></route>");
  }
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  stage.say("phone-in", order("B"), "b");
  stage.say("kiosk-in", order("C"), "c");
  BOOST_TEST(lines(page(stage)) == "A\nC\n");
}

BOOST_AUTO_TEST_SUITE_END()
