#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/row_reader.h"

namespace masar::store {

/// Carries out one Sweep inside the database transaction that its caller holds open, over any kind
/// of session as in row_reader.h. Looks at few rows, in the order of their key, and stops at the
/// first that came later than what goes: no sweep reads a table to its end for nothing. FORMAT.md,
/// "Retention", says what goes and what stays.
template <typename Session>
class Sweeper {
 public:
  Sweeper(Session& session, const Sweep& sweep) : session_(session), sweep_(sweep) {}

  Swept run() {
    switch (sweep_.kind) {
      case SweepKind::messages: messages(); break;
      case SweepKind::effects: effects(); break;
      case SweepKind::replies: replies(); break;
      case SweepKind::journal: journal(); break;
      case SweepKind::personal: personal(); break;
      case SweepKind::dead_letters: dead_letters(); break;
      case SweepKind::cases: cases(); break;
      case SweepKind::keys: keys(); break;
      case SweepKind::snapshots: snapshot(); break;
    }
    return swept_;
  }

 private:
  // A row of one of the tables that are swept by a number.
  struct Numbered {
    std::int64_t id;
    Instant at;
    std::int64_t state;
    std::int64_t other;
  };

  std::int64_t after_number() const {
    std::int64_t value = 0;
    std::from_chars(sweep_.after.data(), sweep_.after.data() + sweep_.after.size(), value);
    return value;
  }

  std::vector<Numbered> window(const char* sql) {
    auto& statement = session_.prepared(sql).bind(after_number(), reads::at_most(sweep_.limit));
    const Reading reading(statement);
    std::vector<Numbered> rows;
    while (statement.step()) {
      rows.push_back({statement.integer(0), Instant(Duration(statement.integer(1))),
                      statement.integer(2), statement.integer(3)});
    }
    return rows;
  }

  // `remove` says whether it removed the row.
  template <typename Remove>
  void old_rows(const char* sql, const Remove& remove) {
    const auto rows = window(sql);
    for (const Numbered& row : rows) {
      if (row.at >= sweep_.before) return pause_at({});
      if (remove(row)) ++swept_.removed;
      swept_.last = std::to_string(row.id);
    }
    if (rows.size() == sweep_.limit) pause_at(swept_.last);
  }

  void pause_at(std::string after) { swept_.after = std::move(after); }

  template <typename... Values>
  void run(const char* sql, const Values&... values) {
    auto& statement = session_.prepared(sql).bind(values...);
    const Reading reading(statement);
    statement.run();
  }

  bool any(const char* sql, std::string_view value) {
    auto& statement = session_.prepared(sql).bind(value);
    const Reading reading(statement);
    return statement.step();
  }

  void messages() {
    old_rows("SELECT id, stamp, state, 0 FROM journal WHERE id > $1 ORDER BY id LIMIT $2",
             [&](const Numbered& row) {
               if (row.state != static_cast<std::int64_t>(JournalState::done)) return false;
               run(kEmptyMessage, row.id);
               return true;
             });
  }

  void effects() {
    old_rows(
        "SELECT sequence, created, state, 0 FROM outbox WHERE sequence > $1 "
        "ORDER BY sequence LIMIT $2",
        [&](const Numbered& row) {
          if (row.state <= static_cast<std::int64_t>(OutboxState::sending)) return false;
          run("UPDATE outbox SET headers = NULL, reply = NULL, body = NULL WHERE sequence = $1",
              row.id);
          return true;
        });
  }

  // A reply whose message is gone is as old as can be.
  void replies() {
    old_rows(
        "SELECT journal, coalesce(stamp, 0), 0, 0 FROM replies "
        "LEFT JOIN journal ON journal.id = replies.journal WHERE replies.journal > $1 "
        "ORDER BY replies.journal LIMIT $2",
        [&](const Numbered& row) {
          run("DELETE FROM replies WHERE journal = $1", row.id);
          return true;
        });
  }

  void journal() {
    old_rows(
        "SELECT id, stamp, state, (SELECT max(id) FROM journal) FROM journal WHERE id > $1 "
        "ORDER BY id LIMIT $2",
        [&](const Numbered& row) {
          if (row.state != static_cast<std::int64_t>(JournalState::done) || row.id == row.other)
            return false;
          run("DELETE FROM journal WHERE id = $1", row.id);
          return true;
        });
  }

  void personal() {
    old_rows(
        "SELECT audit_personal.audit, at, 0, 0 FROM audit_personal "
        "JOIN audit ON audit.id = audit_personal.audit WHERE audit_personal.audit > $1 "
        "ORDER BY audit_personal.audit LIMIT $2",
        [&](const Numbered& row) {
          run("DELETE FROM audit_personal WHERE audit = $1", row.id);
          return true;
        });
  }

  // What was kept of its message for a retry goes with it; the newest one's row only becomes empty.
  void dead_letters() {
    const std::int64_t newest = number("SELECT max(id) FROM dead_letters");
    old_rows("SELECT id, at, state, journal FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2",
             [&](const Numbered& row) {
               if (row.state == static_cast<std::int64_t>(DeadLetterState::open)) return false;
               if (row.other > 0) {
                 run("UPDATE journal SET state = 1 WHERE id = $1 AND state = 2", row.other);
                 run(kEmptyMessage, row.other);
               }
               run(row.id == newest
                       ? "UPDATE dead_letters SET original = NULL, at_step = NULL WHERE id = $1"
                       : "DELETE FROM dead_letters WHERE id = $1",
                   row.id);
               return true;
             });
  }

  std::int64_t number(const char* sql) {
    auto& statement = session_.prepared(sql).bind();
    const Reading reading(statement);
    return statement.step() ? statement.integer(0) : 0;
  }

  void cases() {
    struct Ended {
      std::string key;
      bool old;
      std::string search;
    };
    std::vector<Ended> rows;
    {
      auto& statement =
          session_
              .prepared("SELECT key, ended, search FROM cases WHERE key > $1 ORDER BY key LIMIT $2")
              .bind(sweep_.after, reads::at_most(sweep_.limit));
      const Reading reading(statement);
      while (statement.step()) {
        const bool ended = !statement.is_null(1);
        rows.push_back({statement.bytes(0),
                        ended && Instant(Duration(statement.integer(1))) < sweep_.before,
                        statement.bytes(2)});
      }
    }
    for (const Ended& row : rows) {
      swept_.last = row.key;
      if (row.old && remove_case(row.key, row.search)) ++swept_.removed;
    }
    if (rows.size() == sweep_.limit) pause_at(swept_.last);
  }

  // An ended case that still asks or sends something stays.
  bool remove_case(const std::string& key, const std::string& search) {
    if (any("SELECT 1 FROM tasks WHERE case_key = $1 AND state = 0 LIMIT 1", key) ||
        any("SELECT 1 FROM outbox WHERE case_key = $1 AND state < 2 LIMIT 1", key)) {
      return false;
    }
    for (const auto& [field, value] : decode_search(search)) {
      run("DELETE FROM case_search WHERE value = $1 AND field = $2 AND case_key = $3", value, field,
          key);
    }
    run("DELETE FROM aliases WHERE case_key = $1", key);
    run("DELETE FROM timers WHERE case_key = $1", key);
    run("DELETE FROM tasks WHERE case_key = $1", key);
    run("DELETE FROM outbox WHERE case_key = $1 AND sequence < (SELECT max(sequence) FROM outbox)",
        key);
    run("DELETE FROM cases WHERE key = $1", key);
    return true;
  }

  void keys() {
    SearchFields after{{"", ""}, {"", ""}};
    if (!sweep_.after.empty()) after = decode_search(sweep_.after);
    std::vector<KeyRow> rows;
    {
      auto& statement =
          session_
              .prepared("SELECT " MASAR_KEY_COLUMNS
                        " FROM keys WHERE (endpoint, name, value) > ($1, $2, $3) "
                        "ORDER BY endpoint, name, value LIMIT $4")
              .bind(after[0].first, after[0].second, after[1].first, reads::at_most(sweep_.limit));
      rows = reads::all<KeyRow>(statement);
    }
    for (const KeyRow& row : rows) {
      if (row.expires > sweep_.before) continue;
      run("DELETE FROM keys WHERE endpoint = $1 AND name = $2 AND value = $3", row.endpoint,
          row.name, row.value);
      ++swept_.removed;
    }
    if (!rows.empty()) {
      const KeyRow& last = rows.back();
      swept_.last = encode_search({{last.endpoint, last.name}, {last.value, ""}});
    }
    if (rows.size() == sweep_.limit) pause_at(swept_.last);
  }

  // Of what is open, each way in which it names a configuration; an effect's outcome, applied or
  // retried, goes on by the one that the effect names.
  void snapshot() {
    for (const char* user :
         {"SELECT 1 FROM cases WHERE ended IS NULL AND snapshot = $1 LIMIT 1",
          "SELECT 1 FROM outbox WHERE state < 2 AND snapshot = $1 LIMIT 1",
          "SELECT 1 FROM journal j LEFT JOIN outbox o ON o.id = j.effect "
          "WHERE j.state = 0 AND (j.snapshot = $1 OR o.snapshot = $1) LIMIT 1",
          "SELECT 1 FROM dead_letters d LEFT JOIN journal j ON j.id = d.journal "
          "LEFT JOIN outbox o ON o.id = j.effect "
          "WHERE d.state = 0 AND (d.snapshot = $1 OR o.snapshot = $1) LIMIT 1",
          "SELECT 1 FROM tasks t JOIN cases c ON c.key = t.case_key "
          "WHERE t.state = 0 AND c.snapshot = $1 LIMIT 1"}) {
      if (any(user, sweep_.snapshot)) return;
    }
    if (!any("SELECT 1 FROM snapshots WHERE hash = $1", sweep_.snapshot)) return;
    run("DELETE FROM snapshots WHERE hash = $1", sweep_.snapshot);
    ++swept_.removed;
  }

  static constexpr const char* kEmptyMessage =
      "UPDATE journal SET headers = NULL, inputs = NULL, payload = NULL WHERE id = $1";

  Session& session_;
  const Sweep& sweep_;
  Swept swept_;
};

}  // namespace masar::store
