#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/store/audit_chain.h"
#include "tests/contracts/store_bench.h"

// The contract of a store: the journal and what hangs on its rows: keys, stamps, replies, dead
// letters, audit.

namespace masar::contracts {

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
  BOOST_TEST(key->digest == key_row("m1", at(0)).digest);
  BOOST_TEST((key->expires == at(9'000'000)));
  BOOST_TEST(!store->find_key("front-in", "message-id", "m2").has_value());
  BOOST_TEST(!store->find_key("front-in", "other", "m1").has_value());

  bench.clock.set(at(9'000'000));  // kept long enough: the key may come again
  const Commit later = commit_ok(*store, opening("A", "m1"));
  BOOST_TEST(store->find_key("front-in", "message-id", "m1")->journal == later.journal_ids[0]);
}

inline void key_may_belong_to_a_row_of_before(StoreBench& bench) {
  auto store = bench.open_manual();
  const RowId first = commit_ok(*store, opening("A", "m1")).journal_ids.at(0);
  Transaction alone;
  alone.keys = {key_row("m2", at(9'000'000), -1)};
  alone.keys[0].journal = first;
  commit_ok(*store, Transaction(alone));
  BOOST_TEST(store->find_key("front-in", "message-id", "m2")->journal == first);
  BOOST_TEST((commit(*store, std::move(alone)).status == CommitStatus::conflict));
}

inline void stamps_never_go_back(StoreBench& bench) {
  auto store = bench.open_manual();
  const Instant noon = bench.clock.now();
  const Commit first = commit_ok(*store, opening("A", "m1"));
  const Commit same = commit_ok(*store, opening("A", "m2"));
  BOOST_TEST((first.stamp == noon && same.stamp == noon));  // as the clock does
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

// The hashes of a row, as FORMAT.md says, computed from what is stored.
inline void check_links(const std::vector<AuditRow>& rows, std::map<int, std::string>& heads) {
  AuditHasher hasher;
  for (const AuditRow& row : rows) {
    BOOST_TEST(row.previous == heads[row.partition]);
    BOOST_TEST(row.hash.size() == 32u);
    BOOST_TEST(row.hash == hasher.hash(row));
    if (row.personal.empty()) {
      BOOST_TEST((row.personal_digest.empty() && row.salt.empty()));
    } else {
      BOOST_TEST(row.salt.size() == 16u);
      BOOST_TEST(row.personal_digest == hasher.personal_digest(row.salt, row.personal));
    }
    heads[row.partition] = row.hash;
  }
}

inline void audit_rows_are_chained(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction t;
  t.audit = {audit_row("A", "message"), audit_row("B", "message"), audit_row("A", "applied")};
  t.audit[2].personal = std::string("what can\0be deleted", 19);
  commit_ok(*store, std::move(t));
  // One of a group that is undone leaves no link.
  for (const std::string id : {"m1", "m1", "m2"}) store->submit(opening("A", id), {});
  store->run_writer();
  BOOST_TEST(store->audit_rows(0, 100).size() == 5u);
  store.reset();
  store = bench.open_manual();
  commit_ok(*store, opening("A", "m3"));

  const auto rows = store->audit_rows(0, 100);
  BOOST_REQUIRE(rows.size() == 6u);
  std::map<int, std::string> heads;
  check_links(rows, heads);
  BOOST_TEST(heads.size() == 2u);
  BOOST_TEST(rows[2].personal == std::string("what can\0be deleted", 19));
  const auto stored = store->audit_heads();
  BOOST_REQUIRE(stored.size() == 2u);
  BOOST_TEST(stored[0].partition < stored[1].partition);
  for (const AuditHead& head : stored) {
    BOOST_TEST(head.hash == heads[head.partition]);
    BOOST_TEST(head.audit == (head.partition == partition_of("A") ? rows[5].id : rows[1].id));
  }
  BOOST_TEST(store->audit_rows(rows[1].id, 2).size() == 2u);
  BOOST_TEST(store->audit_rows(rows[1].id, 2)[0].id == rows[2].id);
  BOOST_TEST(store->audit_rows(rows[5].id, 2).empty());
  // The timeline shows the same row.
  BOOST_TEST(store->timeline("A", rows[0].id, 1).at(0).personal == rows[2].personal);
}

inline void foreign_partition_fails_alone(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction bad;
  bad.audit = {audit_row("A", "message")};
  bad.audit[0].partition = 256;
  BOOST_TEST(commit(*store, std::move(bad)).conflict == "constraint");
  commit_ok(*store, opening("A", "m1"));
}

inline void snapshots_stay_as_they_are(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction t;
  t.snapshots = {{"hash-1", std::string("files\0of it", 11), {}}};
  commit_ok(*store, std::move(t));
  Transaction again;
  again.snapshots = {{"hash-1", "other", {}}, {"hash-2", "second", at(5)}};
  commit_ok(*store, std::move(again));
  const auto first = store->find_snapshot("hash-1");
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(first->content == std::string("files\0of it", 11));
  BOOST_TEST((first->hash == "hash-1" && first->created == bench.clock.now()));
  BOOST_TEST((store->find_snapshot("hash-2")->created == at(5)));
  BOOST_TEST(!store->find_snapshot("hash-3").has_value());
}

inline void snapshots_know_their_users(StoreBench& bench) {
  auto store = bench.open_manual();
  const auto case_of = [](const std::string& key, const std::string& hash,
                          const std::string& process) {
    CaseRow row = case_row(key, 1);
    row.snapshot = hash;
    row.process = process;
    return row;
  };
  Transaction t;
  t.cases = {case_of("B", "hash-1", "p"), case_of("A", "hash-1", "p"), case_of("C", "hash-1", "q"),
             case_of("D", "hash-2", "p"), case_of("E", "hash-3", "p")};
  t.cases[4].ended = at(9);
  t.outbox = {outbox_row("one", "A"), outbox_row("two", "B"), outbox_row("three", "C")};
  for (auto& row : t.outbox) row.snapshot = "hash-4";
  t.outbox[2].state = OutboxState::delivered;
  t.snapshots = {{"hash-1", "1", {}}, {"hash-3", "3", {}}, {"hash-4", "4", {}}};
  commit_ok(*store, std::move(t));

  std::string uses;
  for (const auto& use : store->snapshot_uses())
    uses += use.hash + ' ' + use.process + ' ' + use.case_key + '\n';
  BOOST_TEST(uses == "hash-1 p A\nhash-1 q C\nhash-2 p D\n");
  BOOST_TEST(store->count_cases_of("hash-1", "p") == 2);
  BOOST_TEST(store->count_cases_of("hash-3", "p") == 0);
  BOOST_TEST((store->cases_of("hash-1", "p", "", 10) == std::vector<std::string>{"A", "B"}));
  BOOST_TEST((store->cases_of("hash-1", "p", "A", 10) == std::vector<std::string>{"B"}));
  BOOST_TEST(store->cases_of("hash-1", "p", "", 1).size() == 1u);
  const auto waiting = store->outbox_uses();
  BOOST_REQUIRE(waiting.size() == 1u);
  BOOST_TEST((waiting[0].hash == "hash-4" && waiting[0].route == "inquire"));
  BOOST_TEST((waiting[0].endpoint == "registry" && waiting[0].operation == "Inquire"));
  BOOST_TEST((waiting[0].rows == 2 && waiting[0].case_key == "A"));
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
  const Transaction again = discard;
  commit_ok(*store, std::move(discard));
  // Two people at once: the second one is told.
  const Commit second = commit(*store, again);
  BOOST_TEST((second.status == CommitStatus::conflict && second.conflict == "dead-letter"));
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

}  // namespace masar::contracts
