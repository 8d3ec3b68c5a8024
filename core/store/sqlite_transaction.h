#pragma once

#include <cstdint>
#include <string>

#include "core/store/audit_chain.h"
#include "core/store/row_ids.h"
#include "core/store/sqlite_session.h"
#include "core/store/store.h"

namespace masar::store {

/// Writes the rows of one transaction after another, inside the database transaction that its
/// caller holds open. Gives the ids: it alone writes, so it counts them itself from the highest
/// stored. Owned by the writer and used on its thread only.
class TransactionApplier {
 public:
  explicit TransactionApplier(SqliteSession& session);

  /// All rows of the transaction; first its keys and, where it makes no effects, what it updates of
  /// them. Fills ids into `transaction` and `commit` (whose stamp is set). Throws Conflict,
  /// SqliteError, Error(internal, "bad-transaction"); what it wrote until then is the caller's to
  /// undo: nothing, where the database counts as many changes as before.
  void apply(Transaction& transaction, Commit& commit);

  /// The heads of the audit chains, as the last row of a group.
  void put_heads();
  /// The group is committed.
  void committed() noexcept;

  const RowCounters& counters() const noexcept { return counters_; }
  void set_counters(const RowCounters& counters);

 private:
  void put_journal(Transaction& transaction);
  void put_keys(Transaction& transaction, const Commit& commit);
  void put_case(const CaseRow& row);
  void open_case(const CaseRow& row, const std::string& search);
  bool go_on_with_case(const CaseRow& row, const std::string& search);
  void change_case(const CaseRow& row, const std::string& search);
  void put_search(const CaseRow& row, const std::string& before, const std::string& after);
  void put_aliases(const Transaction& transaction);
  void put_timers(const Transaction& transaction);
  void put_tasks(Transaction& transaction);
  void put_outbox(Transaction& transaction, Commit& commit);
  void update_outbox(const Transaction& transaction, Instant stamp);
  void update_outbox(const OutboxUpdate& update, Instant stamp);
  void put_replies(Transaction& transaction, const Commit& commit);
  void put_dead_letters(Transaction& transaction, Commit& commit);
  void put_audit(Transaction& transaction, const Commit& commit);
  void put_snapshots(Transaction& transaction, Instant stamp);
  void mark_journal(const Transaction& transaction);
  void put_settings(const Transaction& transaction);
  void reserve_series(const Transaction& transaction, Commit& commit);
  std::int64_t changed() const;

  SqliteSession& session_;
  RowCounters counters_;
  AuditChain chain_;
};

}  // namespace masar::store
