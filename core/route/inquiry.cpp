// The ways through an inquiry's steps.
#include "core/route/inquiry.h"

#include <string>
#include <vector>

namespace masar::route {
namespace {

/// How far the ways through some steps have come.
struct Ways {
  bool called = false;  ///< each of them that goes on has asked
  bool ended = false;   ///< none goes on
};

class WayChecker {
 public:
  explicit WayChecker(config::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  Ways follow(const std::vector<const config::Element*>& steps, Ways ways) {
    for (const auto* step : steps) {
      const std::string& name = step->name.local;
      if (name == "call") ways.called = call(*step, ways.called);
      if (name == "verdict") ways.ended = verdict(*step, ways.called);
      if (name == "choice") ways = choice(*step, ways);
    }
    return ways;
  }

  bool decides() const { return decides_; }

 private:
  bool call(const config::Element& step, bool called) {
    if (called) diagnostics_.add(step.place, "an inquiry asks once", "leave out this <call>");
    return true;
  }

  bool verdict(const config::Element& step, bool called) {
    if (!called) {
      diagnostics_.add(step.place, "a verdict before the partner was asked",
                       "write <call endpoint=…/> before it");
    }
    decides_ = decides_ || step.value("is") != "undecided";
    return true;
  }

  Ways choice(const config::Element& step, const Ways& before) {
    Ways all{true, true};
    const auto join = [&](const Ways& way) {
      if (!way.ended) all.called = all.called && way.called;
      all.ended = all.ended && way.ended;
    };
    for (const auto* branch : step.elements()) join(follow(branch->elements(), before));
    if (!step.element("otherwise")) join(before);
    return all;
  }

  config::Diagnostics& diagnostics_;
  bool decides_ = false;
};

}  // namespace

void check_inquiry(const config::Element& root, config::Diagnostics& diagnostics) {
  WayChecker checker(diagnostics);
  if (!checker.follow(root.elements(), {}).ended) {
    diagnostics.add(root.place, "not every way through this inquiry ends in a verdict",
                    "end each branch in <verdict is=…/>, or write one behind the <choice>");
  } else if (!checker.decides()) {
    diagnostics.add(root.place, "this inquiry decides nothing",
                    "write <verdict is=\"done\"/> or <verdict is=\"not-done\"/> where the answer "
                    "says so");
  }
}

}  // namespace masar::route
