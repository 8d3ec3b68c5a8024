// Cases stay on the configuration that they began with (ENGINE.md 22).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/engine/editions.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The order is quoted, told of and its message sent, all by edition `number`.
void quoted_by(Stage& stage, const std::string& no, int number) {
  BOOST_TEST(stage.next("supplier").operation == "Quote" + std::to_string(number));
  stage.delivered("supplier", quote_of(number));
  BOOST_TEST(stage.state(no) == "paying");
  BOOST_TEST(stage.next("sms").body == "<Sms>pay " + std::to_string(number) + "</Sms>");
  stage.delivered("sms");
  BOOST_TEST(has(stage.next("shop-out").body, "<edition>" + std::to_string(number) + "<"));
  stage.delivered("shop-out");
}

std::string paid(Stage& stage, const std::string& no) {
  return stage
      .say("pay-in", payments("E-" + no, {payment(stage.data(no, "bill"), "T-" + no, "5")}))
      ->text();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(snapshots)

BOOST_AUTO_TEST_CASE(old_cases_go_on_by_theirs_and_new_ones_begin_with_the_current) {
  Stage stage(edition(1));
  stage.say("shop-in", order("A"), "a");  // its quote is still to come
  const std::string first = stage.row("A").snapshot;
  stage.restart(edition(2));
  stage.say("shop-in", order("B"), "b");
  BOOST_TEST(stage.row("A").snapshot == first);
  BOOST_TEST(stage.row("B").snapshot != first);
  quoted_by(stage, "A", 1);
  quoted_by(stage, "B", 2);
  stage.say("shop-in", note("A", "x"), "na");
  stage.say("shop-in", note("B", "x"), "nb");
  // The edge is current: what it adds the old process does not know, and is left out.
  BOOST_TEST(stage.data("A", "notes") == "2/x in 1;");
  BOOST_TEST(stage.data("B", "notes") == "2/x in 2;");
  BOOST_TEST(has(stage.say("ask-in", ask("A"))->text(), "<edition>1<"));
  BOOST_TEST(has(stage.say("ask-in", ask("B"))->text(), "<edition>2<"));
  BOOST_TEST(has(paid(stage, "A"), "<edition>1</edition><bill>"));
  BOOST_TEST(has(paid(stage, "B"), "<edition>2</edition><bill>"));
  BOOST_TEST(stage.state("A") == "paid");
  BOOST_TEST(stage.letters().empty());
}

BOOST_AUTO_TEST_CASE(over_any_number_of_changes_and_crashes) {
  // With one restored configuration in memory at a time.
  const auto small = [](int number) {
    return edition(number).change("config/hub.xml", R"(<engine refusals-audited="3")",
                                  R"(<engine snapshots="1" refusals-audited="3")");
  };
  Stage stage(small(1));
  const std::vector<std::string> orders{"A", "B", "C", "D", "E"};
  for (int n = 1; n <= 5; ++n) {
    if (n > 1) {
      stage.crash();
      stage.start(small(n));
    }
    stage.say("shop-in", order(orders[static_cast<std::size_t>(n - 1)]), "o" + std::to_string(n));
  }
  BOOST_TEST(stage.store().snapshots().size() == 5u);
  for (int n = 1; n <= 5; ++n) {
    const std::string& no = orders[static_cast<std::size_t>(n - 1)];
    stage.say("shop-in", note(no, "x"), "n" + no);
    BOOST_TEST(stage.data(no, "notes") == "5/x in " + std::to_string(n) + ";");
  }
  stage.crash();
  stage.start(small(6));
  // What was under way is asked again: in the order of the orders, each by its own edition.
  for (int n = 1; n <= 5; ++n)
    BOOST_TEST(stage.outbox(orders[static_cast<std::size_t>(n - 1)], "ask-quote").at(0).operation ==
               "Quote" + std::to_string(n));
  for (int left = 5; left > 0; --left) {
    const std::string operation = stage.next("supplier").operation;
    const int number = operation.back() - '0';
    stage.delivered("supplier", quote_of(number));
  }
  for (const auto& no : orders) BOOST_TEST(stage.state(no) == "paying");
}

BOOST_AUTO_TEST_CASE(a_reply_is_judged_by_the_schema_that_the_effect_began_with) {
  Stage stage(edition(1));
  stage.say("shop-in", order("A"), "a");
  stage.restart(edition(2));
  stage.delivered("supplier", quote_of(2));  // fits the schema of today only
  BOOST_TEST(stage.state("A") == "asking");
  const auto row = stage.outbox("A", "ask-quote").at(0);
  BOOST_TEST(row.code == "schema-invalid");
  stage.wait(std::chrono::seconds(2));
  quoted_by(stage, "A", 1);
}

BOOST_AUTO_TEST_CASE(a_configuration_is_kept_in_the_commit_that_first_names_it) {
  Stage stage(edition(1));
  BOOST_TEST(stage.store().snapshots().empty());
  stage.say("shop-in", note("nobody", "x"), "n");  // refused before the journal: nothing names it
  BOOST_TEST(stage.store().snapshots().empty());
  stage.hand_in("shop-in", order("A"), "a");
  stage.hand_in("shop-in", order("B"), "b");
  stage.run_store();
  stage.run_executor();
  BOOST_TEST(stage.store().snapshots().empty());
  stage.run_store();
  BOOST_TEST((stage.store().snapshots() == std::vector<std::string>{stage.row("A").snapshot}));
  stage.restart(edition(1));
  stage.say("shop-in", order("C"), "c");
  BOOST_TEST(stage.store().snapshots().size() == 1u);
}

BOOST_AUTO_TEST_CASE(calendars_and_endpoints_are_current) {
  const auto asks = [](ConfigText config, const std::string& after, const std::string& attempts) {
    config.change("config/routes/ask-quote.xml", "task-after=\"PT2H\"",
                  "task-after=\"" + after + "\"");
    config.change("config/endpoints/supplier.xml", "attempts=\"3\"",
                  "attempts=\"" + attempts + "\"");
    config.set(
        "mappings/order/note.map.xml",
        "<mapping id=\"order/note\"><output><event><text>{/Note/text}</text></event></output>"
        "</mapping>");
    return config;
  };
  Stage stage(asks(edition(1), "P1WD", "3"));
  stage.say("shop-in", order("A"), "a");
  auto changed = asks(edition(2), "PT2H", "9");
  changed.set("config/calendars/working.xml",
              R"(<calendar id="working" zone="Asia/Amman" weekend="friday saturday">
                 <holiday date="2026-01-04"/></calendar>)");
  stage.restart(changed);
  stage.say("shop-in", note("A", "again"), "n");  // asked once more, on the holiday
  stage.delivered("supplier", quote_of(1));       // the first one's visit is over
  Instant due{};
  for (const auto& timer : stage.store().due(*parse_instant("2027-01-01T00:00:00Z"), 100)) {
    if (timer.kind == store::TimerKind::task_after) due = std::max(due, timer.due);
  }
  BOOST_TEST(format_instant(due) == "2026-01-05T21:00:00Z");
  // As often as the endpoint of today says.
  for (int n = 1; n <= 5; ++n) {
    stage.fails("supplier", connector::OutcomeKind::unknown, "no-answer");
    stage.wait(std::chrono::minutes(1));
    BOOST_TEST(stage.outbox("A", "ask-quote").back().attempts == n + 1);
  }
}

BOOST_AUTO_TEST_CASE(a_store_from_before_snapshots_were_kept) {
  Stage stage(edition(1));
  stage.say("shop-in", order("A"), "a");
  const std::string first = stage.row("A").snapshot;
  stage.crash();
  stage.forget_snapshots();
  stage.start(edition(1));  // the same configuration: from now on it is kept
  BOOST_TEST((stage.store().snapshots() == std::vector<std::string>{first}));
  stage.crash();
  stage.forget_snapshots();
  stage.start(edition(2));  // another one: the case goes on by it, as it did then
  stage.say("shop-in", note("A", "x"), "n");
  BOOST_TEST(stage.data("A", "notes") == "2/x in 2;");
}

BOOST_AUTO_TEST_CASE(a_damaged_configuration_is_not_used) {
  Stage stage(edition(1));
  const auto& snapshot = stage.hub().snapshot();
  config::Diagnostics diagnostics;
  std::string content = snapshot.content;
  BOOST_TEST(engine::Snapshot::restore(snapshot.hash, content, diagnostics)->hash == snapshot.hash);
  BOOST_CHECK_THROW(engine::Snapshot::restore("other", content, diagnostics), Error);
  content[content.size() / 2] ^= 1;
  BOOST_CHECK_THROW(engine::Snapshot::restore(snapshot.hash, content, diagnostics), Error);
  content.resize(content.size() / 2);
  BOOST_CHECK_THROW(engine::Snapshot::restore(snapshot.hash, content, diagnostics), Error);
}

BOOST_AUTO_TEST_CASE(one_that_nothing_open_needs_is_deleted) {
  Stage stage(edition(1));
  stage.say("shop-in", order("A"), "a");
  const std::string first = stage.row("A").snapshot;
  stage.restart(edition(2));
  const std::string second = stage.hub().snapshot().hash;
  stage.say("shop-in", order("B"), "b");
  const auto round = [&] { return stage.wait(std::chrono::hours(1)), stage.store().snapshots(); };
  BOOST_TEST(round().size() == 2u);
  stage.say("shop-in", withdraw("A"), "w");
  stage.set_ready("shop-out", false);
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(round().size() == 2u);  // its last effects wait
  stage.set_ready("shop-out", true);
  while (stage.pending("shop-out") > 0) stage.delivered("shop-out");
  while (stage.pending("supplier") > 0) stage.delivered("supplier", quote_of(1));
  BOOST_TEST((round() == std::vector<std::string>{second}));
  BOOST_TEST(!stage.store().find_snapshot(first));
  BOOST_TEST(stage.metric("masar_retention_removed_total", "kind", "snapshots") == 1);
  BOOST_TEST(stage.audited("", "retention", "snapshots") == 1);

  // What has ended is read, and hears, by the current one.
  BOOST_TEST(has(stage.say("ask-in", ask("A"))->text(), "<edition>2<"));
  BOOST_TEST(stage.say("shop-in", note("A", "late"), "late")->text() == "accepted");
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(stage.letters().empty());
  stage.restart(edition(3));
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(round().size() == 1u);  // B's
}

BOOST_AUTO_TEST_CASE(that_of_the_running_hub_is_never_deleted) {
  Stage stage(edition(1));
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", withdraw("A"), "w");
  while (stage.pending("shop-out") > 0) stage.delivered("shop-out");
  while (stage.pending("supplier") > 0) stage.delivered("supplier", quote_of(1));
  stage.wait(std::chrono::hours(2));
  BOOST_TEST(stage.store().snapshots().size() == 1u);
  stage.say("shop-in", order("B"), "b");
  stage.restart(edition(2));
  stage.say("shop-in", note("B", "x"), "n");
  BOOST_TEST(stage.data("B", "notes") == "2/x in 1;");
}

BOOST_AUTO_TEST_CASE(nothing_begins_to_name_one_that_is_being_deleted) {
  Stage stage(edition(1));
  stage.say("shop-in", order("A"), "a");
  const std::string first = stage.row("A").snapshot;
  stage.restart(edition(2));
  auto& snapshots = stage.hub().snapshots();
  auto held = snapshots.find(first);
  BOOST_TEST(!snapshots.begin_removal(first));  // it may be named any moment
  held.reset();
  BOOST_TEST(snapshots.begin_removal(first));
  BOOST_CHECK_EXCEPTION(snapshots.find_over(first), Error, [](const Error& error) {
    return error.kind() == ErrorKind::transient && error.code() == "snapshot-leaves";
  });
  snapshots.end_removal();
  BOOST_TEST(snapshots.find_over(first)->hash == first);
  BOOST_TEST(snapshots.find_over("gone")->hash == stage.hub().snapshot().hash);
  BOOST_CHECK_THROW(snapshots.find("gone"), Error);
}

BOOST_AUTO_TEST_SUITE_END()
