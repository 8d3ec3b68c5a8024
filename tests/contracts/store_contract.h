#pragma once

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/manual.h"
#include "core/store/store.h"
#include "tests/contracts/store_rows.h"

// What every store must do (core/store/store.h, ENGINE.md 6, 11, 17), whatever it stands on. A store's tests
// make a StoreBench that opens it, and run every case of MASAR_STORE_CONTRACT on a new one.

namespace masar::contracts {

using namespace store;

/// Opens the store under test: the first time an empty one, later the same again. The clock is the bench's.
struct StoreBench {
  /// `writer_thread`: whether the store commits on its own thread.
  std::function<std::unique_ptr<Store>(const BusinessClock& clock, bool writer_thread)> open;
  ManualBusinessClock clock{at(1'000'000)};

  std::unique_ptr<Store> open_manual() { return open(clock, false); }
};

/// Submits one transaction to a store without a writer thread and commits it.
inline Commit commit(Store& store, Transaction transaction) {
  Commit result;
  int calls = 0;
  store.submit(std::move(transaction), [&](const Commit& commit) {
    result = commit;
    ++calls;
  });
  BOOST_TEST(calls == 0);
  store.run_writer();
  BOOST_REQUIRE(calls == 1);
  return result;
}

inline Commit commit_ok(Store& store, Transaction transaction) {
  Commit result = commit(store, std::move(transaction));
  BOOST_REQUIRE_MESSAGE(result.status == CommitStatus::committed,
                        result.conflict << ' ' << result.conflict_value << result.error);
  return result;
}

inline Transaction opening(const std::string& key, const std::string& message_id) {
  Transaction t;
  t.journal = {journal_row(key, message_id)};
  t.keys = {key_row(message_id, at(9'000'000))};
  t.audit = {audit_row(key, "message")};
  return t;
}

inline void journal_row_comes_back_whole(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction t = opening("A-1", "m1");
  JournalRow& given = t.journal[0];
  given.kind = JournalKind::outcome;
  given.payload = std::string("\0payload\xff with NUL\0", 19);
  given.effect = "effect-1";
  given.serial = 7;
  given.origin = 3;
  given.envelope = 2;
  given.part = 4;
  given.parts = 6;
  given.owes_reply = true;
  given.attempts = 2;
  const JournalRow expected = given;
  const Commit done = commit_ok(*store, std::move(t));
  BOOST_REQUIRE(done.journal_ids.size() == 1);
  BOOST_TEST((done.stamps == std::vector<Instant>{bench.clock.now()}));

  const auto row = store->find_journal(done.journal_ids[0]);
  BOOST_REQUIRE(row.has_value());
  BOOST_TEST(row->id == done.journal_ids[0]);
  BOOST_TEST((row->stamp == bench.clock.now()));
  BOOST_TEST((row->kind == JournalKind::outcome && row->state == JournalState::undone));
  BOOST_TEST(row->partition == expected.partition);
  BOOST_TEST(row->case_key == expected.case_key);
  BOOST_TEST(row->endpoint == expected.endpoint);
  BOOST_TEST(row->route == expected.route);
  BOOST_TEST(row->name == expected.name);
  BOOST_TEST(row->sender == expected.sender);
  BOOST_TEST(row->message_id == expected.message_id);
  BOOST_TEST(row->headers == expected.headers);
  BOOST_TEST(row->payload == expected.payload);
  BOOST_TEST(row->payload.size() == 19u);
  BOOST_TEST(row->snapshot == expected.snapshot);
  BOOST_TEST(row->effect == expected.effect);
  BOOST_TEST(row->serial == 7);
  BOOST_TEST(row->origin == 3);
  BOOST_TEST(row->envelope == 2);
  BOOST_TEST(row->part == 4);
  BOOST_TEST(row->parts == 6);
  BOOST_TEST(row->owes_reply);
  BOOST_TEST(row->attempts == 2);
  BOOST_TEST(!store->find_journal(done.journal_ids[0] + 1).has_value());
}

inline void undone_rows_in_windows(StoreBench& bench) {
  auto store = bench.open_manual();
  std::vector<RowId> ids;
  for (int i = 0; i < 5; ++i) {
    const std::string key = i % 2 == 0 ? "A" : "B";
    ids.push_back(commit_ok(*store, opening(key, "m" + std::to_string(i))).journal_ids.at(0));
  }
  BOOST_TEST(std::is_sorted(ids.begin(), ids.end()));
  Transaction marks;
  marks.marks = {{ids[1], JournalState::done, std::string("in\0puts", 7)},
                 {ids[2], JournalState::dead, ""}};
  marks.attempts_counted = {ids[0], ids[0]};
  commit_ok(*store, std::move(marks));

  const auto seen = [&](RowId after, std::size_t limit, const char* key) {
    std::vector<RowId> found;
    for (const JournalRow& row : store->undone(after, limit, key)) found.push_back(row.id);
    return found;
  };
  BOOST_TEST((seen(0, 10, "") == std::vector{ids[0], ids[3], ids[4]}));
  BOOST_TEST((seen(0, 2, "") == std::vector{ids[0], ids[3]}));
  BOOST_TEST((seen(ids[3], 2, "") == std::vector{ids[4]}));
  BOOST_TEST((seen(0, 10, "A") == std::vector{ids[0], ids[4]}));
  BOOST_TEST((seen(ids[0], 10, "A") == std::vector{ids[4]}));
  BOOST_TEST((seen(0, 10, "B") == std::vector{ids[3]}));
  const auto seen_in = [&](int partition, RowId after, std::size_t limit) {
    std::vector<RowId> found;
    for (const JournalRow& row : store->undone_in(partition, after, limit)) found.push_back(row.id);
    return found;
  };
  BOOST_TEST(partition_of("A") != partition_of("B"));
  BOOST_TEST((seen_in(partition_of("A"), 0, 10) == std::vector{ids[0], ids[4]}));
  BOOST_TEST((seen_in(partition_of("A"), ids[0], 10) == std::vector{ids[4]}));
  BOOST_TEST((seen_in(partition_of("A"), 0, 1) == std::vector{ids[0]}));
  BOOST_TEST((seen_in(partition_of("B"), 0, 10) == std::vector{ids[3]}));
  BOOST_TEST(store->find_journal(ids[1])->inputs == std::string("in\0puts", 7));
  BOOST_TEST((store->find_journal(ids[2])->state == JournalState::dead));
  BOOST_TEST(store->find_journal(ids[0])->attempts == 2);
}

inline void parts_know_their_envelope(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction t;
  for (int part = 0; part < 3; ++part) {
    JournalRow row = journal_row("P-" + std::to_string(part), "envelope");
    row.part = part;
    row.parts = 3;
    t.journal.push_back(row);
  }
  t.journal.push_back(journal_row("W", "whole"));
  const Commit done = commit_ok(*store, std::move(t));
  const RowId envelope = done.journal_ids.at(0);

  Transaction anew;  // the second part, journaled anew
  anew.journal = {journal_row("P-9", "envelope")};
  anew.journal[0].part = 1;
  anew.journal[0].parts = 3;
  anew.journal[0].envelope = envelope;
  anew.journal[0].origin = done.journal_ids[1];
  const RowId again = commit_ok(*store, std::move(anew)).journal_ids.at(0);

  std::vector<RowId> found;
  for (const JournalRow& row : store->journal_parts(envelope)) found.push_back(row.id);
  BOOST_TEST((found == std::vector{envelope, done.journal_ids[1], again, done.journal_ids[2]}));
  BOOST_TEST(store->find_journal(done.journal_ids[3])->envelope == 0);
  BOOST_TEST(store->journal_parts(done.journal_ids[3]).empty());
}

inline void key_of_a_duplicate_is_a_conflict(StoreBench& bench) {
  auto store = bench.open_manual();
  const Commit first = commit_ok(*store, opening("A", "m1"));
  const Commit second = commit(*store, opening("A", "m1"));
  BOOST_TEST((second.status == CommitStatus::conflict));
  BOOST_TEST(second.conflict == "key");
  BOOST_TEST(second.conflict_name == "message-id");
  BOOST_TEST(second.conflict_value == "m1");
  BOOST_TEST(second.journal_ids.empty());
  BOOST_TEST(store->undone(0, 10).size() == 1u);
  BOOST_TEST(store->timeline("A", 0, 10).size() == 1u);

  const auto key = store->find_key("front-in", "message-id", "m1");
  BOOST_REQUIRE(key.has_value());
  BOOST_TEST(key->journal == first.journal_ids[0]);
  BOOST_TEST(key->digest == "digest-of-m1");
  BOOST_TEST((key->expires == at(9'000'000)));
  BOOST_TEST(!store->find_key("front-in", "message-id", "m2").has_value());
  BOOST_TEST(!store->find_key("front-in", "other", "m1").has_value());

  bench.clock.set(at(9'000'000));  // kept long enough: the key may come again
  const Commit later = commit_ok(*store, opening("A", "m1"));
  BOOST_TEST(store->find_key("front-in", "message-id", "m1")->journal == later.journal_ids[0]);
}

inline void conflict_inside_a_group_leaves_neighbours(StoreBench& bench) {
  auto store = bench.open_manual();
  std::vector<std::pair<std::string, CommitStatus>> seen;
  std::vector<RowId> ids;
  for (const std::string id : {"m1", "m2", "m1", "m3"}) {
    store->submit(opening("A", id), [&, id](const Commit& c) {
      seen.emplace_back(id, c.status);
      ids.insert(ids.end(), c.journal_ids.begin(), c.journal_ids.end());
    });
  }
  BOOST_TEST(store->run_writer() == 4u);
  BOOST_REQUIRE(seen.size() == 4u);
  BOOST_TEST((seen[0].second == CommitStatus::committed && seen[1].second == CommitStatus::committed));
  BOOST_TEST((seen[2].first == "m1" && seen[2].second == CommitStatus::conflict));
  BOOST_TEST((seen[3].first == "m3" && seen[3].second == CommitStatus::committed));
  BOOST_TEST(store->undone(0, 10).size() == 3u);
  BOOST_TEST(store->timeline("A", 0, 10).size() == 3u);
  // What was undone leaves no gap that an auditor would take for a deletion.
  BOOST_TEST((ids == std::vector<RowId>{ids[0], ids[0] + 1, ids[0] + 2}));
}

inline void case_versions_exclude_each_other(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction open;
  open.cases = {case_row("A-1", 1)};
  commit_ok(*store, open);
  const Commit again = commit(*store, open);
  BOOST_TEST((again.status == CommitStatus::conflict));
  BOOST_TEST(again.conflict == "case");
  BOOST_TEST(again.conflict_value == "A-1");

  Transaction change;
  change.cases = {case_row("A-1", 2)};
  change.cases[0].state = "over";
  change.cases[0].ended = at(7000);
  change.cases[0].search = {{"plate", "OTHER"}};
  commit_ok(*store, change);
  BOOST_TEST(commit(*store, change).conflict == "case");
  Transaction unknown;
  unknown.cases = {case_row("A-2", 5)};
  BOOST_TEST(commit(*store, unknown).conflict_value == "A-2");

  const auto record = store->find_case("A-1");
  BOOST_REQUIRE(record.has_value());
  const CaseRow expected = case_row("A-1", 2);
  BOOST_TEST(record->row.key == "A-1");
  BOOST_TEST(record->row.partition == expected.partition);
  BOOST_TEST(record->row.process == expected.process);
  BOOST_TEST(record->row.snapshot == expected.snapshot);
  BOOST_TEST(record->row.state == "over");
  BOOST_TEST(record->row.version == 2);
  BOOST_TEST(record->row.event_number == 12);
  BOOST_TEST(record->row.visit == 4);
  BOOST_TEST((record->row.opened == at(1000) && record->row.since == at(2000)));
  BOOST_TEST((record->row.ended == at(7000)));
  BOOST_TEST(record->row.data == expected.data);
  BOOST_TEST((record->row.service_time == Duration(std::chrono::minutes(90))));
  BOOST_TEST((record->row.search == change.cases[0].search));
  BOOST_TEST(!store->find_case("A-2").has_value());
}

inline void cases_are_found_and_paged(StoreBench& bench) {
  auto store = bench.open_manual();
  for (const char* key : {"C", "A", "D", "B"}) {
    Transaction t;
    t.cases = {case_row(key, 1)};
    t.cases[0].search.emplace_back("owner", "9627A");  // the phone of A, in another field
    if (*key == 'D') t.cases[0].state = "over";
    commit_ok(*store, std::move(t));
  }
  const auto keys = [&](CaseFilter filter) {
    std::string found;
    for (const CaseRow& row : store->cases(filter)) found += row.key;
    return found;
  };
  BOOST_TEST(keys({}) == "ABCD");
  BOOST_TEST(keys({"", "", "A", 2}) == "BC");
  BOOST_TEST(keys({"", "waiting", "", 50}) == "ABC");
  BOOST_TEST(keys({"", "waiting", "B", 50}) == "C");
  BOOST_TEST(keys({"B", "", "", 50}) == "B");
  BOOST_TEST(keys({"PLATE-C", "", "", 50}) == "C");
  BOOST_TEST(keys({"9627A", "", "", 50}) == "ABCD");
  BOOST_TEST(keys({"9627A", "over", "", 50}) == "D");
  BOOST_TEST(keys({"9627A", "", "B", 1}) == "C");
  BOOST_TEST(keys({"nothing", "", "", 50}).empty());

  Transaction change;
  change.cases = {case_row("C", 2)};
  change.cases[0].search = {{"plate", "NEW"}};
  commit_ok(*store, std::move(change));
  BOOST_TEST(keys({"PLATE-C", "", "", 50}).empty());
  BOOST_TEST(keys({"NEW", "", "", 50}) == "C");
}

inline void living_alias_is_unique(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction take;
  take.aliases = {alias_row("sketch", "S-1", "A"), alias_row("bill", "77", "A")};
  commit_ok(*store, take);
  commit_ok(*store, take);  // its own case may take it again

  Transaction other;
  other.cases = {case_row("B", 1)};
  other.aliases = {alias_row("sketch", "S-1", "B")};
  const Commit refused = commit(*store, other);
  BOOST_TEST((refused.status == CommitStatus::conflict));
  BOOST_TEST(refused.conflict == "alias");
  BOOST_TEST(refused.conflict_name == "sketch");
  BOOST_TEST(refused.conflict_value == "S-1");
  BOOST_TEST(!store->find_case("B").has_value());
  BOOST_TEST(store->find_alias("sketch", "S-1").value_or("") == "A");
  BOOST_TEST(!store->find_alias("bill", "S-1").has_value());

  Transaction end;
  end.aliases_ended = {{"sketch", "A"}};
  commit_ok(*store, std::move(end));
  BOOST_TEST(!store->find_alias("sketch", "S-1").has_value());
  BOOST_TEST(store->find_alias("bill", "77").value_or("") == "A");
  commit_ok(*store, std::move(other));
  BOOST_TEST(store->find_alias("sketch", "S-1").value_or("") == "B");
}

inline void timers_come_in_order(StoreBench& bench) {
  auto store = bench.open_manual();
  BOOST_TEST(!store->next_due().has_value());
  Transaction t;
  t.cases = {case_row("A", 1)};
  t.timers = {timer_row(TimerKind::deadline, "A", "late", 1, at(300)),
              timer_row(TimerKind::deadline, "A", "second", 2, at(200), 1),
              timer_row(TimerKind::task, "A", "task-1", 0, at(100)),
              timer_row(TimerKind::deadline, "A", "first", 3, at(200), 0),
              timer_row(TimerKind::not_after, "B", "effect-1", 0, at(400))};
  commit_ok(*store, std::move(t));
  const auto names = [](const std::vector<TimerRow>& rows) {
    std::string all;
    for (const TimerRow& row : rows) all += row.name + ' ';
    return all;
  };
  BOOST_TEST((store->next_due() == at(100)));
  BOOST_TEST(names(store->due(at(299), 10)) == "task-1 first second ");
  BOOST_TEST(names(store->due(at(300), 10)) == "task-1 first second late ");
  BOOST_TEST(names(store->due(at(300), 2)) == "task-1 first ");
  BOOST_TEST(store->due(at(99), 10).empty());
  const auto record = store->find_case("A");
  BOOST_TEST(names(record->deadlines) == "first second late ");
  BOOST_TEST((record->deadlines[1].kind == TimerKind::deadline && record->deadlines[1].serial == 2));
  BOOST_TEST((record->deadlines[1].due == at(200) && record->deadlines[1].order == 1));
  BOOST_TEST((record->deadlines[1].visit == 5 && record->deadlines[1].partition == partition_of("A")));

  Transaction clear;  // cleared before set: the same name with another serial stays
  clear.timers_cleared = {timer_row(TimerKind::deadline, "A", "late", 1, {}),
                          timer_row(TimerKind::deadline, "A", "first", 99, {}),
                          timer_row(TimerKind::task, "A", "task-1", 0, {})};
  clear.timers = {timer_row(TimerKind::deadline, "A", "late", 4, at(500)),
                  timer_row(TimerKind::deadline, "A", "second", 2, at(150))};
  commit_ok(*store, std::move(clear));
  BOOST_TEST(names(store->due(at(999), 10)) == "second first effect-1 late ");
  BOOST_TEST((store->next_due() == at(150)));
}

inline void tasks_open_and_end(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction t;
  t.cases = {case_row("A", 1)};
  t.tasks = {task_row("t2", "A"), task_row("t1", "A"), task_row("t3", "B")};
  commit_ok(*store, t);
  Transaction answered;
  answered.tasks = {task_row("t2", "A")};
  answered.tasks[0].state = TaskState::answered;
  answered.tasks[0].answer = "settled";
  answered.tasks[0].ended = at(3500);
  commit_ok(*store, answered);

  const auto ids = [](const std::vector<TaskRow>& rows) {
    std::string all;
    for (const TaskRow& row : rows) all += row.id;
    return all;
  };
  BOOST_TEST(ids(store->tasks(std::nullopt, "", "", 10)) == "t1t2t3");
  BOOST_TEST(ids(store->tasks(std::nullopt, "", "t1", 1)) == "t2");
  BOOST_TEST(ids(store->tasks(TaskState::open, "", "", 10)) == "t1t3");
  BOOST_TEST(ids(store->tasks(TaskState::answered, "", "", 10)) == "t2");
  BOOST_TEST(ids(store->tasks(std::nullopt, "A", "", 10)) == "t1t2");
  BOOST_TEST(ids(store->tasks(TaskState::open, "A", "", 10)) == "t1");
  BOOST_TEST(ids(store->find_case("A")->tasks) == "t1");
  const auto task = store->find_task("t2");
  BOOST_REQUIRE(task.has_value());
  BOOST_TEST((task->case_key == "A" && task->name == "look" && task->until == "done refused"));
  BOOST_TEST((task->asked == at(3000) && task->due == at(9000) && task->ended == at(3500)));
  BOOST_TEST((task->effect == "effect-9" && task->detail == "what to look at" && task->visit == 4));
  BOOST_TEST((task->answer == "settled" && task->partition == partition_of("A")));
  BOOST_TEST(!store->find_task("t1")->ended.has_value());
  BOOST_TEST(!store->find_task("t9").has_value());
}

inline void outbox_keeps_order_and_states(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction t;
  t.outbox = {outbox_row("e2", "A"), outbox_row("e1", "A"), outbox_row("e3", "B", "other")};
  const Commit done = commit_ok(*store, t);
  BOOST_REQUIRE(done.outbox_sequences.size() == 3u);
  BOOST_TEST(std::is_sorted(done.outbox_sequences.begin(), done.outbox_sequences.end()));

  Transaction again;  // applied again, it is the same row
  again.outbox = {outbox_row("e1", "A"), outbox_row("e4", "A")};
  again.outbox[0].body = "changed";
  const Commit second = commit_ok(*store, std::move(again));
  BOOST_TEST(second.outbox_sequences.at(0) == done.outbox_sequences[1]);
  BOOST_TEST(second.outbox_sequences.at(1) > done.outbox_sequences[2]);

  const auto row = store->find_outbox("e1");
  const OutboxRow expected = outbox_row("e1", "A");
  BOOST_REQUIRE(row.has_value());
  BOOST_TEST((row->body == expected.body && row->headers == expected.headers));
  BOOST_TEST((row->effect == "inquire" && row->endpoint == "registry" && row->operation == "Inquire"));
  BOOST_TEST((row->route == "inquire" && row->step == 3 && row->snapshot == "snapshot-1"));
  BOOST_TEST((row->case_key == "A" && row->case_version == 2 && row->visit == 4));
  BOOST_TEST((row->created == at(4000) && row->not_after == at(8000) && row->changed == at(4000)));
  BOOST_TEST((row->state == OutboxState::ready && row->attempts == 0 && row->report.empty()));
  BOOST_TEST(row->partition == partition_of("A"));

  Transaction sending;
  sending.outbox_updates = {outbox_update("e2", {OutboxState::ready}, OutboxState::sending)};
  commit_ok(*store, sending);
  const Commit refused = commit(*store, sending);
  BOOST_TEST((refused.status == CommitStatus::conflict));
  BOOST_TEST((refused.conflict == "outbox" && refused.conflict_value == "e2"));

  const auto ids = [](const std::vector<OutboxRow>& rows) {
    std::string all;
    for (const OutboxRow& r : rows) all += r.id;
    return all;
  };
  BOOST_TEST(ids(store->waiting("registry", 0, 10)) == "e2e1e4");
  BOOST_TEST(ids(store->waiting("registry", done.outbox_sequences[0], 1)) == "e1");
  Transaction outcome;
  outcome.outbox_updates = {outbox_update("e2", {OutboxState::ready, OutboxState::sending},
                                          OutboxState::rejected)};
  outcome.outbox_updates[0].report = "failed";
  commit_ok(*store, outcome);
  BOOST_TEST(ids(store->waiting("registry", 0, 10)) == "e1e4");
  BOOST_TEST(ids(store->waiting("other", 0, 10)) == "e3");
  BOOST_TEST(ids(store->outbox_of("A")) == "e2e1e4");
  outcome.outbox_updates = {outbox_update("e2", {OutboxState::rejected}, OutboxState::delivered)};
  commit_ok(*store, outcome);
  const auto ended = store->find_outbox("e2");
  BOOST_TEST((ended->state == OutboxState::delivered && ended->attempts == 2));
  BOOST_TEST((ended->code == "NOT_FOUND" && ended->text == "the registry does not know it"));
  BOOST_TEST((ended->reply == "<fault/>" && ended->report == "failed"));  // empty: unchanged
  BOOST_TEST((ended->changed == bench.clock.now()));
  BOOST_TEST(!store->find_outbox("e9").has_value());
}

inline void replies_dead_letters_and_audit(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction t = opening("A", "m1");
  t.journal.push_back(journal_row("A", "m2"));
  ReplyRow reply;
  reply.journal_index = 1;
  reply.body = std::string("<ok>\0</ok>", 10);
  t.replies = {reply};
  t.dead_letters = {dead_letter_row("A")};
  t.dead_letters[0].journal_index = 1;
  t.audit.push_back(audit_row("A", "dead"));
  t.audit.back().at = at(5);
  t.audit.back().journal_index = 1;
  t.audit.push_back(audit_row("", "refused"));
  const Commit done = commit_ok(*store, std::move(t));

  const auto stored = store->find_reply(done.journal_ids.at(1));
  BOOST_REQUIRE(stored.has_value());
  BOOST_TEST((stored->journal == done.journal_ids[1] && stored->code.empty()));
  BOOST_TEST(stored->body == reply.body);
  BOOST_TEST(!store->find_reply(done.journal_ids[0]).has_value());

  const auto letter = store->find_dead_letter(done.dead_letter_ids.at(0));
  const DeadLetterRow expected = dead_letter_row("A");
  BOOST_REQUIRE(letter.has_value());
  BOOST_TEST((letter->journal == done.journal_ids[1] && letter->at == bench.clock.now()));
  BOOST_TEST((letter->case_key == "A" && letter->effect == "effect-1" && letter->step == "map"));
  BOOST_TEST((letter->endpoint == "front-in" && letter->route == "intake"));
  BOOST_TEST((letter->code == "unset-value" && letter->text == expected.text));
  BOOST_TEST((letter->fingerprint == "f00d" && letter->snapshot == "snapshot-1"));
  BOOST_TEST((letter->original == expected.original && letter->at_step == "<y/>"));
  BOOST_TEST((letter->attempts == 5 && letter->state == DeadLetterState::open));
  BOOST_TEST(store->dead_letters(DeadLetterState::open, 0, 10).size() == 1u);
  Transaction discard;
  discard.dead_letter_states = {{letter->id, DeadLetterState::discarded}};
  commit_ok(*store, std::move(discard));
  BOOST_TEST(store->dead_letters(DeadLetterState::open, 0, 10).empty());
  BOOST_TEST(store->dead_letters(std::nullopt, 0, 10).size() == 1u);
  BOOST_TEST(store->dead_letters(std::nullopt, letter->id, 10).empty());

  const auto steps = store->timeline("A", 0, 10);
  BOOST_REQUIRE(steps.size() == 2u);
  BOOST_TEST((steps[0].kind == "message" && steps[0].at == bench.clock.now()));
  BOOST_TEST((steps[1].at == at(5) && steps[1].journal == done.journal_ids[1]));
  BOOST_TEST((steps[1].name == "t:Opened" && steps[1].state == "waiting" && steps[1].version == 3));
  BOOST_TEST((steps[1].reference == "ref-1" && steps[1].text == "taken in"));
  BOOST_TEST(steps[0].partition == partition_of("A"));
  BOOST_TEST(store->timeline("A", steps[0].id, 10).size() == 1u);
  BOOST_TEST(store->timeline("A", 0, 1).size() == 1u);
  BOOST_TEST(store->timeline("", 0, 10).size() == 1u);
}

inline void settings_series_and_counts(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction t = opening("A", "m1");
  t.cases = {case_row("A", 1)};
  t.outbox = {outbox_row("e1", "A"), outbox_row("e2", "A")};
  t.outbox_updates = {outbox_update("e2", {OutboxState::ready}, OutboxState::sending)};
  t.tasks = {task_row("t1", "A")};
  t.dead_letters = {dead_letter_row("A")};
  t.timers = {timer_row(TimerKind::deadline, "A", "late", 1, at(300))};
  t.settings = {{"paused.x", "yes"}, {"clock", "5"}};
  t.series = {{"bills", 3}, {"bills", 1}, {"other", 10}};
  BOOST_TEST((commit_ok(*store, t).series_first == std::vector<std::int64_t>{1, 4, 1}));
  BOOST_TEST((commit(*store, t).conflict == "key"));  // and takes no number
  Transaction more;
  more.series = {{"bills", 1}};
  more.settings = {{"paused.x", ""}, {"clock", "6"}};
  BOOST_TEST((commit_ok(*store, std::move(more)).series_first == std::vector<std::int64_t>{5}));
  BOOST_TEST((store->settings() == std::map<std::string, std::string>{{"clock", "6"}}));

  auto counts = store->counts();
  for (const char* name : {"journal_undone", "outbox_ready", "outbox_sending", "cases_open",
                           "tasks_open", "dead_letters_open", "timers"}) {
    BOOST_TEST(counts[name] == 1, name);
  }
}

inline void stamps_never_go_back(StoreBench& bench) {
  auto store = bench.open_manual();
  const Instant noon = bench.clock.now();
  const Commit first = commit_ok(*store, opening("A", "m1"));
  const Commit same = commit_ok(*store, opening("A", "m2"));
  BOOST_TEST((first.stamp == noon && same.stamp == noon));  // a clock that stands still stands still
  bench.clock.advance(std::chrono::hours(-24));
  BOOST_TEST((commit_ok(*store, opening("A", "m3")).stamp == noon));
  BOOST_TEST((commit_ok(*store, {}).stamp == noon));

  bench.clock.set(noon + std::chrono::seconds(1));
  Transaction audit_only;  // its stamp counts although it has no journal row
  audit_only.audit = {audit_row("A", "operator")};
  commit_ok(*store, std::move(audit_only));
  store.reset();
  bench.clock.set(noon);
  store = bench.open_manual();
  const Commit after = commit_ok(*store, opening("A", "m4"));
  BOOST_TEST((after.stamp == noon + std::chrono::seconds(1)));
  BOOST_TEST(after.journal_ids.at(0) > same.journal_ids.at(0));
}

inline void everything_survives_a_restart(StoreBench& bench) {
  RowId id = 0;
  std::int64_t sequence = 0;
  {
    auto store = bench.open_manual();
    Transaction t = opening("A", "m1");
    t.cases = {case_row("A", 1)};
    t.outbox = {outbox_row("e1", "A")};
    t.dead_letters = {dead_letter_row("A")};
    t.series = {{"bills", 2}};
    const Commit done = commit_ok(*store, std::move(t));
    id = done.journal_ids.at(0);
    sequence = done.outbox_sequences.at(0);
  }
  auto store = bench.open_manual();
  BOOST_TEST(store->undone(0, 10).size() == 1u);
  BOOST_TEST(store->find_case("A")->row.version == 1);
  BOOST_TEST((commit(*store, opening("A", "m1")).conflict == "key"));
  Transaction t = opening("A", "m2");
  t.outbox = {outbox_row("e2", "A")};
  t.dead_letters = {dead_letter_row("A")};
  t.series = {{"bills", 1}};
  const Commit done = commit_ok(*store, std::move(t));
  BOOST_TEST(done.journal_ids.at(0) == id + 1);
  BOOST_TEST(done.outbox_sequences.at(0) == sequence + 1);
  BOOST_TEST(done.dead_letter_ids.at(0) == 2);
  BOOST_TEST(done.series_first.at(0) == 3);
  BOOST_TEST(store->timeline("A", 0, 10).size() == 2u);
}

inline void bad_index_fails_alone(StoreBench& bench) {
  auto store = bench.open_manual();
  std::vector<CommitStatus> seen;
  Transaction bad = opening("A", "m1");
  bad.keys[0].journal_index = 1;
  store->submit(std::move(bad), [&](const Commit& c) { seen.push_back(c.status); });
  store->submit(opening("A", "m2"), [&](const Commit& c) { seen.push_back(c.status); });
  store->run_writer();
  BOOST_TEST((seen == std::vector{CommitStatus::failed, CommitStatus::committed}));
  BOOST_TEST(store->undone(0, 10).size() == 1u);
  BOOST_TEST(store->healthy());
}

inline void stop_finishes_then_refuses(StoreBench& bench) {
  auto store = bench.open_manual();
  int committed = 0;
  store->submit(opening("A", "m1"), [&](const Commit& c) {
    committed += c.status == CommitStatus::committed;
    store->submit(opening("A", "m2"), [&](const Commit& later) {
      committed += later.status == CommitStatus::committed;
    });
  });
  store->stop();
  BOOST_TEST(committed == 2);
  CommitStatus status = CommitStatus::committed;
  store->submit(opening("A", "m3"), [&](const Commit& c) { status = c.status; });
  BOOST_TEST((status == CommitStatus::failed));
  BOOST_TEST(store->undone(0, 10).size() == 2u);  // reading goes on
}

inline void many_threads_one_order(StoreBench& bench) {
  constexpr int kThreads = 4;
  constexpr int kEach = 250;
  auto store = bench.open(bench.clock, true);
  std::vector<RowId> order;  // the writer's thread only, until stop() has returned
  std::set<std::thread::id> callers;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        const std::string id = std::to_string(thread) + "-" + std::to_string(i);
        store->submit(opening("T" + std::to_string(thread), id), [&](const Commit& c) {
          order.insert(order.end(), c.journal_ids.begin(), c.journal_ids.end());
          callers.insert(std::this_thread::get_id());
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  store->stop();
  BOOST_TEST(order.size() == static_cast<std::size_t>(kThreads * kEach));
  BOOST_TEST(std::is_sorted(order.begin(), order.end()));
  BOOST_TEST(callers.size() == 1u);
  for (int thread = 0; thread < kThreads; ++thread) {
    const auto rows = store->undone(0, kEach + 1, "T" + std::to_string(thread));
    BOOST_REQUIRE(rows.size() == static_cast<std::size_t>(kEach));
    for (int i = 0; i < kEach; ++i) {
      BOOST_REQUIRE(rows[static_cast<std::size_t>(i)].message_id ==
                    std::to_string(thread) + "-" + std::to_string(i));
    }
  }
}

inline void committed_is_readable_at_once(StoreBench& bench) {
  auto store = bench.open(bench.clock, true);
  for (int i = 0; i < 50; ++i) {
    std::promise<RowId> promise;
    store->submit(opening("A", "m" + std::to_string(i)),
                  [&](const Commit& c) { promise.set_value(c.journal_ids.at(0)); });
    BOOST_REQUIRE(store->find_journal(promise.get_future().get()).has_value());
  }
}

}  // namespace masar::contracts

/// X(name) for every case of the contract: a function that takes a StoreBench.
#define MASAR_STORE_CONTRACT(X)                \
  X(journal_row_comes_back_whole)              \
  X(undone_rows_in_windows)                    \
  X(parts_know_their_envelope)                 \
  X(key_of_a_duplicate_is_a_conflict)          \
  X(conflict_inside_a_group_leaves_neighbours) \
  X(case_versions_exclude_each_other)          \
  X(cases_are_found_and_paged)                 \
  X(living_alias_is_unique)                    \
  X(timers_come_in_order)                      \
  X(tasks_open_and_end)                        \
  X(outbox_keeps_order_and_states)             \
  X(replies_dead_letters_and_audit)            \
  X(settings_series_and_counts)                \
  X(stamps_never_go_back)                      \
  X(everything_survives_a_restart)             \
  X(bad_index_fails_alone)                     \
  X(stop_finishes_then_refuses)                \
  X(many_threads_one_order)                    \
  X(committed_is_readable_at_once)
