#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace masar::bench {

/// A partner that serves HTTP: one thread, epoll, keep-alive, answers at once. For the benchmark's
/// own traffic, not for strangers'.
class StubServer {
 public:
  struct Request {
    std::string_view head;   ///< request line and header
    std::string_view target;
    std::string_view body;
  };
  struct Reply {
    int status = 200;
    std::string body;
  };
  using Handler = std::function<Reply(const Request&)>;
  explicit StubServer(Handler handler);  ///< listens on a free port
  ~StubServer();
  StubServer(const StubServer&) = delete;
  StubServer& operator=(const StubServer&) = delete;

  std::string address() const;

 private:
  void run();
  void accept();
  bool read(int socket);                       ///< false: the connection has ended
  bool answer(int socket, std::string& input);  ///< false: more bytes are needed

  const Handler handler_;
  int listener_ = -1;
  int poll_ = -1;
  int end_ = -1;
  int port_ = 0;
  std::map<int, std::string> inputs_;  ///< by connection
  std::thread thread_;
};

/// Partners that call by HTTP: jobs on a few threads, each with a connection that it keeps.
class StubCallers {
 public:
  /// One exchange; the reply's body. Throws std::runtime_error where there is no 2xx.
  using Call = std::function<std::string(const std::string& method, const std::string& target,
                                         const std::string& body)>;
  using Job = std::function<void(const Call&)>;
  StubCallers(const std::string& address, int threads);
  ~StubCallers();  ///< drops what waits
  StubCallers(const StubCallers&) = delete;
  StubCallers& operator=(const StubCallers&) = delete;

  void post(Job job);
  std::string error() const;  ///< of the first job that failed

 private:
  void run();

  const std::string address_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool ended_ = false;
  std::string error_;
  std::vector<std::thread> threads_;
};

std::string decode_percent(std::string_view text);

/// A connection without Nagle's delay to `127.0.0.1:port`. Throws std::runtime_error.
int connect_loopback(const std::string& address);
void write_all(int socket, std::string_view bytes);
/// Of a message with Content-Length, head included; none while its head is not whole.
std::optional<std::size_t> message_length(std::string_view bytes);

}  // namespace masar::bench
