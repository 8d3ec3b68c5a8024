#pragma once

#include "tests/contracts/store_contract_cases.h"
#include "tests/contracts/store_contract_commits.h"
#include "tests/contracts/store_contract_journal.h"
#include "tests/contracts/store_contract_messages.h"
#include "tests/contracts/store_contract_retention.h"

// What every store must do (core/store/store.h, ENGINE.md 6, 11, 17), whatever it stands on. A
// store's tests make a StoreBench that opens it, and run every case of MASAR_STORE_CONTRACT on a
// new one.

/// X(name) for every case of the contract: a function that takes a StoreBench.
#define MASAR_STORE_CONTRACT(X)                \
  X(journal_row_comes_back_whole)              \
  X(undone_rows_in_windows)                    \
  X(parts_know_their_envelope)                 \
  X(key_of_a_duplicate_is_a_conflict)          \
  X(key_may_belong_to_a_row_of_before)         \
  X(conflict_inside_a_group_leaves_neighbours) \
  X(refused_transactions_leave_nothing)        \
  X(case_versions_exclude_each_other)          \
  X(each_column_of_a_case_is_stored)           \
  X(cases_are_found_and_paged)                 \
  X(living_alias_is_unique)                    \
  X(case_is_found_by_any_of_its_keys)          \
  X(timers_come_in_order)                      \
  X(due_times_in_working_time_are_found)       \
  X(tasks_open_and_end)                        \
  X(outbox_keeps_order_and_states)             \
  X(failed_effect_gives_way)                   \
  X(effects_are_updated_wherever_they_are)     \
  X(replies_dead_letters_and_audit)            \
  X(audit_rows_are_chained)                    \
  X(foreign_partition_fails_alone)             \
  X(snapshots_stay_as_they_are)                \
  X(snapshots_know_their_users)                \
  X(old_messages_lose_their_content)           \
  X(newest_rows_survive)                       \
  X(journal_is_cut_by_time)                    \
  X(messages_come_by_type_in_windows)          \
  X(message_journaled_anew_is_one)             \
  X(message_outlives_its_content)              \
  X(personal_content_goes_with_its_salt)       \
  X(ended_cases_go_whole)                      \
  X(expired_keys_go)                           \
  X(snapshots_go_that_nothing_open_names)      \
  X(settings_series_and_counts)                \
  X(stamps_never_go_back)                      \
  X(everything_survives_a_restart)             \
  X(bad_index_fails_alone)                     \
  X(stop_finishes_then_refuses)                \
  X(many_threads_one_order)                    \
  X(committed_is_readable_at_once)
