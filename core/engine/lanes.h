#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/executor.h"
#include "core/base/guarded.h"
#include "core/engine/journal.h"
#include "core/engine/live_case.h"
#include "core/engine/metrics.h"
#include "core/engine/replies.h"
#include "core/engine/snapshots.h"
#include "core/engine/turn.h"

namespace masar::engine {

/// The order of the cases (ENGINE.md 10): 256 logical lanes by the hash of the case's key, on the
/// threads of the executor. Events of one case have their turns one after the other, in the
/// journal's order; a case whose transaction is being committed is suspended while its lane goes on
/// with others.
///
/// Concurrency: a lane is run by one thread at a time (`running`); everything of it is inside its
/// Guarded. push() and ask() come from the store's thread for answers, run() from the executor's
/// threads. What a full lane does not take stays in the journal and is read from there, by its
/// partition; and so does what comes for a case while an event of it is tried again, so that it
/// takes no memory of the others.
class Lanes {
 public:
  static constexpr int kCount = 256;
  static constexpr std::size_t kEndedMost = 2;  ///< ended cases that a lane keeps in memory
  static constexpr std::chrono::seconds kEndedKept{5};  ///< for so long, at most twice
  /// Gets a case as of a stamp: as the deadlines due by then would leave it; null: no such case.
  /// `failed`: it could not be said.
  using Question = std::function<void(std::shared_ptr<const LiveCase>, bool failed)>;

  struct Parts {
    Snapshots& snapshots;
    store::Store& store;
    SeriesSource& series;
    Journal& journal;
    ReplyDesk& replies;
    Executor& executor;
    Metrics& metrics;
    Log log;
    /// Gets an effect whose inquiry has its verdict, once that is committed.
    std::function<void(const store::OutboxRow&)> settled;
    std::size_t bytes_max;
    std::size_t cases_cached;
  };
  explicit Lanes(const Parts& parts) : parts_(parts) {}

  /// A committed, undone row. In the order of the commits.
  void push(store::JournalRow row, Document document);
  /// A question about a case, behind everything committed for it before, also what its lane has yet
  /// to read in the journal. Returns false before recover().
  bool ask(const std::string& case_key, Instant stamp, Question question);
  /// Before recover(): one row by itself (ENGINE.md 23). Everything else that is committed until
  /// then stays in the journal.
  void push_alone(store::JournalRow row);
  /// What applies from now on is of this epoch (Restore). Before recover().
  void begin_epoch(std::int64_t epoch) { epoch_.store(epoch); }
  /// Opens the lanes: everything undone up to now is read from the journal. Once, at start, while
  /// none is at its turn.
  void recover();
  /// No further turns begin; those begun finish.
  void stop() { stopped_.store(true); }
  /// Rows and questions waiting or at their turn.
  std::size_t waiting() const noexcept { return waiting_.load(); }

 private:
  struct Item {
    store::JournalRow row;
    Document document;
    Instant stamp{};
    Question question;  ///< set: a question, not a row
    /// Questions do not count: they wait for rows, which must find room. Whoever asks is bounded.
    std::size_t bytes() const {
      return question ? 0 : row.payload.size() + row.headers.size() + 512;
    }
  };
  using Asked = std::deque<std::pair<std::string, Item>>;  ///< with the case's key
  /// Lists, because an empty one holds no memory: it comes and goes with each event of its case.
  struct CaseQueue {
    std::list<Item> items;
    bool suspended = false;
    bool in_journal = false;  ///< was parked: rows beyond `last` stay in the journal
    bool missed = false;      ///< one came since they were last read
    store::RowId last = 0;
    std::list<Item> asked{};  ///< questions behind those rows
  };
  struct Ended {
    std::string key;
    bool old;
  };
  struct Lane {
    std::unordered_map<std::string, CaseQueue> cases;  ///< with something to do
    std::deque<std::string> runnable;                  ///< keys, each once
    std::unordered_map<std::string, std::shared_ptr<const LiveCase>> cache;
    std::deque<Ended> ended;         ///< such cases in the cache, the first to go first
    store::RowId last = 0;           ///< highest row taken in
    bool behind = false;             ///< rows beyond `last` stay in the journal
    bool missed = false;             ///< one came since the journal was last read
    bool running = false;            ///< posted or on a thread
    bool looking = false;            ///< reads on in the journal after a while
    Asked asked;                     ///< questions behind rows that the lane has yet to read
    std::deque<std::string> parked;  ///< cases whose rows are to be read from the journal

    void keep_ended(const std::string& key);
    bool drop_ended();
  };

  void enqueue(Lane& lane, std::string key, Item item);
  void count(const Item& item);
  void place(Lane& lane, std::string key, Item item);
  void wake(int at);
  void run(int at);
  std::optional<std::chrono::milliseconds> refill(int at);
  std::optional<std::chrono::milliseconds> read_lane(int at);
  std::optional<std::chrono::milliseconds> read_parked(int at);
  bool read_parked(int at, const std::string& key);
  void leave_in_journal(int at, const std::string& key, store::RowId last);
  void let_ask(Lane& lane, std::size_t asked_before, std::optional<Instant> below);
  void take_turn(int at, const std::string& key, std::shared_ptr<Item> item);
  void submit(int at, const std::string& key, std::shared_ptr<Item> item, TurnResult result);
  void committed(int at, const std::string& key, const std::shared_ptr<Item>& item,
                 const TurnResult& result, const store::Commit& commit);
  void conflicted(int at, const std::string& key, const std::shared_ptr<Item>& item,
                  const store::Commit& commit);
  void join(int at, const std::string& key, const std::shared_ptr<Item>& item,
            const std::string& open_key);
  void retry(int at, const std::string& key, std::shared_ptr<Item> item, const std::string& why);
  void park(int at, const std::string& key, std::shared_ptr<Item> item, const std::string& why,
            bool spent);
  void give_up(int at, const std::string& key, const std::shared_ptr<Item>& item,
               const std::string& why);
  void failed(int at, const std::string& key, std::shared_ptr<Item> item, const Error& error);
  void resume(int at, const std::string& key);
  void answer(const Item& item, const std::shared_ptr<const LiveCase>& live);
  void drop_ended_later();
  std::shared_ptr<const LiveCase> load(int at, const std::string& key);

  Parts parts_;
  std::array<Guarded<Lane>, kCount> lanes_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::int64_t> epoch_{0};
  std::atomic<bool> dropping_ended_{false};
  std::atomic<bool> open_{false};
  std::atomic<bool> stopped_{false};
};

}  // namespace masar::engine
