#include "core/engine/lanes.h"

#include <utility>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/plant.h"

namespace masar::engine {
namespace {

constexpr int kAttemptsMax = 5;   ///< ENGINE.md 23
constexpr int kTurnsInARow = 64;  ///< before a lane gives its thread to the others

std::chrono::milliseconds pause_before(int attempt) {
  return std::chrono::milliseconds(50 << attempt);
}

/// As the deadlines due by `stamp` would leave the case: one that fails is passed over, as it would
/// be undone alone.
LiveCase as_of(const LiveCase& live, Instant stamp, const process::Calendar& calendar) {
  LiveCase value = live;
  process::Inputs inputs;
  inputs.applied = stamp;
  inputs.calendar = &calendar;
  inputs.serial = [](std::string_view) { return std::string("0"); };
  for (int count = 0; count < kDeadlinesMax; ++count) {
    const auto* next = earliest_due(value.value, stamp);
    if (!next) break;
    const process::Deadline deadline = *next;
    inputs.now = deadline.due;
    try {
      value.value = value.definition->fire(value.value, deadline, inputs).after;
    } catch (const std::exception&) {
      std::erase_if(value.value.deadlines, [&](const auto& d) {
        return d.name == deadline.name && d.serial == deadline.serial;
      });
    }
  }
  return value;
}

}  // namespace

void Lanes::count(const Item& item) {
  waiting_.fetch_add(1);
  bytes_.fetch_add(item.bytes());
}

void Lanes::enqueue(Lane& lane, std::string key, Item item) {
  CaseQueue& queue = lane.cases[key];
  if (queue.in_journal && !item.question) {
    queue.missed = true;
    return;
  }
  count(item);
  place(lane, std::move(key), std::move(item));
}

void Lanes::place(Lane& lane, std::string key, Item item) {
  CaseQueue& queue = lane.cases[key];
  if (queue.in_journal && item.question) {
    queue.asked.push_back(std::move(item));
    return;
  }
  queue.items.push_back(std::move(item));
  if (queue.items.size() == 1 && !queue.suspended) lane.runnable.push_back(std::move(key));
}

void Lanes::push(store::JournalRow row, Document document) {
  const int at = row.partition;
  if (!open_.load()) return;
  lanes_[static_cast<std::size_t>(at)].with([&](Lane& lane) {
    lane.missed = true;
    if (lane.behind || row.id <= lane.last) return;
    if (bytes_.load() > parts_.bytes_max) {
      lane.behind = true;
      return;
    }
    lane.last = row.id;
    std::string key = row.case_key;
    enqueue(lane, std::move(key), Item{std::move(row), std::move(document), {}, {}});
  });
  wake(at);
}

void Lanes::push_alone(store::JournalRow row) {
  const int at = row.partition;
  lanes_[static_cast<std::size_t>(at)].with([&](Lane& lane) {
    std::string key = row.case_key;
    enqueue(lane, std::move(key), Item{std::move(row), {}, {}, {}});
  });
  wake(at);
}

bool Lanes::ask(const std::string& case_key, Instant stamp, Question question) {
  const int at = partition_of(case_key);
  if (planted("query-ignores-undone")) {
    answer(Item{{}, {}, stamp, question}, load(at, case_key));
    return true;
  }
  const bool taken = lanes_[static_cast<std::size_t>(at)].with([&](Lane& lane) {
    if (!open_.load()) return false;
    Item item;
    item.stamp = stamp;
    item.question = std::move(question);
    if (!lane.behind) {
      enqueue(lane, case_key, std::move(item));
    } else {
      count(item);
      lane.asked.emplace_back(case_key, std::move(item));
    }
    return true;
  });
  if (taken) wake(at);
  return taken;
}

void Lanes::recover() {
  for (auto& guarded : lanes_) {
    guarded.with([](Lane& lane) { lane.behind = true; });
  }
  open_.store(true);
  for (int at = 0; at < kCount; ++at) wake(at);
}

void Lanes::wake(int at) {
  const bool post = lanes_[static_cast<std::size_t>(at)].with([](Lane& lane) {
    const bool reads_on = (lane.behind || !lane.parked.empty()) && !lane.looking;
    if (lane.running || (lane.runnable.empty() && !reads_on)) return false;
    return lane.running = true;
  });
  if (post) parts_.executor.post([this, at] { run(at); });
}

void Lanes::run(int at) {
  auto& guarded = lanes_[static_cast<std::size_t>(at)];
  for (int count = 0; count < kTurnsInARow && !stopped_.load(); ++count) {
    std::string key;
    auto item = std::make_shared<Item>();
    const bool found = guarded.with([&](Lane& lane) {
      if (lane.runnable.empty()) return false;
      key = std::move(lane.runnable.front());
      lane.runnable.pop_front();
      CaseQueue& queue = lane.cases[key];
      *item = std::move(queue.items.front());
      queue.items.pop_front();
      bytes_.fetch_sub(item->bytes());
      queue.suspended = true;
      return true;
    });
    if (!found) break;
    take_turn(at, key, std::move(item));
  }
  const auto again = refill(at);
  const bool looks = guarded.with([&](Lane& lane) {
    lane.running = false;
    return again && !std::exchange(lane.looking, true);
  });
  if (stopped_.load()) return;
  if (looks) {
    parts_.executor.post_after(*again, [this, at] {
      lanes_[static_cast<std::size_t>(at)].with([](Lane& lane) { lane.looking = false; });
      wake(at);
    });
  }
  wake(at);
}

/// One that has ended is asked for a few times yet, by the outcomes of its last effects; then
/// seldom, and its configuration may be removed.
void Lanes::Lane::keep_ended(const std::string& key) {
  const auto of_key = [&](const Ended& each) { return each.key == key; };
  if (std::any_of(ended.begin(), ended.end(), of_key)) return;
  ended.push_back({key, false});
  if (ended.size() <= kEndedMost) return;
  cache.erase(ended.front().key);
  ended.pop_front();
}

/// What was there the last time. False: nothing is left.
bool Lanes::Lane::drop_ended() {
  while (!ended.empty() && ended.front().old) {
    cache.erase(ended.front().key);
    ended.pop_front();
  }
  for (Ended& each : ended) each.old = true;
  return !ended.empty();
}

void Lanes::drop_ended_later() {
  if (dropping_ended_.exchange(true)) return;
  parts_.executor.post_after(kEndedKept, [this] {
    dropping_ended_.store(false);
    bool some = false;
    for (auto& lane : lanes_) some = lane.with([](Lane& l) { return l.drop_ended(); }) || some;
    if (some && !stopped_.load()) drop_ended_later();
  });
}

std::shared_ptr<const LiveCase> Lanes::load(int at, const std::string& key) {
  auto& guarded = lanes_[static_cast<std::size_t>(at)];
  auto cached = guarded.with([&](Lane& lane) -> std::shared_ptr<const LiveCase> {
    const auto found = lane.cache.find(key);
    return found == lane.cache.end() ? nullptr : found->second;
  });
  if (cached) return cached;
  const auto record = parts_.store.find_case(key);
  if (!record) return nullptr;
  return std::make_shared<const LiveCase>(
      from_record(snapshot_of(parts_.snapshots, record->row), *record));
}

void Lanes::take_turn(int at, const std::string& key, std::shared_ptr<Item> item) {
  try {
    auto live = load(at, key);
    if (item->question) {
      answer(*item, live);
      return resume(at, key);
    }
    Turn turn({parts_.snapshots, parts_.store, parts_.series, epoch_.load()}, item->row,
              std::move(live), item->document);
    // Rows that were begun too often without an end, counted over restarts, kill the process: no
    // sixth time.
    const bool deadly = item->row.attempts > kAttemptsMax;
    submit(at, key, item,
           deadly ? turn.give_up("attempts-spent", "it was begun too often") : turn.run());
  } catch (const std::exception& error) {
    failed(at, key, std::move(item), typed_failure(error));
  }
}

// What is only not there now (the store, the next block of a series) says nothing against the
// event: it is not counted.
void Lanes::failed(int at, const std::string& key, std::shared_ptr<Item> item, const Error& error) {
  if (error.kind() == ErrorKind::transient && !item->question)
    return park(at, key, std::move(item), error.what(), false);
  retry(at, key, std::move(item), error.what());
}

void Lanes::submit(int at, const std::string& key, std::shared_ptr<Item> item, TurnResult result) {
  if (planted("reply-before-case") && !result.transaction.replies.empty()) {
    store::Transaction first;
    first.replies.swap(result.transaction.replies);
    first.marks.swap(result.transaction.marks);
    auto rest = std::make_shared<TurnResult>(std::move(result));
    return parts_.journal.submit(std::move(first),
                                 [this, at, key, item, rest](const store::Commit&) {
                                   submit(at, key, item, std::move(*rest));
                                 });
  }
  auto kept = std::make_shared<TurnResult>(std::move(result));
  store::Transaction transaction = std::exchange(kept->transaction, {});
  if (planted("event-applied-twice")) kept->transaction.marks.swap(transaction.marks);
  parts_.snapshots.keep_with(transaction);
  const bool keeps = !transaction.snapshots.empty();
  parts_.journal.submit(std::move(transaction),
                        [this, at, key, item, kept, keeps](const store::Commit& commit) {
                          if (keeps && commit.status == store::CommitStatus::committed)
                            parts_.snapshots.kept();
                          committed(at, key, item, *kept, commit);
                        });
}

void Lanes::committed(int at, const std::string& key, const std::shared_ptr<Item>& item,
                      const TurnResult& result, const store::Commit& commit) {
  if (commit.status == store::CommitStatus::conflict) return conflicted(at, key, item, commit);
  if (commit.status == store::CommitStatus::failed) return park(at, key, item, commit.error, false);
  if (planted("event-applied-twice")) parts_.journal.submit(result.transaction, {});
  const std::size_t most = parts_.cases_cached / kCount + 1;
  lanes_[static_cast<std::size_t>(at)].with([&](Lane& lane) {
    if (!result.after) return;
    if (lane.cache.size() >= most && !lane.cache.contains(key))
      lane.cache.erase(lane.cache.begin());
    lane.cache[key] = result.after;
    if (result.after->value.ended) lane.keep_ended(key);
  });
  if (result.after && result.after->value.ended) drop_ended_later();
  parts_.metrics.applied(item->row.endpoint.empty() ? "engine" : "message",
                         result.dead ? "dead" : "done");
  if (result.dead) parts_.metrics.alarm("dead-letter");
  log_letters(parts_.executor, parts_.log, result.letters);
  for (const auto& note : result.notes) parts_.metrics.alarm(note);
  if (result.settled) {
    parts_.metrics.inquired(result.settled->endpoint, result.verdict);
    parts_.settled(*result.settled);
  }
  if (result.answer) {
    // Writing an answer, and signing it, is not the store's writer's work.
    const auto row = item->row.origin ? item->row.origin : item->row.id;
    parts_.executor.post(
        [this, row, answer = *result.answer] { parts_.replies.deliver(row, answer); });
  }
  resume(at, key);
}

// A conflict is with something committed meanwhile: look again. An alias that lives already makes
// an opening message a message for the case that has it (ENGINE.md 3).
void Lanes::conflicted(int at, const std::string& key, const std::shared_ptr<Item>& item,
                       const store::Commit& commit) {
  lanes_[static_cast<std::size_t>(at)].with([&](Lane& lane) { lane.cache.erase(key); });
  if (commit.conflict == "alias" && item->row.kind == store::JournalKind::message) {
    const std::string name = commit.conflict_name;
    const std::string value = commit.conflict_value;
    // The store's thread for answers must not read for long: the executor looks.
    return parts_.executor.post([this, at, key, item, name, value] {
      try {
        const auto open_key = parts_.store.find_alias(name, value);
        if (open_key && *open_key != key) return join(at, key, item, *open_key);
        retry(at, key, item, "alias " + name + " lives already");
      } catch (const std::exception& error) {
        failed(at, key, item, typed_failure(error));
      }
    });
  }
  retry(at, key, item, "conflict: " + commit.conflict);
}

void Lanes::join(int at, const std::string& key, const std::shared_ptr<Item>& item,
                 const std::string& open_key) {
  store::Transaction transaction;
  store::JournalRow anew = item->row;
  anew.id = 0;
  anew.origin = item->row.origin ? item->row.origin : item->row.id;
  anew.case_key = open_key;
  anew.partition = partition_of(open_key);
  anew.attempts = 0;
  transaction.journal.push_back(std::move(anew));
  transaction.aliases.push_back({"key", key, open_key, partition_of(open_key)});
  transaction.marks.push_back({item->row.id, store::JournalState::done, {}});
  store::AuditRow audit;
  audit.partition = partition_of(open_key);
  audit.case_key = open_key;
  audit.kind = "joined";
  audit.name = key;
  audit.reference = item->row.message_id;
  audit.journal = item->row.id;
  transaction.audit.push_back(std::move(audit));
  parts_.journal.submit(std::move(transaction),
                        [this, at, key, item](const store::Commit& commit) {
                          if (commit.status == store::CommitStatus::failed)
                            return park(at, key, item, commit.error, false);
                          if (commit.status == store::CommitStatus::conflict)
                            return retry(at, key, item, "joining: " + commit.conflict);
                          resume(at, key);
                        },
                        {item->document});
}

// Only this case waits; after the last attempt the row becomes a dead letter and the case goes on.
void Lanes::retry(int at, const std::string& key, std::shared_ptr<Item> item,
                  const std::string& why) {
  if (item->question) {
    item->question(nullptr, true);
    return resume(at, key);
  }
  const int attempt = ++item->row.attempts;
  parts_.metrics.applied("engine", "retried");
  store::Transaction counted;  // over restarts, too
  counted.attempts_counted.push_back(item->row.id);
  parts_.journal.submit(std::move(counted), {});
  park(at, key, std::move(item), why, attempt >= kAttemptsMax);
}

// The case stays suspended meanwhile; `spent`: the row is given up then.
void Lanes::park(int at, const std::string& key, std::shared_ptr<Item> item, const std::string& why,
                 bool spent) {
  if (stopped_.load()) return;  // undone: it is applied after the next start
  leave_in_journal(at, key, item->row.id);
  const int attempt = std::min(item->row.attempts, kAttemptsMax);
  parts_.executor.post_after(pause_before(attempt), [this, at, key, item, why, spent] {
    if (!spent) return take_turn(at, key, item);
    give_up(at, key, item, why);
  });
}

void Lanes::give_up(int at, const std::string& key, const std::shared_ptr<Item>& item,
                    const std::string& why) {
  try {
    std::shared_ptr<const LiveCase> live;
    try {
      live = load(at, key);
    } catch (const std::exception& error) {
      // A case that cannot be read at all must not hold up its dead letters for ever.
      if (typed_failure(error).kind() == ErrorKind::transient) throw;
    }
    Turn turn({parts_.snapshots, parts_.store, parts_.series, epoch_.load()}, item->row,
              std::move(live), item->document);
    submit(at, key, item, turn.give_up("attempts-spent", why));
  } catch (const std::exception& error) {
    park(at, key, item, error.what(), true);
  }
}

void Lanes::resume(int at, const std::string& key) {
  waiting_.fetch_sub(1);
  lanes_[static_cast<std::size_t>(at)].with([&](Lane& lane) {
    const auto found = lane.cases.find(key);
    if (found == lane.cases.end()) return;
    CaseQueue& queue = found->second;
    queue.suspended = false;
    if (!queue.items.empty()) {
      lane.runnable.push_back(key);
    } else if (queue.in_journal) {
      lane.parked.push_back(key);  // counts as waiting until it has been read
      waiting_.fetch_add(1);
    } else {
      lane.cases.erase(found);
    }
  });
  wake(at);
}

// Nothing is written.
void Lanes::answer(const Item& item, const std::shared_ptr<const LiveCase>& live) {
  if (!live) return item.question(nullptr, false);
  auto seen = std::make_shared<const LiveCase>(
      as_of(*live, item.stamp, parts_.snapshots.current().calendar()));
  item.question(std::move(seen), false);
}

}  // namespace masar::engine
