#include "tests/bench/http_load.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

#include "tests/bench/stub_http.h"
#include "tests/bench/workload.h"

namespace masar::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kEventsAtOnce = 64;

struct Caller {
  int socket = -1;
  std::string input;
  Clock::time_point sent;
};

class Callers {
 public:
  explicit Callers(const HttpLoad& load) : load_(load), all_(load.callers) {
    poll_ = ::epoll_create1(EPOLL_CLOEXEC);
    for (Caller& caller : all_) {
      caller.socket = connect_loopback(load.address);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &caller;
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, caller.socket, &event);
    }
  }
  ~Callers() {
    for (const Caller& caller : all_) ::close(caller.socket);
    ::close(poll_);
  }
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  HttpLoadResult run() {
    const auto begun = Clock::now();
    const auto until = begun + std::chrono::duration<double>(load_.seconds);
    for (Caller& caller : all_) ask(caller);
    bool over = false;
    for (std::size_t waiting = all_.size(); waiting > 0;) {
      epoll_event events[kEventsAtOnce];
      const int count = ::epoll_wait(poll_, events, kEventsAtOnce, -1);
      for (int at = 0; at < count; ++at) {
        Caller& caller = *static_cast<Caller*>(events[at].data.ptr);
        if (!answered(caller)) continue;
        over = over || Clock::now() >= until;
        if (over) {
          --waiting;
        } else {
          ask(caller);
        }
      }
    }
    HttpLoadResult result;
    result.answered = times_.size();
    result.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    result.p50_ms = quantile(times_, 0.5);
    result.p99_ms = quantile(times_, 0.99);
    return result;
  }

 private:
  void ask(Caller& caller) {
    caller.sent = Clock::now();
    write_all(caller.socket, load_.request);
  }

  /// Whether its answer is whole; what came is forgotten then.
  bool answered(Caller& caller) {
    char bytes[16384];
    const ssize_t count = ::recv(caller.socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count <= 0) throw std::runtime_error("a connection was closed");
    caller.input.append(bytes, static_cast<std::size_t>(count));
    const auto whole = message_length(caller.input);
    if (!whole || caller.input.size() < *whole) return false;
    if (caller.input.size() > *whole || !caller.input.starts_with("HTTP/1.1 200") ||
        caller.input.find(load_.expected) == std::string::npos)
      throw std::runtime_error("it was answered " + caller.input);
    caller.input.clear();
    times_.push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - caller.sent).count());
    return true;
  }

  const HttpLoad& load_;
  std::vector<Caller> all_;
  std::vector<double> times_;
  int poll_ = -1;
};

}  // namespace

HttpLoadResult run_http_load(const HttpLoad& load) { return Callers(load).run(); }

}  // namespace masar::bench
