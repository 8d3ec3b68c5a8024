#include "core/store/sqlite_store.h"

#include <filesystem>
#include <utility>

#include "core/store/sqlite_reader.h"
#include "core/store/sqlite_writer.h"
#include "core/store/store_lock.h"

namespace masar::store {
namespace {

SessionSettings reading(const SqliteSettings& settings) {
  SessionSettings session;
  session.path = settings.path;
  session.read_only = true;
  session.busy_timeout = settings.busy_timeout;
  session.cache_kib = settings.reader_cache_kib;
  return session;
}

// Lock first, then the file's mode, then SQLite: see make_private_file().
std::string prepare(const std::string& path) {
  make_private_file(path);
  return path;
}

class SqliteStore final : public Store {
 public:
  SqliteStore(const SqliteSettings& settings, const BusinessClock& clock)
      : lock_(settings.path + ".lock"),
        path_(prepare(settings.path)),
        writer_(settings, clock),
        readers_(reading(settings), settings.readers) {}

  void submit(Transaction transaction, Done done) override {
    writer_.submit(std::move(transaction), std::move(done));
  }
  std::size_t run_writer() override { return writer_.run_once(); }
  void stop() override { writer_.stop(); }
  bool healthy() const override { return writer_.healthy(); }

  std::optional<CaseRecord> find_case(std::string_view key) override {
    return readers_.with([&](SqliteSession& s) { return read_case(s, key); });
  }
  bool has_case(std::string_view key) override {
    return readers_.with([&](SqliteSession& s) { return read_has_case(s, key); });
  }
  std::optional<std::string> find_alias(std::string_view name, std::string_view value) override {
    return readers_.with([&](SqliteSession& s) { return read_alias(s, name, value); });
  }
  std::optional<KeyRow> find_key(std::string_view endpoint, std::string_view name,
                                 std::string_view value) override {
    return readers_.with([&](SqliteSession& s) { return read_key(s, endpoint, name, value); });
  }
  std::optional<ReplyRow> find_reply(RowId journal) override {
    return readers_.with([&](SqliteSession& s) { return read_reply(s, journal); });
  }
  std::optional<JournalRow> find_journal(RowId id) override {
    return readers_.with([&](SqliteSession& s) { return read_journal(s, id); });
  }
  std::vector<JournalRow> journal_parts(RowId envelope) override {
    return readers_.with([&](SqliteSession& s) { return read_parts(s, envelope); });
  }
  std::vector<JournalRow> undone(RowId after, std::size_t limit,
                                 std::string_view case_key) override {
    return readers_.with([&](SqliteSession& s) { return read_undone(s, after, limit, case_key); });
  }
  std::vector<JournalRow> undone_in(int partition, RowId after, std::size_t limit) override {
    return readers_.with(
        [&](SqliteSession& s) { return read_undone_in(s, partition, after, limit); });
  }
  std::vector<TimerRow> due(Instant until, std::size_t limit, const TimerRow* after) override {
    return readers_.with([&](SqliteSession& s) { return read_due(s, until, limit, after); });
  }
  std::optional<Instant> next_due() override {
    return readers_.with([](SqliteSession& s) { return read_next_due(s); });
  }
  std::optional<OutboxRow> find_outbox(std::string_view id) override {
    return readers_.with([&](SqliteSession& s) { return read_outbox(s, id); });
  }
  std::vector<OutboxRow> waiting(std::string_view endpoint, std::int64_t after,
                                 std::size_t limit) override {
    return readers_.with([&](SqliteSession& s) { return read_waiting(s, endpoint, after, limit); });
  }
  std::vector<OutboxRow> outbox_of(std::string_view case_key) override {
    return readers_.with([&](SqliteSession& s) { return read_outbox_of(s, case_key); });
  }
  std::vector<CaseRow> cases(const CaseFilter& filter) override {
    return readers_.with([&](SqliteSession& s) { return read_cases(s, filter); });
  }
  std::vector<AuditRow> timeline(std::string_view case_key, std::int64_t after,
                                 std::size_t limit) override {
    return readers_.with(
        [&](SqliteSession& s) { return read_timeline(s, case_key, after, limit); });
  }
  std::vector<TaskRow> tasks(std::optional<TaskState> state, std::string_view case_key,
                             std::string_view after_id, std::size_t limit) override {
    return readers_.with(
        [&](SqliteSession& s) { return read_tasks(s, state, case_key, after_id, limit); });
  }
  std::optional<TaskRow> find_task(std::string_view id) override {
    return readers_.with([&](SqliteSession& s) { return read_task(s, id); });
  }
  std::vector<DeadLetterRow> dead_letters(std::optional<DeadLetterState> state, std::int64_t after,
                                          std::size_t limit) override {
    return readers_.with(
        [&](SqliteSession& s) { return read_dead_letters(s, state, after, limit); });
  }
  std::optional<DeadLetterRow> find_dead_letter(std::int64_t id) override {
    return readers_.with([&](SqliteSession& s) { return read_dead_letter(s, id); });
  }
  std::vector<AuditHead> audit_heads() override {
    return readers_.with([](SqliteSession& s) { return read_audit_heads(s); });
  }
  std::optional<SnapshotRow> find_snapshot(std::string_view hash) override {
    return readers_.with([&](SqliteSession& s) { return read_snapshot(s, hash); });
  }
  std::map<std::string, std::string> settings() override {
    return readers_.with([](SqliteSession& s) { return read_settings(s); });
  }
  std::map<std::string, std::int64_t> counts() override {
    auto counts = readers_.with([](SqliteSession& s) { return read_counts(s); });
    std::error_code missing;  // no WAL file yet: nothing in it
    const auto bytes = std::filesystem::file_size(path_ + "-wal", missing);
    counts["wal_bytes"] = missing ? 0 : static_cast<std::int64_t>(bytes);
    return counts;
  }

 private:
  StoreLock lock_;  // before everything that opens the database, and let go after it
  std::string path_;
  SqliteWriter writer_;  // brings the schema up to date, so before the readers
  SqliteReaders readers_;
};

}  // namespace

std::unique_ptr<Store> open_sqlite_store(const SqliteSettings& settings,
                                         const BusinessClock& clock) {
  return std::make_unique<SqliteStore>(settings, clock);
}

}  // namespace masar::store
