#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
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
#include "core/engine/turn.h"

namespace masar::engine {

/// The order of the cases (ENGINE.md 10): 256 logical lanes by the hash of the case's key, on the
/// threads of the executor. Events of one case have their turns one after the other, in the
/// journal's order; a case whose transaction is being committed is suspended while its lane goes on
/// with others.
///
/// Concurrency: a lane is run by one thread at a time (`running`); everything of it is inside its
/// Guarded. push() and ask() come from the store's writer thread, run() from the executor's
/// threads. What a full lane does not take stays in the journal and is read from there, by its
/// partition.
class Lanes {
 public:
  static constexpr int kCount = 256;
  /// Gets a case as of a stamp: as the deadlines due by then would leave it; null: no such case.
  /// `failed`: it could not be said.
  using Question = std::function<void(std::shared_ptr<const LiveCase>, bool failed)>;

  struct Parts {
    const Snapshot& snapshot;
    store::Store& store;
    SeriesSource& series;
    const XmlReader& reader;
    Journal& journal;
    ReplyDesk& replies;
    Executor& executor;
    Metrics& metrics;
    std::size_t bytes_max;
    std::size_t cases_cached;
  };
  explicit Lanes(const Parts& parts) : parts_(parts) {}

  /// A committed, undone row. In the order of the commits.
  void push(store::JournalRow row, Document document);
  /// A question about a case, behind everything pushed for it before. Returns false where the lane
  /// is behind its journal: ask again later.
  bool ask(const std::string& case_key, Instant stamp, Question question);
  /// Before recover(): one row by itself (ENGINE.md 23). Everything else that is committed until
  /// then stays in the journal.
  void push_alone(store::JournalRow row);
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
    std::size_t bytes() const { return row.payload.size() + row.headers.size() + 512; }
  };
  struct CaseQueue {
    std::deque<Item> items;
    bool suspended = false;
  };
  struct Lane {
    std::unordered_map<std::string, CaseQueue> cases;  ///< with something to do
    std::deque<std::string> runnable;                  ///< keys, each once
    std::unordered_map<std::string, std::shared_ptr<const LiveCase>> cache;
    store::RowId last = 0;  ///< highest row taken in
    bool behind = false;    ///< rows beyond `last` stay in the journal
    bool missed = false;    ///< one came since the journal was last read
    bool running = false;   ///< posted or on a thread
    bool looking = false;   ///< reads on in the journal after a while
  };

  void enqueue(Lane& lane, std::string key, Item item);
  void wake(int at);
  void run(int at);
  std::optional<std::chrono::milliseconds> refill(int at);
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
  std::shared_ptr<const LiveCase> load(int at, const std::string& key);

  Parts parts_;
  std::array<Guarded<Lane>, kCount> lanes_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::size_t> waiting_{0};
  std::atomic<bool> open_{false};
  std::atomic<bool> stopped_{false};
};

}  // namespace masar::engine
