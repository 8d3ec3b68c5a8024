#pragma once

#include <boost/test/unit_test.hpp>

#include "tests/contracts/store_bench.h"

namespace masar::contracts {

/// What stands in every stored schema of an earlier version, seen through a store that has brought
/// it to the newest one; and that the store goes on from there.
inline void check_stored_case(Store& store) {
  const auto record = store.find_case("A-1");
  BOOST_REQUIRE(record.has_value());
  BOOST_TEST((record->row.version == 4 && record->row.state == "waiting"));
  BOOST_TEST(record->row.data == std::string("\0\xff", 2));
  BOOST_TEST((record->row.search == decltype(record->row.search){{"plate", "12-3"}}));
  BOOST_TEST((record->deadlines.size() == 1u && record->tasks.size() == 1u));
  CaseFilter by_plate;
  by_plate.search = "12-3";
  BOOST_TEST(store.cases(by_plate).size() == 1u);
  BOOST_TEST(store.find_alias("number", "900").value_or("") == "A-1");
  BOOST_TEST(store.find_key("front-in", "message-id", "m1").has_value());
  const auto undone = store.undone(0, 10);
  BOOST_REQUIRE(undone.size() == 1u);
  BOOST_TEST((undone[0].id == 7 && undone[0].attempts == 2 && undone[0].payload == "<x></x>"));
  BOOST_TEST(store.find_outbox("effect-1")->body == "<y/>");
  BOOST_TEST(store.find_reply(7)->body == "<z/>");
  BOOST_TEST(store.find_dead_letter(2)->original == "<x>");
  const auto timeline = store.timeline("A-1", 0, 10);
  BOOST_REQUIRE(timeline.size() == 1u);
  BOOST_TEST((timeline[0].id == 11 && timeline[0].text == "taken in" && timeline[0].hash.empty()));
  BOOST_TEST(store.settings()["pause.endpoint.registry"] == "yes");

  Transaction next = opening("A-1", "m2");
  next.series = {{"bills", 1}};
  const Commit done = commit_ok(store, std::move(next));
  BOOST_TEST(done.journal_ids.at(0) == 8);
  BOOST_TEST(done.series_first.at(0) == 43);
  BOOST_TEST((done.stamp == Instant(Duration(1'700'000'000'000'001))));  // never goes back
}

}  // namespace masar::contracts
