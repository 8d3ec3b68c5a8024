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
  enum { inside, waits, full };
  const int place = door_.with([&](Door& door) {
    if (!door.shut) {
      in_flight_.fetch_add(1);
      return inside;
    }
    if (door.waiting.size() >= kWaitingMax) return full;
    door.waiting.emplace_back(std::move(transaction), carried);
    return waits;
  });
  if (place == inside) commit(std::move(transaction), carried);
  if (place != full || !carried->done) return;
  store::Commit refused;
  refused.status = store::CommitStatus::failed;
  refused.error = "too much waits for the clock to be moved";
  carried->done(refused);
}

void Journal::commit(store::Transaction transaction, const std::shared_ptr<Carried>& carried) {
  store_.submit(std::move(transaction), [this, carried](const store::Commit& commit) {
    if (carried->done) carried->done(commit);
    if (commit.status == store::CommitStatus::committed) carry_on(*carried, commit);
    in_flight_.fetch_sub(1);
  });
}

bool Journal::alone(const std::function<std::optional<store::Transaction>()>& make, Done done) {
  if (door_.with([](Door& door) { return std::exchange(door.shut, true); })) return false;
  std::optional<store::Transaction> transaction;
  try {
    transaction = make();
  } catch (const std::exception&) {
    open_door();
    throw;
  }
  if (!transaction) {
    open_door();
    return false;
  }
  in_flight_.fetch_add(1);
  store_.submit(std::move(*transaction),
                [this, done = std::move(done)](const store::Commit& commit) {
                  done(commit);
                  open_door();
                  in_flight_.fetch_sub(1);
                });
  return true;
}

// Those at the door go in before it is open, so that nobody overtakes them.
void Journal::open_door() {
  for (;;) {
    auto waiting = door_.with([&](Door& door) {
      door.shut = !door.waiting.empty();
      in_flight_.fetch_add(door.waiting.size());
      return std::exchange(door.waiting, {});
    });
    if (waiting.empty()) return;
    for (auto& [transaction, carried] : waiting) commit(std::move(transaction), carried);
  }
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
