#include "core/engine/retention.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/engine/records.h"

namespace masar::engine {
namespace {

constexpr std::chrono::milliseconds kBreath{20};      ///< between two steps
constexpr std::chrono::seconds kFirstRoundAfter{60};  ///< a start has better things to do
constexpr std::chrono::hours kWorkingDayAtMost{7 * 24};
constexpr const char* kSetting = "retention.";

Duration longest_key(const Snapshot& snapshot) {
  Duration longest{0};
  for (const auto& [id, endpoint] : snapshot.endpoints) {
    for (const auto& key : endpoint->keys) {
      longest = std::max(longest, key.keep.fixed + key.keep.working_days * kWorkingDayAtMost);
    }
  }
  return longest;
}

/// Zero is for ever, so it is the longest.
Duration longer(Duration a, Duration b) {
  return a == Duration{0} || b == Duration{0} ? Duration{0} : std::max(a, b);
}

/// These only ever lose content, so that a round goes on where the last one ended.
bool keeps_its_rows(store::SweepKind kind) {
  return kind == store::SweepKind::messages || kind == store::SweepKind::effects;
}

}  // namespace

Retention::Retention(const Parts& parts) : parts_(parts) {
  const RetentionChoice& choice = this->choice();
  // A duplicate gets its stored answer as long as its key is kept.
  const Duration answers = longer(choice.messages, longest_key(parts.snapshots.current()));
  kinds_ = {{store::SweepKind::messages, "messages", choice.messages},
            {store::SweepKind::effects, "effects", choice.messages},
            {store::SweepKind::replies, "replies", answers},
            {store::SweepKind::personal, "personal", choice.personal},
            {store::SweepKind::dead_letters, "dead-letters", choice.dead_letters},
            {store::SweepKind::cases, "cases", choice.cases},
            {store::SweepKind::journal, "journal", longer(answers, choice.cases)}};
  std::erase_if(kinds_, [](const Kind& kind) { return kind.keep == Duration{0}; });
  kinds_.push_back({store::SweepKind::keys, "keys", Duration{0}});  // they say themselves when
  kinds_.push_back({store::SweepKind::snapshots, "snapshots", Duration{0}});  // so do their users
}

void Retention::start() { wait_for_round(); }

void Retention::wait_for_round() {
  const std::chrono::steady_clock::duration every = choice().every;
  const auto after = std::exchange(first_round_, false)
                         ? std::min<std::chrono::steady_clock::duration>(every, kFirstRoundAfter)
                         : every;
  parts_.executor.post_after(after, [this] { begin_round(); });
}

void Retention::begin_round() {
  at_ = 0;
  now_ = parts_.business.now();
  begin_kind();
}

void Retention::begin_kind() {
  if (stopped_.load()) return;
  removed_ = 0;
  last_.clear();
  after_.clear();
  try {
    const auto settings = parts_.store.settings();
    const auto found = settings.find(kSetting + kinds_[at_].name);
    if (found != settings.end()) after_ = found->second;
    if (kinds_[at_].kind == store::SweepKind::snapshots) unused_ = parts_.snapshots.unused();
  } catch (const Error&) {
    return wait_for_round();  // the store is away
  }
  step();
}

void Retention::step() {
  if (stopped_.load()) return;
  const Kind& kind = kinds_[at_];
  store::Transaction transaction;
  store::Sweep sweep{kind.kind, now_ - kind.keep, after_, choice().batch};
  if (kind.kind == store::SweepKind::snapshots) {
    sweep.snapshot = next_unused();
    if (sweep.snapshot.empty()) return next_kind();
  }
  transaction.sweeps = {std::move(sweep)};
  if (keeps_its_rows(kind.kind) && !after_.empty())
    transaction.settings.emplace_back(kSetting + kind.name, after_);
  parts_.journal.submit(std::move(transaction),
                        [this](const store::Commit& commit) { stepped(commit); });
}

std::string Retention::next_unused() {
  while (!unused_.empty()) {
    const std::string hash = std::move(unused_.back());
    unused_.pop_back();
    if (parts_.snapshots.begin_removal(hash)) return hash;
  }
  return {};
}

void Retention::stepped(const store::Commit& commit) {
  const bool of_snapshots = kinds_[at_].kind == store::SweepKind::snapshots;
  if (of_snapshots) parts_.snapshots.end_removal();
  if (commit.status != store::CommitStatus::committed) return wait_for_round();
  const store::Swept& swept = commit.swept.at(0);
  removed_ += swept.removed;
  if (swept.removed > 0)
    parts_.metrics.removed(kinds_[at_].name, static_cast<double>(swept.removed));
  if (!swept.last.empty()) last_ = swept.last;
  if (swept.after.empty() && !of_snapshots) return next_kind();
  after_ = swept.after;
  parts_.executor.post_after(kBreath, [this] { step(); });
}

// What was removed is said, and the place kept where the next round goes on.
void Retention::next_kind() {
  const Kind& kind = kinds_[at_];
  store::Transaction transaction;
  if (removed_ > 0) {
    const std::string which = kind.kind == store::SweepKind::snapshots
                                  ? " that nothing open needs"
                                  : ", older than " + format_instant(now_ - kind.keep);
    store::AuditRow audit =
        operator_audit({}, kind.name, "removed " + std::to_string(removed_) + which);
    audit.kind = "retention";
    transaction.audit.push_back(std::move(audit));
  }
  if (keeps_its_rows(kind.kind) && !last_.empty())
    transaction.settings.emplace_back(kSetting + kind.name, last_);
  if (!transaction.audit.empty() || !transaction.settings.empty())
    parts_.journal.submit(std::move(transaction), {});
  if (++at_ == kinds_.size()) return wait_for_round();
  parts_.executor.post_after(kBreath, [this] { begin_kind(); });
}

}  // namespace masar::engine
