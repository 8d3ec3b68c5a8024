#include "tests/faults/town.h"

#include <algorithm>

namespace masar::faults {

using namespace std::chrono_literals;

bool is_end(std::string_view state) {
  return state == "cleared" || state == "cancelled" || state == "rejected";
}

bool Person::ended() const {
  return std::any_of(updates.begin(), updates.end(),
                     [](const auto& update) { return is_end(update.state); });
}

bool Person::settled() const {
  if (!updates.empty()) return ended();
  if (!joined.empty()) return true;
  return std::any_of(said.begin(), said.end(), [](const auto& entry) {
    return entry.second.kind == "application" && !entry.second.refused.empty();
  });
}

int Person::entries(std::string_view state, std::string_view reason) const {
  // An entry is told once; a later message of the same stay (new days) has the same `since`.
  int count = 0;
  Instant since{};
  for (const auto& update : updates) {
    if (update.state != state) {
      since = {};
      continue;
    }
    if (!reason.empty() && update.reason != reason) continue;
    if (update.since != since) ++count;
    since = update.since;
  }
  return count;
}

namespace {

When when(Random& random) {
  const auto drawn = random.below(100);
  return drawn < 55   ? When::soon
         : drawn < 78 ? When::edge
         : drawn < 86 ? When::grace
         : drawn < 92 ? When::late
                      : When::never;
}

SketchWay sketch_way(Random& random) {
  const auto drawn = random.below(100);
  if (drawn < 72) return SketchWay::final;
  static const std::vector<SketchWay> others{
      SketchWay::draft,       SketchWay::objected,  SketchWay::not_final,
      SketchWay::never_final, SketchWay::not_found, SketchWay::not_a_party,
      SketchWay::mismatch,    SketchWay::no_fault,  SketchWay::no_damage};
  return random.of(others);
}

}  // namespace

Ways decide(Random& random) {
  static const std::vector<std::string> kTypes{"ASPHALT",        "KERB", "LIGHT_POLE",
                                               "TRAFFIC_SIGNAL", "TREE", "WASTE_CONTAINER"};
  static const std::vector<std::string> kPolicies{"EXPIRED", "CANCELLED", "SUSPENDED", "NONE",
                                                  "NO_POLICY"};
  static const std::vector<std::string> kLetters{"INVALID", "UNKNOWN", "AMOUNT_SHORT",
                                                 "ALREADY_USED"};
  Ways ways;
  ways.sketch = sketch_way(random);
  ways.sketch_waits =
      ways.sketch == SketchWay::never_final ? 1000 : static_cast<int>(random.between(1, 3));
  for (auto left = random.between(1, 3); left > 0; --left)
    ways.damages.push_back(random.of(kTypes));
  ways.unknown_damage = random.chance(40);
  if (ways.unknown_damage) ways.damages.push_back("STATUE");
  ways.fault = static_cast<int>(random.of<std::int64_t>({100, 100, 75, 50, 33, 1}));
  ways.hasty = random.chance(60);
  ways.amended = !ways.hasty && random.chance(60);
  ways.no_hold = random.chance(30);
  ways.careless_department = random.chance(80);
  ways.foreign_department = random.chance(50);
  ways.late_department = random.chance(60);
  ways.second_assessment = random.chance(60);
  ways.policy = random.chance(550) ? "ACTIVE" : random.of(kPolicies);
  ways.choice = when(random);
  ways.insurer = random.chance(450);
  ways.changes_method = random.chance(120);
  ways.payment = when(random);
  ways.pays_twice = random.chance(80);
  ways.wrong_amount_first = random.chance(80);
  ways.mistypes = random.chance(40);
  ways.letter = when(random);
  for (auto left = random.chance(200) ? random.between(1, 3) : 0; left > 0; --left)
    ways.letters.push_back("PENDING");
  ways.letters.push_back(random.chance(700) ? "VALID" : random.of(kLetters));
  ways.withdraws = random.chance(120);
  ways.withdraws_after = random.chance(500) ? random.between(Duration(0), Duration(10min))
                                            : random.between(Duration(1h), Duration(120h));
  ways.withdraws_bill = random.chance(120);
  ways.twin = random.chance(120);
  ways.twin_after = random.chance(700) ? random.between(Duration(0), Duration(20ms))
                                       : random.between(Duration(1s), Duration(60h));
  ways.applies_again = random.chance(150);
  ways.arabic = random.chance(500);
  return ways;
}

}  // namespace masar::faults
