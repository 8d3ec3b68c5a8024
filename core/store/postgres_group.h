#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/store/group_plan.h"
#include "core/store/postgres_session.h"

namespace masar::store {

/// `update`, refused where it does not change `count` rows (an expression of its parameters).
std::string checked_change(const std::string& update, const std::string& count);

/// A group in PostgreSQL's words: what must be known before it is planned, and its rows as arrays.
/// Holds the texts of its statements, so it outlives the sessions that run them. Owned by the
/// writer and used on its thread.
class PostgresGroup {
 public:
  PostgresGroup();

  /// What `wanted` names, as the database has it. One round trip, or none.
  void look_up(PostgresSession& session, const GroupPlan::Wanted& wanted, GroupPlan& plan) const;

  using Writing = std::vector<PostgresCommand>;
  /// The commands that write the plan, in their order. `stored`: the partitions whose heads the
  /// database has. One that finds a row otherwise than the plan took it to be is refused, by a
  /// unique key (PostgresError::of_unique_key) or by checked_change() (of_check).
  Writing writing(const GroupPlan& plan, const std::vector<AuditHead>& heads,
                  const std::set<int>& stored) const;

 private:
  void write_journal(const GroupPlan& plan, Writing& writing) const;
  void write_keys(const GroupPlan& plan, Writing& writing) const;
  void write_cases(const GroupPlan& plan, Writing& writing) const;
  void write_aliases(const GroupPlan& plan, Writing& writing) const;
  void write_timers(const GroupPlan& plan, Writing& writing) const;
  void write_tasks(const GroupPlan& plan, Writing& writing) const;
  void write_outbox(const GroupPlan& plan, Writing& writing) const;
  void write_replies_and_letters(const GroupPlan& plan, Writing& writing) const;
  void write_audit(const GroupPlan& plan, Writing& writing) const;
  void write_heads(const std::vector<AuditHead>& heads, const std::set<int>& stored,
                   Writing& writing) const;
  void write_snapshots(const GroupPlan& plan, Writing& writing) const;
  void write_settings(const GroupPlan& plan, Writing& writing) const;

  void name_changes();
  void name_look_ups();

  // INSERT … SELECT, with what is done where the row exists; `again`: where it is known to.
  std::string journal_, keys_, keys_again_, cases_, search_, search_ended_, aliases_,
      aliases_again_, aliases_ended_, timers_, timers_again_, timers_cleared_, tasks_, outbox_,
      outbox_again_, replies_, letters_, audit_, personal_, heads_, snapshots_, settings_, series_;
  std::string update_cases_, update_outbox_, update_heads_, letter_states_, marks_, attempts_;
  std::string find_keys_, find_cases_, find_aliases_, find_aliases_of_cases_, find_outbox_,
      find_letters_, find_series_;
};

}  // namespace masar::store
