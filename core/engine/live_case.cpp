#include "core/engine/live_case.h"

#include <algorithm>
#include <sstream>
#include <tuple>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/process/schema.h"

namespace masar::engine {
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

store::TimerRow deadline_row(const process::Case& value, const process::Deadline& deadline) {
  return {store::TimerKind::deadline,
          value.key,
          partition_of(value.key),
          deadline.name,
          deadline.serial,
          deadline.due,
          deadline.order,
          deadline.visit,
          write_working(deadline.working)};
}

store::TimerRow task_timer(const process::Case& value, const process::Task& task) {
  return {store::TimerKind::task,
          value.key,
          partition_of(value.key),
          task.id,
          0,
          task.due,
          0,
          task.visit,
          write_working(task.working)};
}

store::TaskRow task_row(const process::Case& value, const process::Task& task) {
  store::TaskRow row;
  row.id = task.id;
  row.case_key = value.key;
  row.partition = partition_of(value.key);
  row.name = task.name;
  row.visit = task.visit;
  row.until = join(task.until);
  row.asked = task.asked;
  row.due = task.due;
  row.effect = task.effect;
  row.detail = task.detail;
  return row;
}

void put_deadlines(const process::Case* before, const process::Case& after,
                   store::Transaction& transaction) {
  const auto same = [](const process::Deadline& a) {
    return [&a](const process::Deadline& b) {
      return a.name == b.name && a.serial == b.serial && a.due == b.due;
    };
  };
  static const std::vector<process::Deadline> none;
  const auto& old = before ? before->deadlines : none;
  for (const auto& deadline : old) {
    if (std::none_of(after.deadlines.begin(), after.deadlines.end(), same(deadline))) {
      transaction.timers_cleared.push_back(deadline_row(after, deadline));
    }
  }
  for (const auto& deadline : after.deadlines) {
    if (std::none_of(old.begin(), old.end(), same(deadline))) {
      transaction.timers.push_back(deadline_row(after, deadline));
    }
  }
}

void put_tasks(const process::Case* before, const process::Case& after,
               store::Transaction& transaction) {
  static const std::vector<process::Task> none;
  const auto& old = before ? before->tasks : none;
  const auto named = [](const std::vector<process::Task>& tasks,
                        const std::string& id) -> const process::Task* {
    const auto found =
        std::find_if(tasks.begin(), tasks.end(), [&](const auto& t) { return t.id == id; });
    return found == tasks.end() ? nullptr : &*found;
  };
  for (const auto& task : old) {
    const auto* now = named(after.tasks, task.id);
    if (now && now->due == task.due) continue;
    transaction.timers_cleared.push_back(task_timer(after, task));
    if (now) continue;
    store::TaskRow row = task_row(after, task);
    row.state = store::TaskState::withdrawn;
    transaction.tasks.push_back(std::move(row));
  }
  for (const auto& task : after.tasks) {
    const auto* then = named(old, task.id);
    if (then && then->due == task.due) continue;
    transaction.tasks.push_back(task_row(after, task));
    transaction.timers.push_back(task_timer(after, task));
  }
}

const std::shared_ptr<const process::Definition>& definition_in(const Snapshot& snapshot,
                                                                const LiveCase& live) {
  const auto found = snapshot.library.processes.find(live.value.process);
  if (found != snapshot.library.processes.end()) return found->second;
  throw Error(ErrorKind::rejected, "unknown-process",
              "the configuration has no process " + live.value.process);
}

}  // namespace

SeenCase seen_by(const Snapshot& snapshot, const LiveCase& live) {
  SeenCase seen{definition_in(snapshot, live), live.value};
  if (seen.definition != live.definition)
    seen.definition->decode(live.definition->encode(live.value), seen.value);
  return seen;
}

const process::Definition& fill_seen(const Snapshot& snapshot, const LiveCase& live,
                                     std::vector<expression::Value>& variables) {
  const auto& definition = definition_in(snapshot, live);
  if (definition == live.definition) {  // as it mostly is: without a copy of the case
    route::fill_case(*definition, live.value, variables);
  } else {
    route::fill_case(*definition, seen_by(snapshot, live).value, variables);
  }
  return *definition;
}

std::shared_ptr<const Snapshot> snapshot_of(Snapshots& snapshots, const store::CaseRow& row) {
  return row.ended ? snapshots.find_over(row.snapshot) : snapshots.find(row.snapshot);
}

LiveCase from_record(std::shared_ptr<const Snapshot> snapshot, const store::CaseRecord& record) {
  const auto found = snapshot->library.processes.find(record.row.process);
  if (found == snapshot->library.processes.end()) {
    throw Error(ErrorKind::internal, "unknown-process",
                "the configuration has no process " + record.row.process);
  }
  LiveCase live;
  live.definition = found->second;
  live.service_time = record.row.service_time;
  process::Case& value = live.value;
  value.key = record.row.key;
  value.process = record.row.process;
  value.snapshot = snapshot->hash;
  live.snapshot = std::move(snapshot);
  value.state = record.row.state;
  value.version = record.row.version;
  value.event_number = record.row.event_number;
  value.visit = record.row.visit;
  value.opened = record.row.opened;
  value.since = record.row.since;
  value.ended = record.row.ended;
  live.definition->decode(record.row.data, value);
  for (const auto& row : record.deadlines) {
    // Where this definition declares it, which need not be where the one that set it did.
    const int place = live.definition->deadline_place(row.name);
    value.deadlines.push_back(
        {row.name, row.serial, row.due, place, row.visit, read_working(row.working)});
  }
  for (const auto& row : record.tasks) {
    if (row.name == kDeadLetterTask) continue;
    value.tasks.push_back({row.id, row.name, row.visit, process::words(row.until), row.asked,
                           row.due, {}, row.effect, row.detail});
  }
  return live;
}

store::CaseRow to_row(const LiveCase& live) {
  const process::Case& value = live.value;
  store::CaseRow row;
  row.key = value.key;
  row.partition = partition_of(value.key);
  row.process = value.process;
  row.snapshot = value.snapshot;
  row.state = value.state;
  row.version = value.version;
  row.event_number = value.event_number;
  row.visit = value.visit;
  row.opened = value.opened;
  row.since = value.since;
  row.ended = value.ended;
  row.data = live.definition->encode(value);
  row.service_time = live.service_time;
  const auto& declared = live.definition->data();
  for (std::size_t at = 0; at < declared.size() && at < value.data.size(); ++at) {
    if (declared[at].search.empty() || !value.data[at].is_set()) continue;
    row.search.emplace_back(declared[at].search,
                            normalise_search(expression::to_text(value.data[at])));
  }
  return row;
}

void put_changes(const process::Case* before, const process::Case& after,
                 store::Transaction& transaction) {
  put_deadlines(before, after, transaction);
  put_tasks(before, after, transaction);
}

std::string write_working(const std::optional<process::WorkingDue>& due) {
  if (!due) return {};
  std::string text;
  for (const std::int64_t number :
       {due->from.time_since_epoch().count(), std::int64_t{due->days},
        std::int64_t{due->full_second}, due->lead.count(),
        due->not_before.time_since_epoch().count()}) {
    if (!text.empty()) text += ' ';
    text += std::to_string(number);
  }
  return text;
}

std::optional<process::WorkingDue> read_working(const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::istringstream in(text);
  std::int64_t from = 0, lead = 0, not_before = 0;
  process::WorkingDue due;
  if (!(in >> from >> due.days >> due.full_second >> lead >> not_before)) return std::nullopt;
  due.from = Instant(Duration(from));
  due.lead = Duration(lead);
  due.not_before = Instant(Duration(not_before));
  return due;
}

const process::Deadline* earliest_due(const process::Case& value, Instant until) {
  const process::Deadline* earliest = nullptr;
  if (planted("deadline-early")) until += std::chrono::minutes(10);
  for (const auto& deadline : value.deadlines) {
    if (deadline.due > until) continue;
    if (!earliest ||
        std::tie(deadline.due, deadline.order) < std::tie(earliest->due, earliest->order)) {
      earliest = &deadline;
    }
  }
  return earliest;
}

std::string normalise_search(std::string_view text) {
  if (const auto mobile = jordan_mobile(text)) return *mobile;
  return ascii_digits(trim(text));
}

}  // namespace masar::engine
