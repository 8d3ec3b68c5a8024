#include "core/engine/journal.h"

namespace masar::engine {

/// What outlives the transaction until its commit has returned.
struct Journal::Carried {
  std::vector<store::JournalRow> rows;
  std::vector<Document> documents;
  std::vector<store::OutboxRow> effects;
  std::vector<store::TimerRow> timers;
  Done done;
};

void Journal::submit(store::Transaction transaction, Done done, std::vector<Document> documents) {
  auto carried = std::make_shared<Carried>();
  carried->rows = transaction.journal;
  carried->effects = transaction.outbox;
  carried->timers = transaction.timers;
  carried->documents = std::move(documents);
  carried->documents.resize(carried->rows.size());
  carried->done = std::move(done);
  in_flight_.fetch_add(1);
  store_.submit(std::move(transaction), [this, carried](const store::Commit& commit) {
    if (carried->done) carried->done(commit);
    if (commit.status == store::CommitStatus::committed) carry_on(*carried, commit);
    in_flight_.fetch_sub(1);
  });
}

void Journal::carry_on(const Carried& carried, const store::Commit& commit) {
  for (const auto& timer : carried.timers) hooks_.timer(timer);
  for (std::size_t at = 0; at < carried.effects.size(); ++at) {
    store::OutboxRow row = carried.effects[at];
    if (row.state != store::OutboxState::ready) continue;
    row.sequence = commit.outbox_sequences.at(at);
    hooks_.effect(std::move(row));
  }
  for (std::size_t at = 0; at < carried.rows.size(); ++at) {
    store::JournalRow row = carried.rows[at];
    if (row.state != store::JournalState::undone || row.case_key.empty()) continue;
    row.id = commit.journal_ids.at(at);
    row.stamp = commit.stamps.at(at);
    hooks_.row(std::move(row), carried.documents[at]);
  }
}

}  // namespace masar::engine
