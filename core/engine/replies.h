#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/base/guarded.h"
#include "core/connector/connector.h"
#include "core/store/store.h"

namespace masar::engine {

/// Callers that wait for the replies of journal rows (ENGINE.md 2, 4, 5). A waiter waits for one
/// row a part and is answered once: when all parts have theirs, or at its time limit. Any thread.
class ReplyDesk {
 public:
  /// One open exchange: which row answers which part. Parts that are answered already have row 0.
  struct Exchange {
    std::vector<store::RowId> rows;
    connector::IntakeAnswer answers;
    connector::Intake::Answer answer;
  };
  using Ticket = std::shared_ptr<Exchange>;

  /// Begins to wait. Answers at once where no row is left to wait for.
  Ticket wait(Exchange exchange);
  /// The answer to a row has been committed.
  void deliver(store::RowId row, const connector::PartAnswer& answer);
  /// The time limit: parts without an answer get retry_later. Nothing where it was answered.
  void expire(const Ticket& ticket);
  std::size_t open() const;

 private:
  struct Book {
    std::multimap<store::RowId, Ticket> by_row;
  };
  static bool complete(const Exchange& exchange);
  void answer(const Ticket& ticket);

  Guarded<Book> book_;
  std::atomic<std::size_t> open_{0};
};

}  // namespace masar::engine
