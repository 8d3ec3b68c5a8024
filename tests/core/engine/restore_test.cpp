// A store that was restored from a backup (ENGINE.md 18-20; core/store/FORMAT.md).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/engine/turn.h"
#include "core/store/sqlite_backup.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;
using store::OutboxState;

namespace {

constexpr const char* kPhone = "<phone>0790000000</phone>";
constexpr const char* kTaken = "2026-01-04T05:00:00Z";

void set(Stage& stage, const std::string& name, const std::string& value) {
  store::Transaction transaction;
  transaction.settings.emplace_back(name, value);
  stage.store().submit(std::move(transaction), {});
  stage.run_store();
}
/// The hub dies, and what it has stored comes back as a copy that was taken now.
void restore(Stage& stage) {
  set(stage, store::kBackupSetting, kTaken);
  stage.crash();
  stage.start();
  stage.run();
}
int pause(Stage& stage, const std::string& id, bool paused) {
  return stage.act([&](auto& act, auto done) { act.pause_endpoint(id, paused, done); }).status;
}
void resume_all(Stage& stage) {
  for (const char* id : {"supplier", "sms", "shop-out"}) BOOST_TEST(pause(stage, id, false) == 200);
}

/// A stands in `paying`: its short message waits, the shop is being told.
struct Restored {
  Stage stage;
  std::string told;  ///< id of what the shop was being told
  std::string bill;
  std::int64_t event_before = 0;
  Restored() {
    pause(stage, "sms", true);
    stage.say("shop-in", order("A", {}, kPhone), "a");
    stage.delivered("supplier", quote());
    told = stage.next("shop-out").effect_id;
    bill = stage.data("A", "bill");
    event_before = stage.row("A").event_number;
    restore(stage);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(restored_stores)

BOOST_FIXTURE_TEST_CASE(nothing_leaves_until_its_partner_is_resumed, Restored) {
  for (const char* id : {"supplier", "sms", "shop-out"}) {
    BOOST_TEST(stage.hub().pauses().endpoint(id), id);
    BOOST_TEST(stage.pending(id) == 0u, id);
  }
  BOOST_TEST(!stage.hub().pauses().endpoint("shop-in"));
  const auto restored = stage.hub().restored();
  BOOST_TEST(restored.times == 1);
  BOOST_TEST(restored.backup == kTaken);
  BOOST_TEST(stage.store().settings().count(store::kBackupSetting) == 0u);
  BOOST_TEST(stage.audited("", "operator", "restored") == 1);

  stage.say("shop-in", order("B"), "b");  // taken in as ever, and waits to be sent
  BOOST_TEST(stage.state("B") != "");
  BOOST_TEST(stage.pending("supplier") == 0u);
  BOOST_TEST(pause(stage, "supplier", false) == 200);
  BOOST_TEST(stage.pending("supplier") == 1u);
  BOOST_TEST(stage.pending("shop-out") == 0u);
  stage.restart();
  BOOST_TEST(stage.hub().restored().times == 1);
  BOOST_TEST(stage.hub().pauses().endpoint("shop-out"));
  BOOST_TEST(!stage.hub().pauses().endpoint("supplier"));
}

BOOST_FIXTURE_TEST_CASE(only_what_its_partner_knows_again_is_sent_again, Restored) {
  const auto text = stage.outbox("A", "sms").at(0);
  BOOST_TEST((text.state == OutboxState::unknown));
  BOOST_TEST(text.code == "restored");
  const auto rows = stage.store().undecided(0, stage.hub().restored().effects);
  BOOST_REQUIRE(rows.size() == 2u);
  BOOST_TEST((rows[0].state != rows[1].state));  // the text unknown, the shop's ready again
  resume_all(stage);
  BOOST_TEST(stage.pending("sms") == 0u);
  BOOST_TEST(stage.next("shop-out").effect_id == told);
}

BOOST_FIXTURE_TEST_CASE(numbers_and_ids_of_the_lost_time_are_not_given_again, Restored) {
  BOOST_TEST(event_before < 100);
  resume_all(stage);
  stage.say("shop-in", note("A", "x"), "n");
  BOOST_TEST(stage.row("A").event_number >= engine::Restore::first_event(1));
  const auto bill_after = to_paying(stage, "B", kPhone);
  BOOST_TEST(std::stoll(bill) / 10 <= 256);
  BOOST_TEST(std::stoll(bill_after) / 10 > 100'000);
  restore(stage);  // and again
  stage.say("shop-in", note("A", "more"), "n2");
  BOOST_TEST(stage.row("A").event_number >= engine::Restore::first_event(2));
}

// The hub before applied it, too: its effects have the ids that the partners know by then.
BOOST_AUTO_TEST_CASE(what_was_in_the_journal_keeps_its_ids) {
  Stage stage;
  set(stage, store::kBackupSetting, kTaken);
  stage.hand_in("shop-in", order("C"), "c");
  for (int turn = 0; turn < 10 && stage.count("journal_undone") == 0; ++turn) {
    stage.step();
    stage.run_store();
  }
  BOOST_REQUIRE(stage.count("journal_undone") == 1);
  stage.crash();
  stage.start();
  stage.run();
  BOOST_TEST(stage.row("C").event_number == 1);
  const auto rows = stage.outbox("C");
  BOOST_REQUIRE(!rows.empty());
  BOOST_TEST(rows[0].id == engine::effect_id("C", 1, 0));
  BOOST_TEST(stage.hub().restored().effects == static_cast<std::int64_t>(rows.size()));
  stage.say("shop-in", note("C", "x"), "n");
  BOOST_TEST(stage.row("C").event_number == engine::Restore::first_event(1));
}

BOOST_AUTO_TEST_CASE(a_hub_that_dies_midway_goes_on_with_it) {
  Stage stage;
  stage.say("shop-in", order("A", {}, kPhone), "a");
  set(stage, "restore.unfinished", "1");
  stage.crash();
  stage.start();
  BOOST_TEST(stage.hub().restored().times == 1);
  BOOST_TEST(!stage.hub().restored().unfinished);
}

BOOST_AUTO_TEST_CASE(a_series_keeps_numbers_behind_its_gap) {
  auto config = order_config();
  config.change("config/hub.xml", "digits=\"8\"", "digits=\"6\"");  // five and the check digit
  BOOST_CHECK_EXCEPTION(Stage{config}, std::runtime_error, [](const std::runtime_error& error) {
    return std::string(error.what()).find("write restore-gap from 0 to 50000") !=
           std::string::npos;
  });
  config.change("config/hub.xml", "digits=\"6\"", "digits=\"6\" restore-gap=\"50000\"");
  BOOST_CHECK_NO_THROW(Stage{config});
}

BOOST_AUTO_TEST_SUITE_END()
