#include "tests/faults/sum.h"

#include <cstdio>
#include <sstream>

namespace masar::faults {

void Sum::add(const Verdict& verdict) {
  Sum one;
  one.seeds = 1;
  one.failed = verdict.breaches.empty() ? 0 : 1;
  one.cases = static_cast<std::uint64_t>(verdict.cases);
  one.days = verdict.days;
  one.counts = verdict.counts;
  one.ends = verdict.ends;
  for (const auto& breach : verdict.breaches) ++one.oracles[breach.oracle];
  add(one);
}

void Sum::add(const Sum& more) {
  seeds += more.seeds;
  failed += more.failed;
  cases += more.cases;
  days += more.days;
  counts += more.counts;
  for (const auto& [state, count] : more.ends) ends[state] += count;
  for (const auto& [oracle, count] : more.oracles) oracles[oracle] += count;
}

std::string Sum::text() const {
  std::ostringstream out;
  out << seeds << ' ' << failed << ' ' << cases << ' ' << days << ' ' << counts.crashes << ' '
      << counts.stops << ' ' << counts.attempts << ' ' << counts.messages;
  for (const auto struck : counts.struck) out << ' ' << struck;
  for (const auto& [oracle, count] : oracles) out << ' ' << oracle << ' ' << count;
  out << " .";
  for (const auto& [state, count] : ends) out << ' ' << count << ' ' << state << '\n';
  return out.str();
}

Sum Sum::read(const std::string& text) {
  std::istringstream in(text);
  Sum sum;
  in >> sum.seeds >> sum.failed >> sum.cases >> sum.days >> sum.counts.crashes >>
      sum.counts.stops >> sum.counts.attempts >> sum.counts.messages;
  for (auto& struck : sum.counts.struck) in >> struck;
  for (char oracle = 0; in >> oracle && oracle != '.';) in >> sum.oracles[oracle];
  std::string state;
  for (int count = 0; in >> count && in.get() && std::getline(in, state);)
    sum.ends[state] += count;
  return sum;
}

void Sum::print(double seconds) const {
  std::printf("%llu seeds, %llu cases, %.0f simulated days in %.1f s: %.0f cases/s\n",
              static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(cases),
              days, seconds, static_cast<double>(cases) / seconds);
  std::printf("%llu attempts, %llu messages, %llu crashes, %llu stops",
              static_cast<unsigned long long>(counts.attempts),
              static_cast<unsigned long long>(counts.messages),
              static_cast<unsigned long long>(counts.crashes),
              static_cast<unsigned long long>(counts.stops));
  for (int fault = static_cast<int>(Fault::duplicate); fault < static_cast<int>(Fault::count);
       ++fault) {
    const auto name = name_of(static_cast<Fault>(fault));
    std::printf(", %llu %.*s", static_cast<unsigned long long>(counts.struck[fault]),
                static_cast<int>(name.size()), name.data());
  }
  std::printf("\nends:");
  for (const auto& [state, count] : ends) std::printf(" %s %d,", state.c_str(), count);
  std::printf("\nbreaches:");
  for (const auto& [oracle, count] : oracles) std::printf(" %c %d", oracle, count);
  std::printf("%s\n%llu of %llu seeds failed\n", oracles.empty() ? " none" : "",
              static_cast<unsigned long long>(failed), static_cast<unsigned long long>(seeds));
}

}  // namespace masar::faults
