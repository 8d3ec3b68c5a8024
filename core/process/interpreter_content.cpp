#include <algorithm>

#include "core/base/error.h"
#include "core/process/interpreter.h"

/// Executable content, and the deadlines and tasks that it sets.
namespace masar::process {
namespace {

using expression::List;
using expression::Row;
using expression::Table;
using expression::Value;

constexpr std::size_t kTableRowsMax = 10'000;
constexpr std::size_t kEffectsMax = 1'000;  ///< of one event
constexpr std::size_t kTasksMax = 1'000;    ///< open ones of one case

void limit(std::size_t size, std::size_t max, const char* code) {
  if (size >= max) throw Error(ErrorKind::rejected, code, "more than " + std::to_string(max));
}

Instant full_second(Instant at) { return std::chrono::ceil<std::chrono::seconds>(at); }

DueTime full_second(DueTime due) {
  due.at = full_second(due.at);
  if (due.working) {
    due.working->full_second = true;
    due.working->not_before = full_second(due.working->not_before);
  }
  return due;
}

/// So long before `due`; not before `base`.
DueTime before(DueTime due, Duration lead, Instant base) {
  due.at = std::max(due.at - lead, base);
  if (due.working) {
    due.working->lead += lead;
    due.working->not_before = std::max(due.working->not_before - lead, base);
  }
  return due;
}

void set_due(Task& task, const DueTime& due) {
  task.due = due.at;
  task.working = due.working;
}

}  // namespace

bool Run::run(const Code& code) {
  if (code.block.empty()) return true;
  see(code.view);
  return run(code.block);
}

bool Run::run(const Block& block) {
  return std::all_of(block.begin(), block.end(),
                     [this](const Action& action) { return run(action); });
}

bool Run::run(const Action& action) {
  return std::visit(
      [this](const auto& what) {
        using T = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<T, If> || std::is_same_v<T, Foreach>) {
          return run(what);
        } else if constexpr (std::is_same_v<T, Refuse>) {
          out_.refusal = what.code;
          refused_ = true;
          return false;
        } else if constexpr (std::is_same_v<T, Note>) {
          out_.notes.push_back(what.code);
          return true;
        } else {
          run(what);
          return true;
        }
      },
      action.what);
}

bool Run::run(const If& action) {
  for (const Branch& branch : action.branches)
    if (!branch.condition || holds(*branch.condition)) return run(branch.block);
  return true;
}

bool Run::run(const Foreach& action) {
  // Holds the items as they were: what the content does to the table does not change the loop.
  const Value array = evaluate(action.array);
  std::int64_t count = 0;
  const auto next = [&](Value item) {
    variables_[action.item] = std::move(item);
    if (action.index) variables_[*action.index] = Value(count);
    ++count;
    return run(action.block);
  };
  if (action.columns == 0) {
    for (const Value& item : *array.as<std::shared_ptr<const List>>())
      if (!next(item)) return false;
    return true;
  }
  for (const Row& row : array.as<std::shared_ptr<const Table>>()->rows) {
    for (std::size_t c = 0; c < action.columns; ++c)
      variables_[action.item + 1 + c] = c < row.size() ? row[c] : Value();
    if (!next(Value(std::make_shared<const Row>(row)))) return false;
  }
  return true;
}

void Run::run(const Assign& action) { variables_[action.slot] = evaluate(action.value); }

void Run::run(const Put& action) {
  Row row;
  for (const auto& column : action.columns) row.push_back(column ? evaluate(*column) : Value());
  const Value& before = variables_[action.slot];
  auto table = before.is_set() ? std::make_shared<Table>(*before.as<std::shared_ptr<const Table>>())
                               : std::make_shared<Table>();
  const auto same = [&](const Row& other) { return other[action.key] == row[action.key]; };
  const auto found = std::find_if(table->rows.begin(), table->rows.end(), same);
  if (found != table->rows.end()) {
    *found = std::move(row);
  } else {
    limit(table->rows.size(), kTableRowsMax, "table-full");
    table->rows.push_back(std::move(row));
  }
  variables_[action.slot] = Value(std::shared_ptr<const Table>(std::move(table)));
}

void Run::run(const Clear& action) {
  const auto kind = model_.data[action.slot].declaration.type.kind;
  if (kind == expression::Kind::table)
    variables_[action.slot] = Value(std::make_shared<const Table>());
  else if (kind == expression::Kind::list)
    variables_[action.slot] = Value(std::make_shared<const List>());
  else variables_[action.slot] = Value();
}

Arguments Run::arguments(const std::vector<std::optional<expression::Expression>>& given,
                         const expression::Columns& declared) {
  Arguments made;
  for (std::size_t i = 0; i < declared.size(); ++i)
    made.emplace_back(declared[i].first,
                      i < given.size() && given[i] ? evaluate(*given[i]) : Value());
  return made;
}

void Run::run(const Emit& action) {
  limit(out_.effects.size(), kEffectsMax, "too-many-effects");
  const EffectDeclaration& declared = model_.effects[static_cast<std::size_t>(action.effect)];
  Effect effect;
  effect.name = declared.name;
  effect.arguments = arguments(action.arguments, declared.arguments);
  effect.index = static_cast<int>(out_.effects.size());
  effect.visit = action.for_case ? 0 : kVisitToCome;
  effect.essential = action.essential;
  if (action.not_after) effect.not_after = evaluate(*action.not_after).as<Instant>();
  out_.effects.push_back(std::move(effect));
}

void Run::run(const Say& action) {
  const ReplyDeclaration& declared = model_.replies[static_cast<std::size_t>(action.reply)];
  out_.reply = Reply{declared.name, arguments(action.arguments, declared.arguments)};
}

void Run::run(const Ask& action) {
  const auto text = [this](const auto& expression) {
    return expression ? evaluate(*expression).template as<std::string>() : std::string();
  };
  open_task(action.task, text(action.effect), text(action.detail));
}

void Run::run(const Withdraw& action) {
  const std::string& name = model_.tasks[static_cast<std::size_t>(action.task)].declaration.name;
  const std::string effect =
      action.effect ? evaluate(*action.effect).as<std::string>() : std::string();
  for (std::size_t i = out_.after.tasks.size(); i-- > 0;)
    if (out_.after.tasks[i].name == name &&
        (!action.effect || out_.after.tasks[i].effect == effect))
      end_task(i);
}

void Run::open_task(int index, std::string effect, std::string detail) {
  limit(out_.after.tasks.size(), kTasksMax, "too-many-tasks");
  const TaskType& type = model_.tasks[static_cast<std::size_t>(index)];
  Task task;
  task.id = out_.after.key + "." + std::to_string(out_.after.event_number) + "." +
            std::to_string(tasks_asked_++);
  task.name = type.declaration.name;
  task.visit = type.for_case || !type.until.empty() ? 0 : kVisitToCome;
  task.until = type.until;
  task.asked = inputs_.now;
  set_due(task, later(inputs_.now, type.declaration.due));
  task.effect = std::move(effect);
  task.detail = std::move(detail);
  out_.after.tasks.push_back(task);
  out_.tasks_opened.push_back(std::move(task));
}

void Run::end_task(std::size_t position) {
  Task task = std::move(out_.after.tasks[position]);
  out_.after.tasks.erase(out_.after.tasks.begin() + static_cast<std::ptrdiff_t>(position));
  auto& opened = out_.tasks_opened;
  const auto same = std::find_if(opened.begin(), opened.end(),
                                 [&](const Task& other) { return other.id == task.id; });
  // Asked and withdrawn by the same event: nobody ever sees it.
  if (same != opened.end()) opened.erase(same);
  else out_.tasks_ended.push_back(std::move(task));
}

void Run::answer(const Task& task) {
  for (std::size_t i = 0; i < out_.after.tasks.size(); ++i) {
    if (out_.after.tasks[i].id != task.id) continue;
    end_task(i);
    return;
  }
}

void Run::escalate(const std::string& task_id) {
  for (Task& task : out_.after.tasks) {
    if (task.id != task_id) continue;
    const auto found = model_.task_index.find(task.name);
    if (found == model_.task_index.end()) break;
    set_due(task, later(inputs_.applied,
                        model_.tasks[static_cast<std::size_t>(found->second)].declaration.due));
    out_.tasks_opened.push_back(task);
    return;
  }
  throw Error(ErrorKind::rejected, "task-over", "task " + task_id + " is not open");
}

void Run::ask(int task, const std::string& effect, const std::string& detail) {
  open_task(task, effect, detail);
  arrive();
}

const DeadlineType& Run::type_of(const Deadline& deadline) const {
  const auto order = static_cast<std::size_t>(deadline.order);
  if (deadline.order < 0 || order >= model_.deadlines.size() ||
      model_.deadlines[order].name != deadline.name)
    throw Error(ErrorKind::internal, "deadline-shape",
                "deadline " + deadline.name + " is not of process " + model_.name);
  return model_.deadlines[order];
}

/// On entry of their state: first those that count from the moment, then those before another.
void Run::set_deadlines(int state) {
  std::vector<int> waiting;
  for (const int index : model_.state(state).deadlines) {
    const DeadlineType& type = model_.deadlines[static_cast<std::size_t>(index)];
    if (!type.on_entry || !type.due) continue;
    see(type.view);
    if (type.due->before.empty()) set_deadline(index, *type.due, out_.after.visit);
    else waiting.push_back(index);
  }
  for (bool progress = true; progress && !waiting.empty();) {
    progress = false;
    for (auto index = waiting.begin(); index != waiting.end();) {
      const Due& due = *model_.deadlines[static_cast<std::size_t>(*index)].due;
      if (!due_of(due.before).is_set()) {
        ++index;
        continue;
      }
      set_deadline(*index, due, out_.after.visit);
      index = waiting.erase(index);
      progress = true;
    }
  }
}

void Run::run(const SetDeadline& action) {
  const DeadlineType& type = model_.deadlines[static_cast<std::size_t>(action.deadline)];
  if (type.owner >= 0 && !model_.inside(active_, type.owner))
    throw Error(ErrorKind::rejected, "deadline-out-of-place",
                "deadline " + type.name + " belongs to a state that is not active");
  std::int64_t visit = type.for_case ? 0 : kVisitToCome;
  for (const auto& open : out_.after.deadlines)
    if (open.name == type.name) visit = open.visit;
  set_deadline(action.deadline, action.due ? *action.due : *type.due, visit);
}

void Run::run(const ClearDeadline& action) {
  for (std::size_t i = out_.after.deadlines.size(); i-- > 0;)
    if (out_.after.deadlines[i].name == action.name) end_deadline(i);
}

/// A deadline before one that is not open is not set.
void Run::set_deadline(int deadline, const Due& due, std::int64_t visit) {
  if (const auto at = due_at(due)) set_at(deadline, *at, visit);
}

void Run::set_at(int index, const DueTime& due, std::int64_t visit) {
  const DeadlineType& type = model_.deadlines[static_cast<std::size_t>(index)];
  run(ClearDeadline{type.name});
  Value& counter = hidden(type.counter);
  const std::int64_t serial = counter.is_set() ? counter.as<std::int64_t>() + 1 : 1;
  counter = Value(serial);
  Deadline deadline{type.name, serial, due.at, index, visit, due.working};
  out_.after.deadlines.push_back(deadline);
  out_.deadlines_set.push_back(std::move(deadline));
}

void Run::end_deadline(std::size_t position) {
  Deadline deadline = std::move(out_.after.deadlines[position]);
  out_.after.deadlines.erase(out_.after.deadlines.begin() + static_cast<std::ptrdiff_t>(position));
  auto& set = out_.deadlines_set;
  const auto same = std::find_if(set.begin(), set.end(), [&](const Deadline& other) {
    return other.name == deadline.name && other.serial == deadline.serial;
  });
  if (same != set.end()) set.erase(same);
  else out_.deadlines_cleared.push_back(std::move(deadline));
}

std::optional<DueTime> Run::due_at(const Due& due) {
  const Instant base = due.from_applied ? inputs_.applied : inputs_.now;
  DueTime at;
  if (due.span) {
    at = later(base, *due.span);
  } else if (due.length) {
    at.at = base + evaluate(*due.length).as<Duration>();
  } else if (due.at) {
    at.at = evaluate(*due.at).as<Instant>();
  } else {
    const Deadline* other = open_deadline(due.before);
    if (other == nullptr) return std::nullopt;
    at = before({other->due, other->working}, due.lead, base);  // one that is over is due at once
  }
  return due.round_second ? full_second(at) : at;
}

DueTime Run::later(Instant from, const Span& span) const {
  if (span.working_days == 0) return {from + span.fixed};
  if (inputs_.calendar == nullptr)
    throw Error(ErrorKind::internal, "no-calendar", "no calendar is at hand");
  return inputs_.calendar->reckon(from, span);
}

void Run::come_due(const Deadline& deadline) {
  for (std::size_t i = 0; i < out_.after.deadlines.size(); ++i) {
    const Deadline open = out_.after.deadlines[i];
    if (open.name != deadline.name || open.serial != deadline.serial) continue;
    const DeadlineType& type = type_of(open);
    end_deadline(i);
    if (!type.every) return;
    const DueTime next = later(inputs_.applied, *type.every);
    set_at(open.order, type.due && type.due->round_second ? full_second(next) : next, open.visit);
    return;
  }
  throw Error(ErrorKind::internal, "no-such-deadline",
              "deadline " + deadline.name + " is not open");
}

}  // namespace masar::process
