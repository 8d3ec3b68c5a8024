#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/contracts/store_bench.h"

// The contract of a store: cases and what belongs to them: aliases, timers, tasks, effects,
// numbers.

namespace masar::contracts {

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

// One column after the other changes, and then back, whatever the others do.
inline void each_column_of_a_case_is_stored(StoreBench& bench) {
  auto store = bench.open_manual();
  const auto check = [&](const CaseRow& expected, const char* column) {
    BOOST_TEST_CONTEXT(column) {
      const auto found = store->find_case("A");
      BOOST_REQUIRE(found.has_value());
      const CaseRow& row = found->row;
      BOOST_TEST(row.version == expected.version);
      BOOST_TEST((row.event_number == expected.event_number && row.visit == expected.visit));
      BOOST_TEST((row.opened == expected.opened && row.since == expected.since));
      BOOST_TEST((row.ended == expected.ended && row.service_time == expected.service_time));
      BOOST_TEST((row.process == expected.process && row.snapshot == expected.snapshot));
      BOOST_TEST((row.state == expected.state && row.data == expected.data));
      BOOST_TEST((row.search == expected.search));
    }
  };
  std::int64_t version = 0;
  const auto put = [&](CaseRow row, const char* column) {
    row.version = ++version;
    Transaction transaction;
    transaction.cases = {row};
    commit_ok(*store, std::move(transaction));
    check(row, column);
  };
  const CaseRow base = case_row("A", 1);
  put(base, "none");
  const std::vector<std::pair<const char*, void (*)(CaseRow&)>> changes{
      {"event_number", [](CaseRow& row) { row.event_number += 7; }},
      {"visit", [](CaseRow& row) { row.visit += 1; }},
      {"opened", [](CaseRow& row) { row.opened = at(900); }},
      {"since", [](CaseRow& row) { row.since = at(2900); }},
      {"ended", [](CaseRow& row) { row.ended = at(7000); }},
      {"service_time", [](CaseRow& row) { row.service_time = Duration(5); }},
      {"process", [](CaseRow& row) { row.process = "other"; }},
      {"snapshot", [](CaseRow& row) { row.snapshot = "snapshot-2"; }},
      {"state", [](CaseRow& row) { row.state = "over"; }},
      {"data", [](CaseRow& row) { row.data = "other"; }},
      {"no data", [](CaseRow& row) { row.data.clear(); }},
      {"search", [](CaseRow& row) { row.search[1].second = "other"; }},
      {"no search", [](CaseRow& row) { row.search.clear(); }}};
  for (const auto& [column, change] : changes) {
    CaseRow row = base;
    change(row);
    put(row, column);
    if (row.search.size() == 2u) {
      BOOST_TEST(store->cases({row.search[1].second, "", "", 2}).size() == 1u);
    }
    put(base, column);
    BOOST_TEST(store->cases({base.search[1].second, "", "", 2}).size() == 1u);
    BOOST_TEST(store->cases({"other", "", "", 2}).empty());
    BOOST_TEST(store->cases({"", "over", "", 2}).empty());
    BOOST_TEST(store->counts()["cases_open"] == 1);
  }
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

inline void due_times_in_working_time_are_found(StoreBench& bench) {
  auto store = bench.open_manual();
  const auto working = [](const std::string& key, const std::string& name, std::int64_t serial) {
    TimerRow row = timer_row(TimerKind::deadline, key, name, serial, at(100));
    row.working = "7 3 0 0 0";
    return row;
  };
  Transaction t;
  t.timers = {working("B", "answer", 1), timer_row(TimerKind::deadline, "B", "plain", 1, at(50)),
              working("A", "answer", 2), working("A", "answer", 1)};
  commit_ok(*store, std::move(t));
  const auto page = store->working_timers(2);
  BOOST_REQUIRE(page.size() == 2u);
  BOOST_TEST((page[0].case_key == "A" && page[0].serial == 1));
  BOOST_TEST((page[1].serial == 2 && page[1].working == "7 3 0 0 0"));
  const auto rest = store->working_timers(2, &page[1]);
  BOOST_REQUIRE(rest.size() == 1u);
  BOOST_TEST((rest[0].case_key == "B" && rest[0].name == "answer"));
  Transaction plain;  // set again, not in working time any more
  plain.timers = {timer_row(TimerKind::deadline, "B", "answer", 1, at(70))};
  commit_ok(*store, std::move(plain));
  BOOST_TEST(store->working_timers(10).size() == 2u);
}

inline void case_is_found_by_any_of_its_keys(StoreBench& bench) {
  auto store = bench.open_manual();
  const auto found = [&](const std::string& key) {
    return store->find_case_key(key, "key").value_or("none");
  };
  Transaction t;
  t.cases = {case_row("A", 1)};
  t.aliases = {alias_row("key", "old", "A"), alias_row("bill", "7", "A")};
  commit_ok(*store, std::move(t));
  BOOST_TEST(found("A") == "A");
  BOOST_TEST(found("old") == "A");
  BOOST_TEST(found("7") == "none");
  BOOST_TEST(found("B") == "none");
  const RowId opening_row = commit_ok(*store, opening("B", "m1")).journal_ids.at(0);
  BOOST_TEST(found("B") == "B");  // about to be opened
  Transaction done;
  done.marks = {{opening_row, JournalState::done, ""}};
  commit_ok(*store, std::move(done));
  BOOST_TEST(found("B") == "none");
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
  // Windows: each begins behind the last of the one before.
  std::string paged;
  std::optional<TimerRow> last;
  for (auto window = store->due(at(300), 1); !window.empty();
       window = store->due(at(300), 1, &*last)) {
    paged += names(window);
    last = window.back();
  }
  BOOST_TEST(paged == "task-1 first second late ");
  const auto record = store->find_case("A");
  BOOST_TEST(names(record->deadlines) == "first second late ");
  BOOST_TEST((record->deadlines[1].kind == TimerKind::deadline));
  BOOST_TEST(record->deadlines[1].serial == 2);
  BOOST_TEST((record->deadlines[1].due == at(200) && record->deadlines[1].order == 1));
  BOOST_TEST(record->deadlines[1].visit == 5);
  BOOST_TEST(record->deadlines[1].partition == partition_of("A"));

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

  Transaction letter;  // a task that stands for a dead letter names it
  letter.dead_letters = {dead_letter_row("A"), dead_letter_row("A")};
  letter.tasks = {task_row("t4", "A")};
  letter.tasks[0].dead_letter_index = 1;
  const Commit dead = commit_ok(*store, std::move(letter));
  BOOST_TEST(store->find_task("t4")->effect == std::to_string(dead.dead_letter_ids.at(1)));
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
  BOOST_TEST((row->effect == "inquire" && row->endpoint == "registry"));
  BOOST_TEST(row->operation == "Inquire");
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
  outcome.outbox_updates = {
      outbox_update("e2", {OutboxState::ready, OutboxState::sending}, OutboxState::rejected)};
  outcome.outbox_updates[0].report = "failed";
  commit_ok(*store, outcome);
  BOOST_TEST(ids(store->waiting("registry", 0, 10)) == "e1e4");
  BOOST_TEST(ids(store->waiting("other", 0, 10)) == "e3");
  outcome.outbox_updates = {outbox_update("e3", {OutboxState::ready}, OutboxState::unknown)};
  commit_ok(*store, outcome);
  BOOST_TEST(ids(store->undecided(0, store->counts()["outbox_rows"])) == "e1e3e4");
  BOOST_TEST(ids(store->undecided(done.outbox_sequences[1], done.outbox_sequences[2])) == "e3");
  BOOST_TEST(ids(store->outbox_of("A")) == "e2e1e4");
  outcome.outbox_updates = {outbox_update("e2", {OutboxState::rejected}, OutboxState::delivered)};
  commit_ok(*store, outcome);
  const auto ended = store->find_outbox("e2");
  BOOST_TEST((ended->state == OutboxState::delivered && ended->attempts == 2));
  BOOST_TEST((ended->code == "NOT_FOUND" && ended->text == "the registry does not know it"));
  BOOST_TEST((ended->reply == "<fault/>" && ended->report == "failed"));  // empty: unchanged
  BOOST_TEST((ended->changed == bench.clock.now()));
  BOOST_TEST(!store->find_outbox("e9").has_value());
  // A report of delivery that came before its outcome beats one that knows nothing.
  outcome.outbox_updates = {
      outbox_update("e1", {OutboxState::ready, OutboxState::sending}, OutboxState::sending)};
  outcome.outbox_updates[0].report = "delivered";
  commit_ok(*store, outcome);
  outcome.outbox_updates = {outbox_update("e1", {OutboxState::sending}, OutboxState::unknown)};
  commit_ok(*store, outcome);
  BOOST_TEST((store->find_outbox("e1")->state == OutboxState::delivered));
  // The bytes of an answer that could not be used outlive the next attempt.
  outcome.outbox_updates = {outbox_update("e4", {OutboxState::ready}, OutboxState::ready)};
  commit_ok(*store, outcome);
  outcome.outbox_updates[0].reply.clear();
  commit_ok(*store, outcome);
  BOOST_TEST(store->find_outbox("e4")->reply == "<fault/>");
}

// Where it was seen last is a hint; its id says which one it is.
inline void effects_are_updated_wherever_they_are(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction t;
  t.outbox = {outbox_row("e1", "A"), outbox_row("e2", "A"), outbox_row("e3", "A"),
              outbox_row("e4", "A")};
  t.outbox[0].state = OutboxState::failed;
  commit_ok(*store, std::move(t));
  const auto states = [&] {
    std::string all;
    for (const OutboxRow& row : store->outbox_of("A")) {
      all += row.id + std::to_string(static_cast<int>(row.state));
    }
    return all;
  };
  const auto rows = store->outbox_of("A");
  BOOST_REQUIRE(rows.size() == 4u);
  const auto update = [&](const OutboxRow& row, std::int64_t sequence, OutboxState to) {
    Transaction transaction;
    transaction.outbox_updates = {update_of(row, OutboxState::ready, to)};
    BOOST_TEST(transaction.outbox_updates[0].sequence == row.sequence);
    transaction.outbox_updates[0].sequence = sequence;
    return commit(*store, std::move(transaction));
  };
  BOOST_TEST((update(rows[1], rows[1].sequence, OutboxState::sending).status ==
              CommitStatus::committed));
  BOOST_TEST(states() == "e17e21e30e40");
  // In a state that it is not to be in, there or elsewhere.
  for (const std::int64_t sequence : {rows[1].sequence, rows[0].sequence, std::int64_t{0}}) {
    const Commit refused = update(rows[1], sequence, OutboxState::delivered);
    BOOST_TEST((refused.conflict == "outbox" && refused.conflict_value == "e2"));
  }
  BOOST_TEST(states() == "e17e21e30e40");
  BOOST_TEST((update(rows[2], rows[3].sequence, OutboxState::sending).status ==
              CommitStatus::committed));
  BOOST_TEST(states() == "e17e21e31e40");
  Transaction anew;  // takes a new place
  anew.outbox = {outbox_row("e1", "A")};
  commit_ok(*store, std::move(anew));
  BOOST_TEST((update(rows[0], rows[0].sequence, OutboxState::sending).status ==
              CommitStatus::committed));
  BOOST_TEST(states() == "e21e31e40e11");
}

inline void failed_effect_gives_way(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction t;
  t.outbox = {outbox_row("e1", "A"), outbox_row("e2", "A")};
  t.outbox[0].state = OutboxState::failed;
  t.outbox[0].body.clear();
  const Commit first = commit_ok(*store, std::move(t));
  Transaction anew;
  anew.outbox = {outbox_row("e1", "A")};
  anew.outbox[0].body = "<anew/>";
  const Transaction again = anew;
  const Commit second = commit_ok(*store, std::move(anew));
  BOOST_TEST(second.outbox_sequences.at(0) > first.outbox_sequences.at(1));  // behind the others
  const auto row = store->find_outbox("e1");
  BOOST_TEST((row->state == OutboxState::ready && row->body == "<anew/>"));
  BOOST_TEST(row->sequence == second.outbox_sequences[0]);
  BOOST_TEST(store->waiting("registry", 0, 10).size() == 2u);
  Transaction third = again;  // it is ready now: it stays as it is
  third.outbox[0].body = "<other/>";
  const Commit last = commit_ok(*store, std::move(third));
  BOOST_TEST(last.outbox_sequences.at(0) == second.outbox_sequences[0]);
  BOOST_TEST(store->find_outbox("e1")->body == "<anew/>");
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
  BOOST_TEST(counts["journal_rows"] == 1);
  const auto audited = counts["audit_rows"];
  Transaction seen;
  seen.audit.resize(2);
  commit_ok(*store, std::move(seen));
  counts = store->counts();
  BOOST_TEST(counts["audit_rows"] == audited + 2);
  BOOST_TEST(counts["journal_rows"] == 1);
}

}  // namespace masar::contracts
