#pragma once

#include <string>
#include <vector>

#include "tests/contracts/store_bench.h"

// The contract of a store: what retention removes, and what it leaves.

namespace masar::contracts {

inline Swept sweep(Store& store, SweepKind kind, Instant before, std::string after = {},
                   std::size_t limit = 100) {
  Transaction t;
  t.sweeps = {{kind, before, std::move(after), limit}};
  return commit_ok(store, std::move(t)).swept.at(0);
}

inline void old_messages_lose_their_content(StoreBench& bench) {
  auto store = bench.open_manual();
  std::vector<RowId> ids;
  for (int i = 0; i < 5; ++i) {
    bench.clock.set(at(1000 + i));
    Transaction t = opening("A", "m" + std::to_string(i));
    if (i != 1) t.journal[0].state = JournalState::done;
    t.replies = {{0, "", "<ok/>", 0}};
    t.outbox = {outbox_row("e" + std::to_string(i), "A")};
    t.outbox[0].created = at(1000 + i);
    if (i != 1) t.outbox[0].state = OutboxState::delivered;
    ids.push_back(commit_ok(*store, std::move(t)).journal_ids.at(0));
  }
  const Swept first = sweep(*store, SweepKind::messages, at(1003), {}, 2);
  BOOST_TEST(first.removed == 1);  // what is not done stays whole
  BOOST_TEST((!first.after.empty() && first.last == first.after));
  const Swept rest = sweep(*store, SweepKind::messages, at(1003), first.after, 2);
  BOOST_TEST((rest.removed == 1 && rest.after.empty() && rest.last != first.last));
  BOOST_TEST(store->find_journal(ids[0])->payload.empty());
  BOOST_TEST(store->find_journal(ids[0])->headers.empty());
  BOOST_TEST(store->find_journal(ids[0])->message_id == "m0");
  BOOST_TEST(!store->find_journal(ids[1])->payload.empty());
  BOOST_TEST(store->find_journal(ids[2])->payload.empty());
  BOOST_TEST(!store->find_journal(ids[3])->payload.empty());

  BOOST_TEST(sweep(*store, SweepKind::effects, at(1003)).removed == 2);
  BOOST_TEST((store->find_outbox("e0")->body.empty() && store->find_outbox("e0")->headers.empty()));
  BOOST_TEST(!store->find_outbox("e1")->body.empty());
  BOOST_TEST(!store->find_outbox("e3")->body.empty());
  BOOST_TEST(sweep(*store, SweepKind::replies, at(1003)).removed == 3);
  BOOST_TEST((!store->find_reply(ids[2]) && store->find_reply(ids[3])));
}

inline void newest_rows_survive(StoreBench& bench) {
  RowId newest = 0;
  std::int64_t letter = 0;
  {
    auto store = bench.open_manual();
    for (const std::string id : {"m1", "m2", "m3"}) {
      Transaction t = opening("A", id);
      t.journal[0].state = id == "m1" ? JournalState::dead : JournalState::done;
      t.dead_letters = {dead_letter_row("A")};
      t.dead_letters[0].journal_index = 0;
      const Commit done = commit_ok(*store, std::move(t));
      newest = done.journal_ids.at(0);
      letter = done.dead_letter_ids.at(0);
    }
    Transaction dealt;
    dealt.dead_letter_states = {{letter - 2, DeadLetterState::retried},
                                {letter, DeadLetterState::discarded}};
    commit_ok(*store, std::move(dealt));
    const Instant later = bench.clock.now() + std::chrono::seconds(1);
    BOOST_TEST(sweep(*store, SweepKind::journal, later).removed == 1);  // m1 is kept for a retry
    BOOST_TEST(sweep(*store, SweepKind::dead_letters, later).removed == 2);
    BOOST_TEST(!store->find_dead_letter(letter - 2).has_value());
    BOOST_TEST(store->find_dead_letter(letter - 1).has_value());  // open
    BOOST_TEST(store->find_dead_letter(letter)->original.empty());
    BOOST_TEST(store->find_journal(newest - 2)->payload.empty());
    BOOST_TEST(sweep(*store, SweepKind::journal, later).removed == 1);
    BOOST_TEST((!store->find_journal(newest - 2) && store->find_journal(newest)));
  }
  auto store = bench.open_manual();
  Transaction t = opening("A", "m4");
  t.dead_letters = {dead_letter_row("A")};
  const Commit done = commit_ok(*store, std::move(t));
  BOOST_TEST(done.journal_ids.at(0) == newest + 1);
  BOOST_TEST(done.dead_letter_ids.at(0) == letter + 1);
}

inline void personal_content_goes_with_its_salt(StoreBench& bench) {
  auto store = bench.open_manual();
  for (int i = 0; i < 3; ++i) {
    bench.clock.set(at(1000 + i));
    Transaction t;
    t.audit = {audit_row("A", "answer")};
    t.audit[0].personal = "a name";
    commit_ok(*store, std::move(t));
  }
  BOOST_TEST(sweep(*store, SweepKind::personal, at(1002)).removed == 2);
  const auto rows = store->audit_rows(0, 10);
  BOOST_REQUIRE(rows.size() == 3u);
  BOOST_TEST((rows[1].personal.empty() && rows[1].salt.empty()));
  BOOST_TEST(rows[1].personal_digest.size() == 32u);
  BOOST_TEST((rows[2].personal == "a name" && rows[2].salt.size() == 16u));
  BOOST_TEST((rows[2].previous == rows[1].hash && rows[1].previous == rows[0].hash));
}

inline void ended_cases_go_whole(StoreBench& bench) {
  auto store = bench.open_manual();
  for (const std::string key : {"A", "B", "C", "D"}) {
    Transaction t;
    t.cases = {case_row(key, 1)};
    if (key != "B") t.cases[0].ended = at(key == "C" ? 9000 : 5000);
    t.aliases = {alias_row("bill", "bill-" + key, key)};
    t.tasks = {task_row("t-" + key, key)};
    if (key != "D") {  // D still asks somebody
      t.tasks[0].state = TaskState::answered;
      t.tasks[0].ended = at(4500);
    }
    t.outbox = {outbox_row("e-" + key, key)};
    t.outbox[0].state = OutboxState::delivered;
    commit_ok(*store, std::move(t));
  }
  const Swept first = sweep(*store, SweepKind::cases, at(6000), {}, 2);
  BOOST_TEST((first.removed == 1 && first.after == "B"));
  const Swept rest = sweep(*store, SweepKind::cases, at(6000), first.after, 3);
  BOOST_TEST((rest.removed == 0 && rest.after.empty()));
  BOOST_TEST(!store->find_case("A").has_value());
  BOOST_TEST(!store->find_alias("bill", "bill-A").has_value());
  BOOST_TEST(store->cases({"PLATE-A", "", "", 10}).empty());
  BOOST_TEST(!store->find_task("t-A").has_value());
  BOOST_TEST(!store->find_outbox("e-A").has_value());
  for (const std::string key : {"B", "C", "D"}) {
    BOOST_TEST(store->find_case(key).has_value());
    BOOST_TEST(store->find_alias("bill", "bill-" + key).has_value());
    BOOST_TEST(store->cases({"PLATE-" + key, "", "", 10}).size() == 1u);
  }
}

inline void expired_keys_go(StoreBench& bench) {
  auto store = bench.open_manual();
  for (int i = 0; i < 5; ++i) {
    Transaction t = opening("A", "m" + std::to_string(i));
    t.keys[0].expires = at(i % 2 == 0 ? 2'000'000 : 3'000'000);
    commit_ok(*store, std::move(t));
  }
  const Swept first = sweep(*store, SweepKind::keys, at(2'000'000), {}, 3);
  BOOST_TEST((first.removed == 2 && !first.after.empty()));
  const Swept rest = sweep(*store, SweepKind::keys, at(2'000'000), first.after, 3);
  BOOST_TEST((rest.removed == 1 && rest.after.empty()));
  BOOST_TEST(!store->find_key("front-in", "message-id", "m4").has_value());
  BOOST_TEST(store->find_key("front-in", "message-id", "m3").has_value());
}

inline void snapshots_go_that_nothing_open_names(StoreBench& bench) {
  auto store = bench.open_manual();
  const std::vector<std::string> needed{"case", "effect", "event", "outcome", "letter", "late"};
  const std::vector<std::string> over{"ended", "sent", "done", "dealt-with", "nobody's"};
  Transaction t;
  for (const auto& hash : needed) t.snapshots.push_back({hash, "content", {}});
  for (const auto& hash : over) t.snapshots.push_back({hash, "content", {}});
  t.snapshots.push_back({"asked", "content", {}});
  t.cases = {case_row("A", 1), case_row("B", 1), case_row("C", 1)};
  t.cases[0].snapshot = "case";
  t.cases[1].snapshot = "ended";
  t.cases[2].snapshot = "asked";  // ended, and somebody is still asked about it
  t.cases[1].ended = t.cases[2].ended = at(9);
  t.tasks = {task_row("t", "C")};
  t.outbox = {outbox_row("o1", "A"), outbox_row("o2", "A"), outbox_row("o3", "A"),
              outbox_row("o4", "A")};
  for (auto& row : t.outbox) row.state = OutboxState::delivered;
  t.outbox[0].state = OutboxState::sending;
  t.outbox[0].snapshot = "effect";
  t.outbox[1].snapshot = "sent";
  t.outbox[2].snapshot = "outcome";  // what came of it has yet to be applied
  t.outbox[3].snapshot = "late";     // the same, and it is kept for a retry
  t.journal = {journal_row("A", "m1"), journal_row("A", "m2"), journal_row("A", "m3"),
               journal_row("A", "m4")};
  t.journal[0].snapshot = "event";
  t.journal[1].snapshot = "done";
  t.journal[2].effect = "o3";
  t.journal[3].effect = "o4";
  t.journal[1].state = JournalState::done;
  t.journal[3].state = JournalState::dead;
  t.dead_letters = {dead_letter_row("A"), dead_letter_row("A"), dead_letter_row("A")};
  t.dead_letters[0].snapshot = "letter";
  t.dead_letters[1].snapshot = "dealt-with";
  t.dead_letters[2].journal_index = 3;
  const auto letters = commit_ok(*store, std::move(t)).dead_letter_ids;
  Transaction dealt;
  dealt.dead_letter_states = {{letters[1], DeadLetterState::retried}};
  commit_ok(*store, std::move(dealt));

  const auto goes = [&](const std::string& hash) {
    Transaction one;
    one.sweeps = {{SweepKind::snapshots, {}, {}, 1, hash}};
    const auto removed = commit_ok(*store, std::move(one)).swept.at(0).removed;
    BOOST_TEST((removed == 1) != store->find_snapshot(hash).has_value());
    return removed == 1;
  };
  for (const auto& hash : needed) BOOST_TEST(!goes(hash), hash);
  for (const auto& hash : over) BOOST_TEST(goes(hash), hash);
  BOOST_TEST(!goes("asked"));
  BOOST_TEST(store->snapshots().size() == needed.size() + 1);
  Transaction nobody;
  nobody.sweeps = {{SweepKind::snapshots, {}, {}, 1, "nobody's"}};
  BOOST_TEST(commit_ok(*store, std::move(nobody)).swept.at(0).removed == 0);
}

}  // namespace masar::contracts
