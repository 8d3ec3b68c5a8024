#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/store/group_plan.h"
#include "core/store/postgres_session.h"

namespace masar::store {

/// A group in PostgreSQL's words: what must be known before it is planned, and its rows as arrays.
/// Holds the texts of its statements, so it outlives the sessions that run them. Owned by the
/// writer and used on its thread.
class PostgresGroup {
 public:
  PostgresGroup();

  /// What `wanted` names, as the database has it. One round trip, or none.
  void look_up(PostgresSession& session, const GroupPlan::Wanted& wanted, GroupPlan& plan) const;

  /// The commands that write the plan, in their order, and how many rows each changes; −1: any
  /// number.
  struct Writing {
    std::vector<PostgresCommand> commands;
    std::vector<std::int64_t> changes;
  };
  Writing writing(const GroupPlan& plan, const std::vector<AuditHead>& heads) const;

 private:
  void write_journal(const GroupPlan& plan, Writing& writing) const;
  void write_keys(const GroupPlan& plan, Writing& writing) const;
  void write_cases(const GroupPlan& plan, Writing& writing) const;
  void write_aliases(const GroupPlan& plan, Writing& writing) const;
  void write_timers(const GroupPlan& plan, Writing& writing) const;
  void write_tasks(const GroupPlan& plan, Writing& writing) const;
  void write_outbox(const GroupPlan& plan, Writing& writing) const;
  void write_replies_and_letters(const GroupPlan& plan, Writing& writing) const;
  void write_audit(const GroupPlan& plan, const std::vector<AuditHead>& heads,
                   Writing& writing) const;
  void write_snapshots(const GroupPlan& plan, Writing& writing) const;
  void write_settings(const GroupPlan& plan, Writing& writing) const;

  // INSERT … SELECT * FROM unnest(…) [ON CONFLICT …]; what else there is stands in the .cpp.
  std::string journal_, keys_, cases_, search_, search_ended_, aliases_, aliases_ended_, timers_,
      timers_cleared_, tasks_, outbox_, replies_, letters_, audit_, personal_, heads_, snapshots_,
      settings_, series_;
  std::string update_cases_;
};

}  // namespace masar::store
