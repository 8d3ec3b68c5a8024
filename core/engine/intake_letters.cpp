// Dead letters that are dealt with (ENGINE.md 23): once more through Intake, or discarded.
#include "core/base/hash.h"
#include "core/engine/exchange.h"
#include "core/engine/records.h"

namespace masar::engine {
namespace {

/// The letter goes, and the task that stands for it.
void end_letter(store::Store& store, const store::DeadLetterRow& letter,
                const std::string& case_key, store::DeadLetterState state, Instant now,
                store::Transaction& transaction) {
  transaction.dead_letter_states.emplace_back(letter.id, state);
  if (case_key.empty()) return;
  for (auto& task : tasks_of_letter(store, letter.id, case_key, store::TaskState::open)) {
    transaction.timers_cleared.push_back(
        {store::TimerKind::task, task.case_key, task.partition, task.id, 0, {}, 0, 0});
    task.state = store::TaskState::answered;
    task.answer = state == store::DeadLetterState::retried ? kRetryAnswer : kDiscardAnswer;
    task.ended = now;
    transaction.tasks.push_back(std::move(task));
  }
}

/// The effect once more: its turn makes the document, and sends it under the same id.
store::JournalRow effect_again(const store::DeadLetterRow& letter, const std::string& snapshot) {
  store::JournalRow row;
  row.case_key = letter.case_key;
  row.partition = letter.partition;
  row.kind = store::JournalKind::retry;
  row.route = letter.route;
  row.effect = letter.effect;
  row.payload = letter.original;
  row.snapshot = snapshot;
  return row;
}

store::JournalRow journal_again(const store::JournalRow& original) {
  store::JournalRow row = original;
  row.id = 0;
  row.kind =
      original.kind == store::JournalKind::message ? store::JournalKind::retry : original.kind;
  row.state = store::JournalState::undone;
  row.origin = original.origin ? original.origin : original.id;
  row.attempts = 0;
  row.envelope = 0;
  row.part = 0;
  row.parts = 1;
  return row;
}

}  // namespace

// A message that had found no case looks for one again.
bool IntakeDesk::find_case_again(store::JournalRow& row) const {
  const auto* endpoint = parts_.snapshot.endpoint(row.endpoint);
  const auto* route = parts_.snapshot.route(row.route);
  if (!row.case_key.empty() || !endpoint || !route) return true;
  Exchange exchange;
  exchange.endpoint = endpoint;
  exchange.route = route;
  route::fill_message({row.message_id, row.sender, row.name, row.endpoint, row.stamp},
                      exchange.variables);
  Part part;
  part.document = parts_.snapshot.reader->read(row.payload);
  (void)find_existing(exchange, part);
  row.case_key = part.case_key;
  row.partition = partition_of(part.case_key);
  return !row.case_key.empty();
}

void IntakeDesk::retry(const store::DeadLetterRow& letter,
                       const std::optional<store::JournalRow>& original,
                       std::function<void(ActResult)> done) {
  store::JournalRow row =
      original ? engine::journal_again(*original) : effect_again(letter, parts_.snapshot.hash);
  if (!find_case_again(row)) return done({409, "no-such-case", "the message still finds no case"});
  store::Transaction transaction;
  transaction.audit.push_back(
      operator_audit(row.case_key, "retry", "dead letter " + std::to_string(letter.id)));
  end_letter(parts_.store, letter, row.case_key, store::DeadLetterState::retried,
             parts_.business.now(), transaction);
  transaction.journal.push_back(std::move(row));
  submit_letter(std::move(transaction), std::move(done));
}

void IntakeDesk::discard(const store::DeadLetterRow& letter, const std::string& reason,
                         std::function<void(ActResult)> done) {
  store::Transaction transaction;
  transaction.audit.push_back(operator_audit(
      letter.case_key, "discard", "dead letter " + std::to_string(letter.id) + ": " + reason));
  end_letter(parts_.store, letter, letter.case_key, store::DeadLetterState::discarded,
             parts_.business.now(), transaction);
  submit_letter(std::move(transaction), std::move(done));
}

void IntakeDesk::submit_letter(store::Transaction transaction,
                               std::function<void(ActResult)> done) {
  parts_.journal.submit(std::move(transaction),
                        [done = std::move(done)](const store::Commit& commit) {
                          if (commit.status == store::CommitStatus::committed) return done({});
                          if (commit.conflict == "dead-letter")
                            return done({409, "dead-letter-over", "it was dealt with already"});
                          done({503, "store", "the store did not take it; try again"});
                        });
}

}  // namespace masar::engine
