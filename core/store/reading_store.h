#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/store/message_reader.h"
#include "core/store/row_reader.h"
#include "core/store/session_pool.h"

namespace masar::store {

/// The reading half of a store: each read with a session of its pool. The writing half is the
/// derived store's, as is opening the pool after the schema is up to date.
template <typename Session>
class ReadingStore : public Store {
 public:
  std::optional<CaseRecord> find_case(std::string_view key) override {
    return readers_.with([&](Session& s) { return reads::read_case(s, key); });
  }
  std::optional<std::string> find_case_key(std::string_view key, std::string_view alias) override {
    return readers_.with([&](Session& s) { return reads::read_case_key(s, key, alias); });
  }
  std::optional<std::string> find_alias(std::string_view name, std::string_view value) override {
    return readers_.with([&](Session& s) { return reads::read_alias(s, name, value); });
  }
  std::optional<KeyRow> find_key(std::string_view endpoint, std::string_view name,
                                 std::string_view value) override {
    return readers_.with([&](Session& s) { return reads::read_key(s, endpoint, name, value); });
  }
  std::optional<ReplyRow> find_reply(RowId journal) override {
    return readers_.with([&](Session& s) { return reads::read_reply(s, journal); });
  }
  std::optional<JournalRow> find_journal(RowId id) override {
    return readers_.with([&](Session& s) { return reads::read_journal(s, id); });
  }
  std::vector<JournalRow> journal_parts(RowId envelope) override {
    return readers_.with([&](Session& s) { return reads::read_parts(s, envelope); });
  }
  RowId journal_before(Instant at) override {
    return readers_.with([&](Session& s) { return reads::read_journal_before(s, at); });
  }
  std::vector<MessageRow> messages(std::string_view type, RowId after, RowId until,
                                   std::size_t limit) override {
    return readers_.with(
        [&](Session& s) { return reads::read_messages(s, type, after, until, limit); });
  }
  std::vector<JournalRow> undone(RowId after, std::size_t limit,
                                 std::string_view case_key) override {
    return readers_.with([&](Session& s) { return reads::read_undone(s, after, limit, case_key); });
  }
  std::vector<JournalRow> undone_in(int partition, RowId after, std::size_t limit) override {
    return readers_.with(
        [&](Session& s) { return reads::read_undone_in(s, partition, after, limit); });
  }
  std::vector<TimerRow> due(Instant until, std::size_t limit, const TimerRow* after) override {
    return readers_.with([&](Session& s) { return reads::read_due(s, until, limit, after); });
  }
  std::optional<Instant> next_due() override {
    return readers_.with([](Session& s) { return reads::read_next_due(s); });
  }
  std::optional<OutboxRow> find_outbox(std::string_view id) override {
    return readers_.with([&](Session& s) { return reads::read_outbox(s, id); });
  }
  std::vector<OutboxRow> waiting(std::string_view endpoint, std::int64_t after,
                                 std::size_t limit) override {
    return readers_.with(
        [&](Session& s) { return reads::read_waiting(s, endpoint, after, limit); });
  }
  std::vector<OutboxRow> undecided(std::int64_t after, std::int64_t until) override {
    return readers_.with([&](Session& s) { return reads::read_undecided(s, after, until); });
  }
  std::vector<OutboxRow> outbox_of(std::string_view case_key) override {
    return readers_.with([&](Session& s) { return reads::read_outbox_of(s, case_key); });
  }
  std::vector<CaseRow> cases(const CaseFilter& filter) override {
    return readers_.with([&](Session& s) { return reads::read_cases(s, filter); });
  }
  std::vector<AuditRow> timeline(std::string_view case_key, std::int64_t after,
                                 std::size_t limit) override {
    return readers_.with(
        [&](Session& s) { return reads::read_timeline(s, case_key, after, limit); });
  }
  std::vector<TaskRow> tasks(std::optional<TaskState> state, std::string_view case_key,
                             std::string_view after_id, std::size_t limit) override {
    return readers_.with(
        [&](Session& s) { return reads::read_tasks(s, state, case_key, after_id, limit); });
  }
  std::optional<TaskRow> find_task(std::string_view id) override {
    return readers_.with([&](Session& s) { return reads::read_task(s, id); });
  }
  std::vector<DeadLetterRow> dead_letters(std::optional<DeadLetterState> state, std::int64_t after,
                                          std::size_t limit) override {
    return readers_.with(
        [&](Session& s) { return reads::read_dead_letters(s, state, after, limit); });
  }
  std::optional<DeadLetterRow> find_dead_letter(std::int64_t id) override {
    return readers_.with([&](Session& s) { return reads::read_dead_letter(s, id); });
  }
  std::vector<AuditRow> audit_rows(std::int64_t after, std::size_t limit) override {
    return readers_.with([&](Session& s) { return reads::read_audit_rows(s, after, limit); });
  }
  std::vector<AuditHead> audit_heads() override {
    return readers_.with([](Session& s) { return reads::read_audit_heads(s); });
  }
  std::optional<SnapshotRow> find_snapshot(std::string_view hash) override {
    return readers_.with([&](Session& s) { return reads::read_snapshot(s, hash); });
  }
  std::vector<std::string> snapshots() override {
    return readers_.with([](Session& s) { return reads::read_snapshots(s); });
  }
  std::vector<SnapshotUse> snapshot_uses() override {
    return readers_.with([](Session& s) { return reads::read_snapshot_uses(s); });
  }
  std::vector<OutboxUse> outbox_uses() override {
    return readers_.with([](Session& s) { return reads::read_outbox_uses(s); });
  }
  std::int64_t count_cases_of(std::string_view hash, std::string_view process) override {
    return readers_.with([&](Session& s) { return reads::read_count_cases_of(s, hash, process); });
  }
  std::vector<std::string> cases_of(std::string_view hash, std::string_view process,
                                    std::string_view after_key, std::size_t limit) override {
    return readers_.with(
        [&](Session& s) { return reads::read_cases_of(s, hash, process, after_key, limit); });
  }
  std::vector<TimerRow> working_timers(std::size_t limit, const TimerRow* after) override {
    return readers_.with([&](Session& s) { return reads::read_working(s, limit, after); });
  }
  std::map<std::string, std::string> settings() override {
    return readers_.with([](Session& s) { return reads::read_settings(s); });
  }
  std::map<std::string, std::int64_t> counts() override {
    return readers_.with([](Session& s) { return reads::read_counts(s); });
  }

 protected:
  ReadingStore(typename SessionPool<Session>::Open open, int sessions_max)
      : readers_(std::move(open), sessions_max) {}
  /// What only one kind of store can say, with one of its sessions.
  template <typename Read>
  auto read(const Read& read) {
    return readers_.with(read);
  }

 private:
  SessionPool<Session> readers_;
};

}  // namespace masar::store
