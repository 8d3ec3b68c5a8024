// An open case goes over to the current configuration (ENGINE.md 22).
#include "core/engine/migration.h"
#include "core/engine/turn.h"

namespace masar::engine {
namespace {

std::string one_line(const std::vector<std::string>& reasons) {
  std::string text;
  for (const auto& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

}  // namespace

// Whether it fits is judged at its turn, after all that came before.
void Turn::migrate() {
  const auto refused = [this](const std::string& code, const std::string& text) {
    audit("migration", code, text);
    result_.answer = connector::PartAnswer{connector::PartAnswer::Kind::refused, code, text, {}};
  };
  if (!live_) return refused("no-such-case", "there is no such case");
  fire_due(row_.stamp);
  if (live_->value.ended) return refused("case-over", "the case has ended");
  const std::string from = live_->value.snapshot;
  if (from == current_snapshot().hash) return;  // asked for twice
  auto adopted = migrated(*live_, parts_.snapshots, parts_.store, row_.stamp);
  if (!adopted.reasons.empty()) return refused("does-not-fit", one_line(adopted.reasons));
  auto moved = std::make_shared<LiveCase>();
  moved->snapshot = parts_.snapshots.current_one();
  moved->definition = moved->snapshot->library.processes.find(live_->value.process)->second;
  moved->value = std::move(adopted.after);
  moved->value.version = before_->value.version + 1;
  moved->service_time = live_->service_time;
  live_ = std::move(moved);
  audit("migration", live_->value.process, "from " + from + " to " + live_->value.snapshot);
}

}  // namespace masar::engine
