#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "core/connector/connector.h"

struct pn_connection_t;

namespace masar::amqp {

/// What becomes of a delivery that a peer sent.
struct Verdict {
  enum class Kind {
    accept,
    reject,
    later,    ///< it may come again, as the endpoint says when and how
    release,  ///< the hub did not look at it
  };
  Kind kind = Kind::accept;
  std::string condition;    ///< of a rejection
  std::string description;  ///< of a rejection
};

struct Answered {
  std::uint64_t ticket = 0;  ///< of the open delivery, as the peer numbered it
  Verdict verdict;
  bool waited = false;  ///< before it is given back
};

struct ToSend {
  std::uint64_t link = 0;  ///< the receiver's number
  connector::Attempt attempt;
  connector::Outbound::Done done;
  std::chrono::steady_clock::time_point deadline;
};

/// Whom a connection shall look after, beside answers and sends.
enum Errand : unsigned {
  kReview = 1,     ///< credit: an endpoint was paused or resumed, or accepting ended
  kDeadlines = 2,  ///< sent messages whose time may be over
  kLogin = 4,      ///< the time to log in is over
  kClose = 8,      ///< the hub stops
  kAttach = 16,    ///< links that are to be opened again
};

/// The queue by which other threads reach a connection: they put work in and wake it, once for any
/// number of pieces; the connection takes all of it in its own event. Proton's objects are touched
/// by nobody else.
///
/// Shared by the connection and by what is still to answer it (hence shared_ptr): it outlives the
/// connection, and after close() takes nothing. Bounded by what the connection granted: answers by
/// its credit, sends by its receivers' credit. Any thread, but take() and close(), which are the
/// connection's.
class Mailbox {
 public:
  struct Contents {
    std::vector<Answered> answers;
    std::vector<ToSend> sends;
    unsigned errands = 0;
  };

  explicit Mailbox(pn_connection_t* connection) : connection_(connection) {}

  void answer(Answered answered);
  /// Whether it took the message; moves from it only then.
  bool send(ToSend& message);
  void run(Errand errand);

  /// Swaps what has come with `contents`, which is empty.
  void take(Contents& contents);
  /// Nothing wakes the connection any more; returns what was still in.
  Contents close();

 private:
  void wake();  // under the lock
  std::mutex mutex_;
  pn_connection_t* connection_;  // null once closed
  bool woken_ = false;           // since the last take()
  Contents contents_;
};

}  // namespace masar::amqp
