#include "tests/faults/simulation.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "core/base/error.h"
#include "tests/faults/judge.h"
#include "tests/faults/partners.h"

namespace masar::faults {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr Duration kFaults = std::chrono::hours(24 * 12);  ///< after the last case has begun
constexpr Duration kMost = std::chrono::hours(24 * 70);
constexpr Duration kSettle = std::chrono::hours(24 * 5);  ///< late duplicates, questions to people

std::string numbered(const char* form, int number) {
  char text[32];
  std::snprintf(text, sizeof text, form, number);
  return text;
}

/// A town with its people and all partners of the hub.
struct Stage {
  Stage(const Plan& plan, World& outside)
      : world(outside),
        payments(world, town),
        portal(world, town, payments),
        office(world, town),
        traffic(world, town, [this](Person& person) { amended(person); }),
        registry(world, town),
        departments(world, town),
        gateway(world, town) {
    Random times(plan.seed, "times");
    for (int number = 1; number <= plan.cases; ++number) add_case(plan, number, times);
    world.plan_absences(world.now() + std::chrono::hours(24 * (plan.days + 6)));
    world.plan_jumps(world.now() + std::chrono::hours(24 * (plan.days + 6)));
    world.in(1s, [this] { office.open(); });
    world.in(std::chrono::hours(24 * plan.days) + kFaults, [this] { world.calm(); });
  }

  void amended(Person& person) {
    if (person.ways.hasty) office.watch(person.application, world.now() + 30s);
  }

  Person& add(const Plan& plan, int number, const std::string& suffix) {
    auto person = std::make_unique<Person>(number, numbered("A-%04d", number) + suffix,
                                           numbered("S-%04d", number),
                                           std::to_string(10000 + number), plan.seed);
    person->phone = "96279" + std::to_string(1'000'000 + number * 3 +
                                             (suffix.empty()  ? 0
                                              : suffix == "b" ? 1
                                                              : 2));
    town.by_application[person->application] = person.get();
    town.by_phone[person->phone] = person.get();
    town.people.push_back(std::move(person));
    return *town.people.back();
  }

  void add_case(const Plan& plan, int number, Random& times) {
    Person& first = add(plan, number, "");
    first.ways = decide(first.random);
    const Duration begins =
        times.between(Duration(0), Duration(std::chrono::hours(24 * plan.days)));
    town.awaited.push_back(&first);
    world.in(begins, [this, &first] { portal.apply(first); });
    if (first.ways.twin) {
      Person& twin = add(plan, number, "b");
      twin.ways = first.ways;
      twin.ways.withdraws = false;
      twin.second = true;
      town.awaited.push_back(&twin);
      world.in(begins + first.ways.twin_after, [this, &twin] { portal.apply(twin); });
    }
    Person& again = add(plan, number, "c");
    again.ways = first.ways;
    again.ways.payment = again.ways.choice = again.ways.letter = When::soon;
    again.ways.withdraws = false;
    again.second = true;
  }

  World& world;
  Town town;
  Switch payments;
  Portal portal;
  Office office;
  Traffic traffic;
  Registry registry;
  Departments departments;
  Gateway gateway;
};

}  // namespace

Simulation::Simulation(const std::string& sources) {
  config::Diagnostics diagnostics;
  snapshot_ = engine::Snapshot::load(sources + "/config", {}, diagnostics);
  if (!snapshot_) throw std::runtime_error("the configuration is wrong:\n" + diagnostics.text());
  std::string pattern = (fs::temp_directory_path() / "masar-simulate-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  folder_ = pattern;
}

Simulation::~Simulation() {
  disk_.reset();
  fs::remove_all(folder_);
}

testing::MemoryDisk* Simulation::disk() {
  if (!disk_) disk_ = std::make_unique<testing::MemoryDisk>();
  return disk_.get();
}

Verdict Simulation::run(const Plan& plan) {
  Verdict verdict;
  std::string folder = folder_;
  if (plan.on_disk) {
    disk_.reset();
    folder += "/" + std::to_string(plan.seed);
    fs::create_directories(folder);
  }
  const bool on_memory_disk = !plan.on_disk && !plan.in_memory;
  World world(plan, snapshot_, on_memory_disk ? disk() : nullptr,
              plan.in_memory ? &machine_ : nullptr, folder);
  const Instant begun = world.now();
  Stage stage(plan, world);
  try {
    const auto over = [&] {
      return world.now() > begun + std::chrono::hours(24 * plan.days) && stage.town.all_settled();
    };
    world.run(over, begun + std::chrono::hours(24 * plan.days) + kMost);
    world.calm();
    world.run([] { return false; }, world.now() + kSettle);
    Judge(world, stage.town).judge();
  } catch (const std::exception& error) {
    world.breach('B', std::string("the run broke off: ") + error.what());
  }
  verdict.breaches = world.breaches();
  verdict.trace = world.trace();
  verdict.days = std::chrono::duration<double, std::ratio<86400>>(world.now() - begun).count();
  verdict.counts = world.counts();
  for (const auto& person : stage.town.people) {
    if (person->said.empty()) continue;
    ++verdict.cases;
    ++verdict.ends[person->updates.empty() ? "joined or refused" : person->last()->state];
  }
  return verdict;
}

Plan Simulation::shrink(const Plan& plan) {
  Plan best = plan;
  best.print = false;
  const auto fails = [&](const Plan& tried) {
    if (run(tried).breaches.empty()) return false;
    best = tried;
    return true;
  };
  for (bool smaller = true; smaller;) {
    smaller = false;
    Plan tried = best;
    for (const int cases : {1, best.cases / 4, best.cases / 2, best.cases - 1}) {
      tried = best;
      tried.cases = cases;
      if (cases > 0 && cases < best.cases && fails(tried)) smaller = true;
    }
    for (const int days : {1, best.days / 2, best.days - 1}) {
      tried = best;
      tried.days = days;
      if (days > 0 && days < best.days && fails(tried)) smaller = true;
    }
    for (int fault = 0; fault < static_cast<int>(Fault::count); ++fault) {
      tried = best;
      tried.off[fault] = true;
      if (!best.off[fault] && fails(tried)) smaller = true;
    }
  }
  return best;
}

}  // namespace masar::faults
