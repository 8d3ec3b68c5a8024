// Open cases go over to the current configuration (ENGINE.md 22).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/engine/migration.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

namespace {

const std::string kProcess = "config/processes/order.scxml";
const std::string kNo = "<data id=\"no\" m:type=\"text\"/>";

/// What a note leaves, and the quote's operation, say which configuration a case goes by.
ConfigText newer() {
  ConfigText config = order_config();
  config.change(kProcess, "concat($notes, $event.text, ';')",
                "concat($notes, 'new ', $event.text, ';')");
  config.change("config/routes/ask-quote.xml", "operation=\"Quote\"", "operation=\"Quote2\"");
  return config;
}

ConfigText with_data(const std::string& data) {
  return order_config().change(kProcess, kNo, kNo + data);
}

engine::ActResult migrate(Stage& stage, const std::string& key) {
  return stage.act([&](auto& operations, auto done) { operations.migrate_case(key, done); });
}

/// Why a case that waits for its quote by `from` cannot go over to `to`; empty: it has.
std::string refusal(const ConfigText& from, const ConfigText& to,
                    const std::function<void(Stage&)>& before = {}) {
  Stage stage(from);
  stage.say("shop-in", order("A"), "a");
  if (before) before(stage);
  stage.restart(to);
  const std::string snapshot = stage.row("A").snapshot;
  const auto record = *stage.store().find_case("A");
  const auto live = engine::from_record(stage.hub().snapshots().find(snapshot), record);
  std::string planned;
  for (const auto& reason :
       engine::migrated(live, stage.hub().snapshots(), stage.store(), stage.now()).reasons)
    planned += (planned.empty() ? "" : "; ") + reason;
  const auto result = migrate(stage, "A");
  BOOST_TEST(result.status == (planned.empty() ? 200 : 409));
  BOOST_TEST(result.text == planned);
  BOOST_TEST((stage.row("A").snapshot == snapshot) == !planned.empty());
  BOOST_TEST(stage.letters().empty());
  return planned;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(migration)

BOOST_AUTO_TEST_CASE(a_case_goes_over_and_its_waiting_effect_comes_back) {
  Stage stage(order_config());
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", note("A", "x"), "n1");
  const std::string first = stage.row("A").snapshot;
  stage.restart(newer());
  const std::string second = stage.hub().snapshot().hash;
  BOOST_TEST(migrate(stage, "A").status == 200);
  BOOST_TEST(stage.row("A").snapshot == second);
  BOOST_TEST(stage.audited("A", "operator", "migrate") == 1);
  BOOST_TEST(stage.audited("A", "migration", "order") == 1);
  BOOST_TEST(stage.store().find_snapshot(second).has_value());
  const auto version = stage.row("A").version;
  BOOST_TEST(migrate(stage, "A").status == 200);  // asked for twice
  BOOST_TEST(stage.row("A").version == version);
  BOOST_TEST(stage.audited("A", "migration") == 1);

  stage.say("shop-in", note("A", "y"), "n2");
  BOOST_TEST(stage.data("A", "notes") == "x;new y;");
  BOOST_TEST(stage.outbox("A", "ask-quote").at(0).snapshot == first);
  BOOST_TEST(stage.next("supplier").operation == "Quote");
  stage.wait(std::chrono::hours(1));
  BOOST_TEST(stage.store().find_snapshot(first).has_value());  // the effect needs it
  stage.delivered("supplier", quote());
  BOOST_TEST(stage.state("A") == "paying");
  stage.delivered("sms");
  stage.delivered("shop-out");
  stage.wait(std::chrono::hours(1));
  BOOST_TEST(!stage.store().find_snapshot(first).has_value());
  stage.restart(newer());
  BOOST_TEST(stage.data("A", "notes") == "x;new y;");
  BOOST_TEST(stage.letters().empty());
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused_with_its_reasons) {
  const auto changed = [](std::string_view from, std::string_view to) {
    return order_config().change(kProcess, from, to);
  };
  BOOST_TEST(refusal(order_config(), newer()).empty());
  BOOST_TEST(refusal(order_config(),
                     changed("<state id=\"asking\"", "<state id=\"inquiring\"")
                         .change(kProcess, "target=\"asking\"", "target=\"inquiring\"")) ==
             "state asking is gone");
  BOOST_TEST(refusal(order_config(), with_data("<data id=\"x\" m:type=\"text\"/>")) ==
             "data x has no default, and the case lacks it");
  BOOST_TEST(refusal(order_config(), with_data("<data id=\"x\" m:type=\"text\" expr=\"'x'\"/>"))
                 .empty());
  BOOST_TEST(refusal(with_data("<data id=\"x\" m:type=\"text\" expr=\"'x'\"/>"), order_config()) ==
             "data x is gone, and would be lost");
  BOOST_TEST(refusal(with_data("<data id=\"x\" m:type=\"text\" expr=\"'x'\"/>"),
                     with_data("<data id=\"x\" m:type=\"boolean\" expr=\"true()\"/>")) ==
             "data x is a text, and no boolean");
  BOOST_TEST(refusal(order_config(), changed("id=\"nudge\"", "id=\"prod\"")) ==
             "deadline nudge is gone");
  BOOST_TEST(
      refusal(order_config(), changed("<m:alias id=\"plate\"", "<m:alias id=\"car\"")
                                  .change("config/routes/order.xml", "<find alias=\"plate\"",
                                          "<find alias=\"car\"")) == "alias plate is gone");
  BOOST_TEST(refusal(order_config(), changed("<m:invariant id=\"whole\">",
                                             "<m:invariant id=\"noted\">$notes ne ''</m:invariant>"
                                             "<m:invariant id=\"whole\">")) ==
             "invariant noted does not hold in state asking");
}

BOOST_AUTO_TEST_CASE(what_a_waiting_effect_brings_must_be_known) {
  auto renamed = order_config();
  renamed.change("config/routes/ask-quote.xml", "<route id=\"ask-quote\"",
                 "<route id=\"ask-price\"");
  BOOST_TEST(refusal(order_config(), renamed) ==
             "effect ask-quote waits, and its route ask-quote is gone");
  auto other_event = order_config();
  other_event.change(kProcess, "<m:event name=\"quoted\">", "<m:event name=\"priced\">")
      .change(kProcess, "withdrawn quoted quote-refused", "withdrawn priced quote-refused")
      .change(kProcess, "<transition event=\"quoted\"", "<transition event=\"priced\"")
      .change("config/routes/ask-quote.xml", "event=\"quoted\"", "event=\"priced\"");
  BOOST_TEST(refusal(order_config(), other_event) ==
             "event quoted, which it waits for, is gone; "
             "effect ask-quote waits, and its event quoted is gone");
  auto more = order_config();
  more.change(kProcess, "<m:field id=\"price\" type=\"fils\" required=\"true\"/>",
              "<m:field id=\"price\" type=\"fils\" required=\"true\"/>"
              "<m:field id=\"vat\" type=\"text\" required=\"true\"/>")
      .change("mappings/order/quoted.map.xml", "<event>", "<event><vat>x</vat>");
  BOOST_TEST(refusal(order_config(), more) ==
             "effect ask-quote waits, and its event quoted comes without field vat of type text");
}

BOOST_AUTO_TEST_CASE(an_open_task_must_be_declared) {
  auto renamed = order_config();
  renamed.change(kProcess, "<m:task-type name=\"mismatch\">", "<m:task-type name=\"differs\">")
      .change(kProcess, "events=\"task.mismatch task", "events=\"task.differs task")
      .change(kProcess, "event=\"task.mismatch.settled\"", "event=\"task.differs.settled\"")
      .change(kProcess, "<m:task name=\"mismatch\"/>", "<m:task name=\"differs\"/>");
  BOOST_TEST(refusal(order_config(), renamed, [](Stage& stage) {
               stage.delivered("supplier", quote());
               const auto bill = stage.data("A", "bill");
               stage.say("pay-in", payments("E", {payment(bill, "T", "7")}));
             }) == "task mismatch is gone");
}

BOOST_AUTO_TEST_CASE(cases_that_are_over_or_not_there) {
  Stage stage(order_config());
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", withdraw("A"), "w");
  stage.restart(newer());
  BOOST_TEST(migrate(stage, "A").status == 409);
  BOOST_TEST(migrate(stage, "A").code == "case-over");
  BOOST_TEST(migrate(stage, "nobody").status == 404);
}

BOOST_AUTO_TEST_CASE(an_event_at_the_same_time_is_not_lost) {
  Stage stage(order_config());
  stage.say("shop-in", order("A"), "a");
  stage.restart(newer());
  stage.hand_in("shop-in", note("A", "x"), "n1");
  std::optional<engine::ActResult> result;
  stage.operate([](auto& operations, auto done) { operations.migrate_case("A", done); },
                [&](engine::ActResult given) { result = std::move(given); });
  stage.hand_in("shop-in", note("A", "y"), "n2");
  stage.run();
  BOOST_TEST((result && result->status == 200));
  const std::string notes = stage.data("A", "notes");
  BOOST_TEST((notes == "x;new y;" || notes == "new x;new y;"), notes);
}

BOOST_AUTO_TEST_CASE(a_hub_that_dies_before_the_turn_goes_on) {
  Stage stage(order_config());
  stage.say("shop-in", order("A"), "a");
  stage.restart(newer());
  stage.operate([](auto& operations, auto done) { operations.migrate_case("A", done); },
                [](const engine::ActResult&) {});
  stage.run_store();
  stage.crash();
  stage.start(newer());
  BOOST_TEST(stage.row("A").snapshot == stage.hub().snapshot().hash);
  BOOST_TEST(stage.audited("A", "migration") == 1);
}

BOOST_AUTO_TEST_CASE(cases_behind_come_in_pages) {
  Stage stage(order_config());
  for (const char* no : {"A", "B", "C"}) stage.say("shop-in", order(no), std::string("o") + no);
  stage.say("shop-in", withdraw("B"), "w");
  stage.restart(newer());
  stage.say("shop-in", order("D"), "oD");
  std::string keys;
  std::optional<store::SnapshotUse> after;
  for (;;) {
    const auto page = engine::cases_behind(stage.hub().snapshot(), stage.store(),
                                           after ? &*after : nullptr, 1);
    if (page.empty()) break;
    keys += page.back().case_key;
    after = page.back();
  }
  BOOST_TEST(keys == "AC");
}

BOOST_AUTO_TEST_SUITE_END()
