#include "core/engine/operations.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <sstream>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/engine/live_case.h"
#include "core/engine/records.h"
#include "core/message/xml_writer.h"

namespace masar::engine {
namespace {

constexpr std::chrono::milliseconds kTurnWait{5000};  ///< for an answer's turn

ActResult from_commit(const store::Commit& commit) {
  if (commit.status == store::CommitStatus::committed) return {};
  if (commit.status == store::CommitStatus::conflict)
    return {409, "conflict", "it changed meanwhile"};
  return {503, "store", "the store did not take it; try again"};
}

/// The answer's fields as the document that its turn reads; throws Error(rejected, …) for what does
/// not fit.
std::string answer_document(const process::TaskAnswer& answer,
                            const std::map<std::string, std::string>& fields) {
  pugi::xml_document document;
  auto root = document.append_child("answer");
  for (const auto& [name, text] : fields) {
    const auto known = std::find_if(answer.fields.begin(), answer.fields.end(),
                                    [&](const auto& f) { return f.first == name; });
    if (known == answer.fields.end())
      throw Error(ErrorKind::rejected, "unknown-field", "the answer has no field " + name);
    auto element = root.append_child(name.c_str());
    if (known->second.kind != expression::Kind::list) {
      (void)expression::from_text(text, known->second.kind);
      element.text().set(text.c_str());
      continue;
    }
    std::istringstream items(text);
    for (std::string item; items >> item;) element.append_child("item").text().set(item.c_str());
  }
  for (const auto& [name, type] : answer.fields) {
    if (!fields.contains(name))
      throw Error(ErrorKind::rejected, "missing-field", "the answer needs the field " + name);
  }
  return write_xml(document);
}

}  // namespace

std::optional<process::TaskDeclaration> Operations::declaration(const store::TaskRow& task) const {
  const auto record = hub_.store().find_case(task.case_key);
  if (!record) return std::nullopt;
  const auto began = snapshot_of(hub_.snapshots(), record->row);
  const auto found = began->library.processes.find(record->row.process);
  if (found == began->library.processes.end()) return std::nullopt;
  for (const auto& declared : found->second->tasks()) {
    if (declared.name == task.name) return declared;
  }
  return std::nullopt;
}

void Operations::answer_task(const std::string& id, const std::string& answer,
                             const std::map<std::string, std::string>& fields,
                             std::optional<std::int64_t> version, Done done) {
  const auto task = hub_.store().find_task(id);
  if (!task) return done({404, "no-such-task", "there is no task " + id});
  if (task->state != store::TaskState::open) return done({409, "task-over", "the task is over"});
  if (task->name == kDeadLetterTask) return answer_letter(*task, answer, fields, std::move(done));
  const auto declared = declaration(*task);
  const process::TaskAnswer* chosen = nullptr;
  std::string known;
  if (declared) {
    for (const auto& one : declared->answers) {
      known += (known.empty() ? "" : ", ") + one.name;
      if (one.name == answer) chosen = &one;
    }
  }
  if (!chosen) return done({422, "unknown-answer", "the answers are: " + known});
  store::Transaction transaction;
  store::JournalRow row;
  try {
    row.payload = answer_document(*chosen, fields);
  } catch (const Error& error) {
    return done({422, error.code(), error.what()});
  }
  row.kind = store::JournalKind::answer;
  row.case_key = task->case_key;
  row.partition = task->partition;
  row.name = answer;
  row.message_id = id;
  row.sender = "office";
  row.serial = version.value_or(0);
  row.owes_reply = true;
  row.snapshot = hub_.snapshot().hash;
  transaction.journal.push_back(std::move(row));
  transaction.audit.push_back(operator_audit(task->case_key, "answer", task->name + ": " + answer));
  journal_and_wait(std::move(transaction), std::move(done));
}

void Operations::migrate_case(const std::string& key, Done done) {
  if (!hub_.store().find_case(key)) return done({404, "no-such-case", "there is no case " + key});
  const std::string& to = hub_.snapshot().hash;
  store::Transaction transaction;
  store::JournalRow row;
  row.kind = store::JournalKind::migrate;
  row.case_key = key;
  row.partition = partition_of(key);
  row.sender = "office";
  row.owes_reply = true;
  row.snapshot = to;
  transaction.journal.push_back(std::move(row));
  transaction.audit.push_back(operator_audit(key, "migrate", "to configuration " + to));
  journal_and_wait(std::move(transaction), std::move(done));
}

void Operations::journal_and_wait(store::Transaction transaction, Done done) {
  hub_.journal().submit(std::move(transaction), [this, done](const store::Commit& commit) {
    if (commit.status != store::CommitStatus::committed) return done(from_commit(commit));
    wait_for_turn(commit.journal_ids.at(0), done);
  });
}

// Whether the task still stood is known when the answer has had its turn: two people may answer at
// once.
void Operations::wait_for_turn(store::RowId row, const Done& done) {
  const auto answered = [done](connector::IntakeAnswer answer) {
    using Kind = connector::PartAnswer::Kind;
    const auto& part = answer.at(0);
    if (part.kind == Kind::accepted || part.kind == Kind::replied) return done({});
    if (part.kind == Kind::refused) return done({409, part.code, part.text});
    if (part.code == "in-doubt") {
      return done({409, "dead-letter", "the case could not take it: see the dead letters"});
    }
    done({503, part.code, "the answer is taken in, but has not had its turn yet"});
  };
  auto ticket = hub_.replies().wait({{row}, {connector::PartAnswer{}}, answered});
  hub_.executor().post_after(kTurnWait, [&desk = hub_.replies(), ticket] { desk.expire(ticket); });
}

// In force once it is committed: what was answered with an error is as it was. The flag is set in
// the order of the commits; those who look at it are told off the thread for answers.
void Operations::set_pause(bool of_endpoint, const std::string& id, bool paused, Done done) {
  if (const auto why = hub_.not_ready(); why == Hub::kRecovering)
    return done({503, "not-ready", "the hub is " + why + "; try again"});
  const std::string kind = of_endpoint ? "endpoint" : "route";
  const std::string setting(of_endpoint ? kEndpointPause : kRoutePause);
  store::Transaction transaction;
  transaction.settings.emplace_back(setting + id, paused ? "1" : "");
  transaction.audit.push_back(operator_audit({}, paused ? "pause" : "resume", kind + " " + id));
  hub_.journal().submit(std::move(transaction), [=, this](const store::Commit& commit) {
    if (commit.status != store::CommitStatus::committed) return done(from_commit(commit));
    if (of_endpoint) {
      hub_.pauses().set_endpoint(id, paused);
    } else {
      hub_.pauses().set_route(id, paused);
    }
    hub_.executor().post([this, done] {
      hub_.pauses_changed();
      done({});
    });
  });
}

void Operations::pause_endpoint(const std::string& id, bool paused, Done done) {
  if (!hub_.snapshot().endpoint(id))
    return done({404, "no-such-endpoint", "there is no endpoint " + id});
  set_pause(true, id, paused, std::move(done));
}

void Operations::pause_route(const std::string& id, bool paused, Done done) {
  if (!hub_.snapshot().route(id)) return done({404, "no-such-route", "there is no route " + id});
  set_pause(false, id, paused, std::move(done));
}

std::optional<store::DeadLetterRow> Operations::open_letter(std::int64_t id, const Done& done) {
  auto letter = hub_.store().find_dead_letter(id);
  if (!letter) {
    done({404, "no-such-dead-letter", "there is no dead letter " + std::to_string(id)});
    return std::nullopt;
  }
  if (letter->state == store::DeadLetterState::open) return letter;
  done({409, "dead-letter-over", "it was dealt with already"});
  return std::nullopt;
}

void Operations::retry_dead_letter(std::int64_t id, Done done) {
  const auto letter = open_letter(id, done);
  if (!letter) return;
  auto original = letter->journal ? hub_.store().find_journal(letter->journal) : std::nullopt;
  if (!original && letter->original.empty())
    return done({409, "no-original", "its message is not kept any more: discard it"});
  hub_.intake().retry(*letter, original, std::move(done));
}

void Operations::discard_dead_letter(std::int64_t id, const std::string& reason, Done done) {
  if (reason.size() > kReasonMax || !is_utf8(reason))
    return done({422, "bad-reason",
                 "a reason is text of at most " + std::to_string(kReasonMax) + " bytes"});
  const std::string text(trim(clean_text(reason)));
  if (text.empty())
    return done({422, "no-reason", "say why it is discarded: the reason stays in the timeline"});
  const auto letter = open_letter(id, done);
  if (letter) hub_.intake().discard(*letter, text, std::move(done));
}

void Operations::answer_letter(const store::TaskRow& task, const std::string& answer,
                               const std::map<std::string, std::string>& fields, Done done) {
  const std::int64_t id = std::atoll(task.effect.c_str());
  for (const auto& [name, value] : fields) {
    if (answer == kDiscardAnswer && name == kReasonField) continue;
    return done({422, "unknown-field", "the answer has no field " + name});
  }
  if (answer == kRetryAnswer) return retry_dead_letter(id, std::move(done));
  if (answer != kDiscardAnswer)
    return done({422, "unknown-answer", "the answers are: retry, discard"});
  const auto reason = fields.find(kReasonField);
  if (reason == fields.end())
    return done({422, "missing-field", "the answer needs the field reason"});
  discard_dead_letter(id, reason->second, std::move(done));
}

std::size_t Operations::due_in_24h() const {
  return hub_.store().due(hub_.business().now() + std::chrono::hours(24), 10'000).size();
}

// Nothing is in flight when the clock is moved, nor begins between the look and the move: it waits
// at the journal's door, and then has the new time.
void Operations::step_clock(Done done) {
  auto* clock = hub_.stepped();
  if (!clock) return done({409, "clock-not-stepped", "hub.xml does not say clock=\"stepped\""});
  ActResult why{409, "in-flight", "the clock is being moved"};
  auto to = std::make_shared<Instant>();
  const auto look = [&]() -> std::optional<store::Transaction> {
    why.text = hub_.in_flight();
    if (!why.text.empty()) return std::nullopt;
    const auto next = hub_.store().next_due();
    why = {409, "nothing-due", "no due time is stored"};
    if (!next) return std::nullopt;
    *to = std::max(*next, clock->now());
    store::Transaction transaction;
    transaction.settings.emplace_back("clock", format_instant(*to));
    transaction.audit.push_back(operator_audit({}, "clock", "stepped to " + format_instant(*to)));
    return transaction;
  };
  const auto move = [this, clock, to, done](const store::Commit& commit) {
    if (commit.status == store::CommitStatus::committed) {
      clock->move_to(*to);
      hub_.timers().look();
    }
    done(from_commit(commit));
  };
  if (!hub_.journal().alone(look, move)) done(why);
}

}  // namespace masar::engine
