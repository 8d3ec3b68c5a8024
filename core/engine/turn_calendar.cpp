// A changed calendar moves the case's due times (ENGINE.md 22).
#include <algorithm>

#include "core/engine/calendar_change.h"
#include "core/engine/turn.h"

namespace masar::engine {
namespace {

constexpr std::size_t kTimersRead = 100;  ///< at once

}  // namespace

// Those whose time had come before apply as they were.
void Turn::reckon_anew() {
  if (!live_) return;
  fire_due(row_.stamp);
  bool moved = false;
  process::Case& value = change();
  for (auto& deadline : value.deadlines) {
    moved = move_due(deadline.due, deadline.working, deadline.name) || moved;
  }
  store::TimerRow last{store::TimerKind::task, row_.case_key, 0, {}, -1, {}, 0, 0};
  for (bool more = true; more;) {
    const auto timers = parts_.store.working_timers(kTimersRead, &last);
    more = timers.size() == kTimersRead && timers.back().case_key == row_.case_key;
    for (const auto& timer : timers) {
      if (timer.case_key == row_.case_key) moved = move_timer(timer, value.tasks) || moved;
    }
    if (more) last = timers.back();
  }
  if (moved) value.version = before_->value.version + 1;
}

bool Turn::move_due(Instant& due, const std::optional<process::WorkingDue>& working,
                    const std::string& name) {
  const auto anew = moved_due(current_snapshot().calendar(), due, working, row_.stamp);
  if (!anew) return false;
  audit("calendar", name, "from " + format_instant(due) + " to " + format_instant(*anew));
  recorded_ += "due " + name + "=" + format_instant(*anew) + "\n";
  due = *anew;
  return true;
}

// Of a task, or of an effect that nobody has answered.
bool Turn::move_timer(store::TimerRow timer, std::vector<process::Task>& tasks) {
  const auto working = read_working(timer.working);
  if (timer.kind == store::TimerKind::task_after) {
    const auto effect = parts_.store.find_outbox(timer.name);
    if (!effect || !move_due(timer.due, working, effect->effect)) return false;
    result_.transaction.timers.push_back(std::move(timer));
    return true;
  }
  const auto task =
      std::find_if(tasks.begin(), tasks.end(), [&](const auto& t) { return t.id == timer.name; });
  if (task != tasks.end()) {
    task->working = working;
    return move_due(task->due, working, task->name);
  }
  auto letter = parts_.store.find_task(timer.name);
  if (!letter || letter->name != kDeadLetterTask || letter->state != store::TaskState::open ||
      !move_due(timer.due, working, letter->name))
    return false;
  letter->due = timer.due;
  put_open_letter(std::move(*letter), std::move(timer));
  return true;
}

}  // namespace masar::engine
