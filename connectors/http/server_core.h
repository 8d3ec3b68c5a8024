#pragma once

#include <functional>

#include <future>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "connectors/http/server.h"
#include "core/base/guarded.h"

namespace masar::http {

/// One open connection as the server sees it. Both calls come from any thread and return at once.
class Live {
 public:
  virtual ~Live() = default;
  virtual void finish() = 0;  ///< no further request: close when idle, or after the running one
  virtual void end() = 0;     ///< answer 503 to what waits for a handler, then close
  virtual void drop() = 0;    ///< close now; only when no thread of the server runs any more
};

/// What Server, its connections and the Respond functions share. `settings`, `handlers` and
/// `notify` are constant once started; `population` is for any thread; a door belongs to its
/// strand.
///
/// Order of members: whatever an operation still queued in `io` touches when it is destroyed stands
/// before it.
struct ServerCore : std::enable_shared_from_this<ServerCore> {
  explicit ServerCore(ServerSettings wanted) : settings(std::move(wanted)) {}

  struct Population {
    std::map<Live*, std::weak_ptr<Live>> live;
    std::size_t refusing = 0;  ///< of `live`: those beyond the cap
    bool accepting = false;
    bool stopped = false;                       ///< no thread runs any more
    std::optional<std::promise<void>> emptied;  ///< somebody waits for `live` to be empty
  };

  ServerSettings settings;
  std::vector<Handler> handlers;
  std::function<void(const Problem&)> notify;
  Guarded<Population> population;

  boost::asio::io_context io;
  struct Door {
    explicit Door(boost::asio::io_context& owner)
        : strand(boost::asio::make_strand(owner)), acceptor(strand), timer(strand) {}
    boost::asio::strand<boost::asio::io_context::executor_type> strand;
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer timer;  ///< waits out a lack of descriptors
    bool waiting = false;             ///< too many refusals at once: not accepting
  };
  std::vector<std::unique_ptr<Door>> doors;
  std::vector<std::string> bound;  ///< addresses, in the order of the settings
  std::vector<std::thread> threads;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work;

  /// The handler of a path, and whether the path is known at all for other methods.
  struct Found {
    const Handler* handler = nullptr;
    const Handler* any_method = nullptr;  ///< of the same path; for the form of its errors
    std::string allow;                    ///< methods of the path, as the Allow header lists them
  };
  Found find(std::string_view path, std::string_view method) const;

  void open(const std::string& address);
  void accept_next(Door& door);
  void accepted(Door& door, boost::asio::ip::tcp::socket socket);
  /// Counts a connection in; false: the server stops, at most one request is served.
  bool began(const std::shared_ptr<Live>& connection, bool refuse);
  void ended(Live* connection, bool refused);
  /// The body of each thread.
  void run() noexcept;
};

/// Begins to serve a socket, or, with `refuse`, only says 503 and closes. Keeps itself alive.
void serve(const std::shared_ptr<ServerCore>& core, boost::asio::ip::tcp::socket socket,
           bool refuse);

}  // namespace masar::http
