// Lanes, and what one transaction holds (ENGINE.md 10–15, 17).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <set>

#include "core/engine/turn.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

BOOST_AUTO_TEST_SUITE(turns)

// ENGINE.md 10

BOOST_AUTO_TEST_CASE(a_case_is_suspended_while_its_commit_waits_and_its_lane_goes_on) {
  Stage stage;
  for (int n = 0; n < 40; ++n)
    stage.hand_in("shop-in", order("C" + std::to_string(n)), "o" + std::to_string(n));
  stage.run_store();
  for (int n = 0; n < 40; ++n)
    stage.hand_in("shop-in", note("C" + std::to_string(n), "x"), "n" + std::to_string(n));
  stage.run_store();
  stage.run_executor();  // every case is opened, none of them twice, none goes on
  stage.run_store();
  for (int n = 0; n < 40; ++n) {
    BOOST_TEST(stage.state("C" + std::to_string(n)) == "asking");
    BOOST_TEST(stage.data("C" + std::to_string(n), "notes") == "");
  }
  stage.run();
  for (int n = 0; n < 40; ++n) BOOST_TEST(stage.data("C" + std::to_string(n), "notes") == "x;");
}

BOOST_AUTO_TEST_CASE(a_full_lane_leaves_its_events_in_the_journal_and_reads_them_from_there) {
  auto config = order_config();
  config.change("config/hub.xml", R"(<engine refusals-audited="3"/>)",
                R"(<engine refusals-audited="3" lane-bytes="2048"/>)");
  Stage stage(config);
  stage.say("shop-in", order("A"), "m0");
  std::string expected;
  for (int n = 0; n < 600; ++n) {  // more than one window of the journal
    stage.hand_in("shop-in", note("A", std::to_string(n)), "n" + std::to_string(n));
    expected += std::to_string(n) + ";";
  }
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST(stage.data("A", "notes") == expected);
  BOOST_TEST(stage.count("journal_undone") == 0);
}

// ENGINE.md 11, 12

BOOST_AUTO_TEST_CASE(one_transaction_holds_all_of_one_event) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  const auto& attempt = stage.next("supplier");
  const std::string asked = attempt.effect_id;
  stage.answer("supplier", {connector::OutcomeKind::delivered, {}, {}, quote(), {}});
  // Case, deadlines, outbox, alias, audit and the mark, of one version.
  const auto row = stage.row("A");
  BOOST_TEST(row.version == 2);
  BOOST_TEST(row.state == "paying");
  const auto record = stage.store().find_case("A").value();
  BOOST_TEST(record.deadlines.size() == 2u);  // nudge is gone, reminder and expiry are there
  BOOST_TEST(stage.outbox("A", "sms").size() == 1u);
  BOOST_TEST(stage.outbox("A", "tell").size() == 1u);
  BOOST_TEST(stage.store().find_alias("bill", stage.data("A", "bill")).value() == "A");
  BOOST_TEST(stage.audited("A", "state", "paying") == 1);
  BOOST_TEST(stage.audited("A", "effect", "sms") == 1);
  BOOST_TEST(stage.count("journal_undone") == 0);
  const auto outcome = stage.store().find_journal(2).value();
  BOOST_TEST(outcome.effect == asked);
  BOOST_TEST(outcome.inputs.starts_with("serial bill="));
}

BOOST_AUTO_TEST_CASE(nothing_of_an_uncommitted_event_is_there_after_a_crash_and_it_applies_again) {
  Stage stage;
  stage.hand_in("shop-in", order("A"), "m1");
  stage.run_store();
  stage.run_executor();  // decided
  stage.crash();
  BOOST_TEST(stage.sent("supplier").empty());
  stage.start();
  BOOST_TEST(stage.state("A") == "asking");
  BOOST_TEST(stage.sent("supplier").size() == 1u);
  BOOST_TEST(stage.audited("A", "message", "order") == 1);
}

// ENGINE.md 13

BOOST_AUTO_TEST_CASE(effects_of_one_case_stand_beside_each_other) {
  std::set<std::string> of_case;
  std::set<std::string> rest;
  for (const char* key : {"A", "B"}) {
    for (const int event : {1, 2, 11}) {
      for (const int index : {0, 1, 10}) {
        const std::string id = engine::effect_id(key, event, index);
        BOOST_TEST(id.size() == 32u);
        BOOST_TEST(id.find_first_not_of("0123456789abcdef") == std::string::npos);
        of_case.insert(key + id.substr(0, 8));
        rest.insert(id.substr(8));
      }
    }
  }
  BOOST_TEST(of_case.size() == 2u);
  BOOST_TEST((of_case.begin()->substr(1) != of_case.rbegin()->substr(1)));
  BOOST_TEST(rest.size() == 18u);
}

BOOST_AUTO_TEST_CASE(an_effects_id_depends_on_case_event_and_index_alone) {
  Stage one, other;
  for (auto* stage : {&one, &other}) {
    stage->say("shop-in", order("A"), "m1");
    stage->say("shop-in", note("A", "fast"), "m2");
  }
  std::set<std::string> ids;
  for (const auto& row : one.outbox("A")) ids.insert(row.id);
  BOOST_TEST(ids.size() == 4u);
  for (const auto& row : other.outbox("A")) BOOST_TEST(ids.contains(row.id));
}

BOOST_AUTO_TEST_CASE(the_outbox_holds_the_document_as_it_will_be_sent_and_where_the_reply_goes_on) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  const auto rows = stage.outbox("A", "ask-quote");
  BOOST_REQUIRE(rows.size() == 1u);
  BOOST_TEST(rows[0].body == "<AskQuote>A</AskQuote>");
  BOOST_TEST(rows[0].route == "ask-quote");
  BOOST_TEST(rows[0].snapshot == stage.hub().snapshot().hash);
  BOOST_TEST(rows[0].visit == stage.row("A").visit);
  BOOST_TEST(rows[0].step > 0);
  BOOST_TEST(rows[0].headers.find("correlation-id: A") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_reply_whose_visit_is_over_runs_no_transition) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  const std::string first = stage.next("supplier").effect_id;
  stage.say("shop-in", note("A", "again"), "m2");  // asking is entered once more and asks anew
  BOOST_TEST(stage.pending("supplier") == 1u);     // in the order of the case
  stage.delivered("supplier", quote("7"));
  BOOST_TEST(stage.state("A") == "asking");
  BOOST_TEST(stage.audited("A", "late", "ask-quote") == 1);
  BOOST_TEST((stage.store().find_outbox(first)->state == store::OutboxState::delivered));
  BOOST_TEST(stage.next("supplier").effect_id != first);
  stage.delivered("supplier", quote("9"));
  BOOST_TEST(stage.state("A") == "paying");
  BOOST_TEST(stage.data("A", "amount") == "9.000");
}

// ENGINE.md 14

BOOST_AUTO_TEST_CASE(an_effect_whose_document_cannot_be_built_does_not_undo_its_event) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.say("shop-in", note("A", "label"), "m2");
  BOOST_TEST(stage.data("A", "notes") == "label;");
  const auto rows = stage.outbox("A", "label");
  BOOST_REQUIRE(rows.size() == 1u);
  BOOST_TEST((rows[0].state == store::OutboxState::failed));
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.letters()[0].effect == rows[0].id);
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.tasks("A")[0].name == "dead-letter");
  BOOST_TEST(stage.sent("supplier").size() == 1u);  // the quote only
}

BOOST_AUTO_TEST_CASE(one_that_its_schema_does_not_allow_is_not_sent_either) {
  auto config = order_config();
  config.change("mappings/order/label.map.xml", "<Label>{$case.phone}</Label>",
                "<Sticker>{$case.no}</Sticker>");
  Stage stage(config);
  stage.say("shop-in", order("A"), "m1");
  stage.say("shop-in", note("A", "label"), "m2");
  BOOST_TEST((stage.outbox("A", "label")[0].state == store::OutboxState::failed));
  BOOST_TEST(stage.outbox("A", "label")[0].code == "schema-invalid");
  BOOST_TEST(stage.letters()[0].at_step == "<Sticker>A</Sticker>");
}

BOOST_AUTO_TEST_CASE(an_essential_effect_makes_the_event_fail) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.say("shop-in", note("A", "label!"), "m2");
  BOOST_TEST(stage.data("A", "notes") == "");
  BOOST_TEST(stage.outbox("A", "label").empty());
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.letters()[0].journal != 0);
}

BOOST_AUTO_TEST_CASE(a_reply_that_cannot_be_built_makes_the_event_fail) {
  auto config = order_config();
  config.change("mappings/order/accepted.map.xml", "{$case.bill}", "{$case.phone}");
  Stage stage(config);
  const auto bill = to_paying(stage, "A");
  BOOST_TEST(stage.say("pay-in", payments("E", {payment(bill, "T", "5")}))->text() ==
             "later in-doubt");
  BOOST_TEST(stage.state("A") == "paying");
  BOOST_TEST(stage.letters().size() == 1u);
  // Not stored: a repetition gets the same, at once.
  BOOST_TEST(stage.say("pay-in", payments("E", {payment(bill, "T", "5")}))->text() ==
             "later in-doubt");
  BOOST_TEST(stage.letters().size() == 1u);
}

// ENGINE.md 16

BOOST_AUTO_TEST_CASE(two_documents_of_one_transaction_differ_in_their_version) {
  auto config = order_config();
  config.change("config/processes/order.scxml",
                R"xml(<assign location="notes" expr="concat($notes, 'nudge;')"/></m:deadline>)xml",
                R"(<m:effect name="tell" scope="case"/></m:deadline>)");
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  const auto before = stage.row("A");
  stage.set_clock(*parse_instant("2026-01-04T10:00:00Z"));
  stage.delivered("supplier", quote());  // the nudge that was due applies before it
  BOOST_TEST(stage.row("A").version == before.version + 1);
  const auto told = stage.outbox("A", "tell");
  BOOST_REQUIRE(told.size() == 2u);
  BOOST_TEST(told[0].body == "<Told><no>A</no><state>asking</state><version>2</version></Told>");
  BOOST_TEST(told[1].body == "<Told><no>A</no><state>paying</state><version>3</version></Told>");
}

// STYLE: what no code of ours has typed

namespace {

/// The test's process, with a fault in whatever is named so.
class Faulty final : public process::Definition {
 public:
  Faulty(std::shared_ptr<const process::Definition> real, std::string deadline)
      : real_(std::move(real)), deadline_(std::move(deadline)) {}

  process::Transition fire(const process::Case& before, const process::Deadline& deadline,
                           const process::Inputs& inputs) const override {
    if (deadline.name == deadline_) throw std::out_of_range("beyond the end");
    return real_->fire(before, deadline, inputs);
  }
  process::Transition open(const std::string& key, const std::string& snapshot,
                           const process::Event& event,
                           const process::Inputs& inputs) const override {
    return real_->open(key, snapshot, event, inputs);
  }
  process::Transition apply(const process::Case& before, const process::Event& event,
                            const process::Inputs& inputs) const override {
    return real_->apply(before, event, inputs);
  }
  process::Transition escalate(const process::Case& before, const std::string& task,
                               const process::Inputs& inputs) const override {
    return real_->escalate(before, task, inputs);
  }
  process::Transition answer(const process::Case& before, const std::string& task,
                             const std::string& answer,
                             const std::vector<expression::Value>& fields,
                             const process::Inputs& inputs) const override {
    return real_->answer(before, task, answer, fields, inputs);
  }
  process::Transition ask(const process::Case& before, const std::string& task,
                          const std::string& effect, const std::string& detail,
                          const process::Inputs& inputs) const override {
    return real_->ask(before, task, effect, detail, inputs);
  }
  process::Adopted adopt(const process::Definition& from, const process::Case& before,
                         const process::Inputs& inputs) const override {
    return real_->adopt(from, before, inputs);
  }
  std::vector<std::string> takes(std::string_view state) const override {
    return real_->takes(state);
  }
  const std::string& name() const override { return real_->name(); }
  const std::vector<process::EventDeclaration>& events() const override { return real_->events(); }
  const process::EventDeclaration* event(std::string_view name) const override {
    return real_->event(name);
  }
  const std::vector<process::TaskDeclaration>& tasks() const override { return real_->tasks(); }
  const std::vector<process::DataDeclaration>& data() const override { return real_->data(); }
  const std::vector<process::EffectDeclaration>& effects() const override {
    return real_->effects();
  }
  const std::vector<process::ReplyDeclaration>& replies() const override {
    return real_->replies();
  }
  const std::vector<std::pair<std::string, config::Place>>& series() const override {
    return real_->series();
  }
  int deadline_place(std::string_view name) const override { return real_->deadline_place(name); }
  bool opens_with(std::string_view event) const override { return real_->opens_with(event); }
  bool is_end(std::string_view state) const override { return real_->is_end(state); }
  std::string waits_for(std::string_view state) const override { return real_->waits_for(state); }
  std::vector<std::string> alias_names() const override { return real_->alias_names(); }
  void add_to(expression::Scope& scope) const override { real_->add_to(scope); }
  void values_of(const process::Case& value, std::vector<expression::Value>& out) const override {
    real_->values_of(value, out);
  }
  std::string encode(const process::Case& value) const override { return real_->encode(value); }
  void decode(std::string_view bytes, process::Case& out) const override {
    real_->decode(bytes, out);
  }

 private:
  std::shared_ptr<const process::Definition> real_;
  std::string deadline_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_deadline_that_throws_what_nobody_typed_is_a_dead_letter_of_its_own) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  auto live =
      engine::from_record(stage.hub().snapshots().current_one(), *stage.store().find_case("A"));
  live.definition = std::make_shared<Faulty>(live.definition, "nudge");
  store::JournalRow row;
  row.id = 99;
  row.stamp = *parse_instant("2026-01-04T10:00:00Z");
  row.case_key = "A";
  row.endpoint = "shop-in";
  row.route = "note";
  row.name = "Note";
  row.payload = note("A", "x");
  engine::SeriesSource series({}, stage.store(), {});
  engine::Turn turn({stage.hub().snapshots(), stage.store(), series}, row,
                    std::make_shared<const engine::LiveCase>(live), {});
  const auto result = turn.run();
  BOOST_TEST(!result.dead);  // the event applies
  BOOST_REQUIRE(result.transaction.dead_letters.size() == 1u);
  BOOST_TEST(result.transaction.dead_letters[0].code == "unexpected");
  BOOST_TEST(result.transaction.dead_letters[0].step == "deadline nudge");
  BOOST_TEST(result.transaction.dead_letters[0].text == "beyond the end");
  BOOST_REQUIRE(result.after);
  BOOST_TEST(result.after->value.deadlines.empty());
}

BOOST_AUTO_TEST_SUITE_END()
