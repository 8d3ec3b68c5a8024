#pragma once

#include <string>
#include <vector>

#include "tests/contracts/store_contract_retention.h"

// The contract of a store: messages by type and time of receipt.

namespace masar::contracts {

inline std::vector<RowId> ids_of(const std::vector<MessageRow>& messages) {
  std::vector<RowId> ids;
  for (const MessageRow& message : messages) ids.push_back(message.row.id);
  return ids;
}

inline void journal_is_cut_by_time(StoreBench& bench) {
  auto store = bench.open_manual();
  BOOST_TEST(store->journal_before(at(9'000'000)) == 0);
  std::vector<RowId> ids;
  // 100, 100, 150; then the clock goes back, and on.
  for (const int second : {100, 100, 150, 120, 160, 170, 180}) {
    bench.clock.set(at(second));
    ids.push_back(commit_ok(*store, opening("A", "m" + std::to_string(ids.size())))
                      .journal_ids.at(0));
  }
  const auto before = [&](std::int64_t second) { return store->journal_before(at(second)); };
  BOOST_TEST(before(100) == 0);
  BOOST_TEST(before(101) == ids[1]);
  BOOST_TEST(before(120) == ids[1]);  // stamped 150: a stamp never goes back
  BOOST_TEST(before(150) == ids[1]);
  BOOST_TEST(before(151) == ids[3]);
  BOOST_TEST(before(160) == ids[3]);
  BOOST_TEST((store->journal_before(at(160) + Duration(1)) == ids[4]));
  BOOST_TEST(before(180) == ids[5]);
  BOOST_TEST(before(9'000'000) == ids[6]);

  Transaction done;  // and rows that are gone are no matter
  for (const RowId id : {ids[0], ids[1], ids[2], ids[4]})
    done.marks.push_back({id, JournalState::done, ""});
  commit_ok(*store, std::move(done));
  BOOST_TEST(sweep(*store, SweepKind::journal, at(200)).removed == 4);
  BOOST_TEST(before(150) == 0);
  BOOST_TEST(before(151) == ids[3]);
  BOOST_TEST(before(165) == ids[3]);
  BOOST_TEST(before(175) == ids[5]);
}

inline void messages_come_by_type_in_windows(StoreBench& bench) {
  auto store = bench.open_manual();
  std::vector<RowId> ids;
  for (int n = 0; n < 8; ++n) {
    Transaction t;
    t.journal = {journal_row("A", "m" + std::to_string(n))};
    if (n == 2) t.journal[0].name = "t:Other";
    if (n == 4) t.journal[0].kind = JournalKind::outcome;
    if (n == 5) t.journal[0].case_key.clear();
    if (n % 2 == 1) t.replies = {{0, n == 1 ? "refused-code" : "", n == 7 ? "" : "<ok/>", 0}};
    ids.push_back(commit_ok(*store, std::move(t)).journal_ids.at(0));
  }
  const auto seen = [&](RowId after, RowId until, std::size_t limit) {
    return ids_of(store->messages("t:Opened", after, until, limit));
  };
  BOOST_TEST((seen(0, ids[7], 100) == std::vector{ids[0], ids[1], ids[3], ids[5], ids[6], ids[7]}));
  BOOST_TEST((seen(ids[0], ids[6], 100) == std::vector{ids[1], ids[3], ids[5], ids[6]}));
  BOOST_TEST((seen(ids[0], ids[6], 2) == std::vector{ids[1], ids[3]}));
  BOOST_TEST(seen(ids[7], ids[7] + 1000, 100).empty());
  BOOST_TEST((ids_of(store->messages("t:Other", 0, ids[7], 100)) == std::vector{ids[2]}));
  BOOST_TEST(store->messages("t:Opene", 0, ids[7], 100).empty());

  const auto messages = store->messages("t:Opened", 0, ids[7], 100);
  BOOST_TEST(!messages[0].reply.has_value());
  BOOST_REQUIRE((messages[1].reply.has_value() && messages[5].reply.has_value()));
  BOOST_TEST((messages[1].reply->code == "refused-code" && messages[1].reply->body == "<ok/>"));
  BOOST_TEST((messages[5].reply->code.empty() && messages[5].reply->body.empty()));
  BOOST_TEST(messages[5].reply->journal == ids[7]);
  const JournalRow expected = journal_row("A", "m1");
  BOOST_TEST((messages[1].row.payload == expected.payload && messages[1].row.sender == "front"));
  BOOST_TEST((messages[1].row.stamp == bench.clock.now()));
  BOOST_TEST((messages[1].case_key == "A" && messages[1].state == JournalState::undone));
  BOOST_TEST(messages[3].case_key.empty());
}

inline void message_journaled_anew_is_one(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction first;
  first.journal = {journal_row("", "kept"), journal_row("A", "moved")};
  first.journal[0].state = JournalState::dead;
  const auto ids = commit_ok(*store, std::move(first)).journal_ids;
  for (const std::string key : {"C", "B"}) {  // moved twice: the newest counts
    Transaction anew;
    anew.journal = {journal_row(key, "moved")};
    anew.journal[0].origin = ids[1];
    anew.marks = {{ids[1], JournalState::done, ""}};
    commit_ok(*store, std::move(anew));
  }
  const auto messages = store->messages("t:Opened", 0, ids[1] + 10, 100);
  BOOST_TEST((ids_of(messages) == ids));
  BOOST_TEST((messages[0].case_key.empty() && messages[0].state == JournalState::dead));
  BOOST_TEST((messages[1].case_key == "B" && messages[1].state == JournalState::undone));
  BOOST_TEST((messages[1].row.case_key == "A" && messages[1].row.state == JournalState::done));

  Transaction again;  // a person tries the kept one once more
  again.journal = {journal_row("D", "kept")};
  again.journal[0].kind = JournalKind::retry;
  again.journal[0].origin = ids[0];
  again.journal[0].state = JournalState::done;
  commit_ok(*store, std::move(again));
  const auto retried = store->messages("t:Opened", 0, ids[1] + 10, 100);
  BOOST_TEST((ids_of(retried) == ids));
  BOOST_TEST((retried[0].case_key == "D" && retried[0].state == JournalState::done));
}

inline void message_outlives_its_content(StoreBench& bench) {
  auto store = bench.open_manual();
  bench.clock.set(at(1000));
  Transaction t = opening("A", "m1");
  t.journal[0].state = JournalState::done;
  t.replies = {{0, "", "<ok/>", 0}};
  const RowId id = commit_ok(*store, std::move(t)).journal_ids.at(0);
  sweep(*store, SweepKind::messages, at(2000));
  const auto without = store->messages("t:Opened", 0, id, 10);
  BOOST_REQUIRE(without.size() == 1u);
  BOOST_TEST((without[0].row.payload.empty() && without[0].row.message_id == "m1"));
  BOOST_TEST(without[0].reply.value().body == "<ok/>");
  sweep(*store, SweepKind::replies, at(2000));
  BOOST_TEST(!store->messages("t:Opened", 0, id, 10).at(0).reply.has_value());
}

}  // namespace masar::contracts
