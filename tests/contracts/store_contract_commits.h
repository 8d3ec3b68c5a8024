#pragma once

#include <algorithm>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/contracts/store_bench.h"

// The contract of a store: commits: groups, threads, restart, stop.

namespace masar::contracts {

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
  BOOST_TEST((seen[0].second == CommitStatus::committed));
  BOOST_TEST((seen[1].second == CommitStatus::committed));
  BOOST_TEST((seen[2].first == "m1" && seen[2].second == CommitStatus::conflict));
  BOOST_TEST((seen[3].first == "m3" && seen[3].second == CommitStatus::committed));
  BOOST_TEST(store->undone(0, 10).size() == 3u);
  BOOST_TEST(store->timeline("A", 0, 10).size() == 3u);
  // What was undone leaves no gap that an auditor would take for a deletion.
  BOOST_TEST((ids == std::vector<RowId>{ids[0], ids[0] + 1, ids[0] + 2}));
}

// However much of it was written before it turned out to be refused.
inline void refused_transactions_leave_nothing(StoreBench& bench) {
  auto store = bench.open_manual();
  Transaction second_key_known = opening("A", "m2");
  second_key_known.keys.push_back(key_row("m1", at(9'000'000)));
  Transaction effect_over = opening("A", "m3");
  effect_over.keys.clear();
  effect_over.outbox_updates = {outbox_update("e1", {OutboxState::sending}, OutboxState::ready)};
  Transaction old_version = opening("A", "m4");
  old_version.cases = {case_row("A", 7)};
  Transaction first = opening("A", "m1");
  first.outbox = {outbox_row("e1", "A")};
  std::vector<std::string> seen;
  std::vector<RowId> ids;
  for (Transaction* each : {&first, &second_key_known, &effect_over, &old_version}) {
    store->submit(std::move(*each), [&](const Commit& c) { seen.push_back(c.conflict); });
  }
  store->submit(opening("A", "m5"), [&](const Commit& c) { ids = c.journal_ids; });
  store->run_writer();
  BOOST_TEST((seen == std::vector<std::string>{"", "key", "outbox", "case"}));
  BOOST_TEST(store->undone(0, 10).size() == 2u);
  BOOST_TEST(store->timeline("A", 0, 10).size() == 2u);
  BOOST_TEST((ids == std::vector<RowId>{2}));
  const auto key = key_row("m1", {});
  BOOST_TEST(store->find_key(key.endpoint, key.name, "m1").has_value());
  for (const char* none : {"m2", "m4"}) {
    BOOST_TEST(!store->find_key(key.endpoint, key.name, none).has_value());
  }
  BOOST_TEST((store->find_outbox("e1")->state == OutboxState::ready));
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
  BOOST_TEST((seen == std::vector{CommitStatus::conflict, CommitStatus::committed}));
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
