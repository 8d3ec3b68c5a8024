#include "core/engine/journal.h"

namespace masar::engine {

/// What outlives the transaction until its commit has returned: only what somebody carries on, each
/// with its place in the transaction, for a copy costs as much as the row is long.
struct Journal::Carried {
  struct Row {
    std::size_t at;
    store::JournalRow row;
    Document document;
  };
  struct Effect {
    std::size_t at;
    store::OutboxRow row;
  };
  std::vector<Row> rows;
  std::vector<Effect> effects;
  std::vector<store::TimerRow> timers;
  Done done;
};

void Journal::submit(store::Transaction transaction, Done done, std::vector<Document> documents) {
  auto carried = std::make_shared<Carried>();
  documents.resize(transaction.journal.size());
  for (std::size_t at = 0; at < transaction.journal.size(); ++at) {
    const store::JournalRow& row = transaction.journal[at];
    if (row.state != store::JournalState::undone || row.case_key.empty()) continue;
    carried->rows.push_back({at, row, std::move(documents[at])});
  }
  for (std::size_t at = 0; at < transaction.outbox.size(); ++at) {
    const store::OutboxRow& row = transaction.outbox[at];
    if (row.state == store::OutboxState::ready) carried->effects.push_back({at, row});
  }
  carried->timers = transaction.timers;
  carried->done = std::move(done);
  in_flight_.fetch_add(1);
  store_.submit(std::move(transaction), [this, carried](const store::Commit& commit) {
    if (carried->done) carried->done(commit);
    if (commit.status == store::CommitStatus::committed) carry_on(*carried, commit);
    in_flight_.fetch_sub(1);
  });
}

void Journal::carry_on(Carried& carried, const store::Commit& commit) {
  for (const auto& timer : carried.timers) hooks_.timer(timer);
  for (auto& [at, row] : carried.effects) {
    row.sequence = commit.outbox_sequences.at(at);
    hooks_.effect(std::move(row));
  }
  for (auto& [at, row, document] : carried.rows) {
    row.id = commit.journal_ids.at(at);
    row.stamp = commit.stamps.at(at);
    hooks_.row(std::move(row), std::move(document));
  }
}

}  // namespace masar::engine
