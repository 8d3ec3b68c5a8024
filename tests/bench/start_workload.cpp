// From exec to the first 200 of /ready with the shipped configuration and an empty store, and what
// the process weighs ten seconds later.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/bench/partners.h"
#include "tests/bench/process.h"
#include "tests/bench/readiness.h"
#include "tests/bench/workload.h"

namespace masar::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kStarts = 20;
constexpr std::chrono::seconds kGiveUp{10};
constexpr std::chrono::microseconds kPoll{500};
constexpr std::chrono::seconds kIdle{10};

/// A port that was free a moment ago.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), length);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(socket);
  return ntohs(address.sin_port);
}

/// The shipped hub, begun and ready.
class StartedHub {
 public:
  explicit StartedHub(const Options& options) : port_(free_port()) {
    write_secrets(folder_.path() + "/secrets");
    const auto begun = Clock::now();
    process_ = std::make_unique<Process>(
        std::vector<std::string>{
            options.masar, "run", options.sources + "/config", "--state",
            folder_.path() + "/state", "--secrets", folder_.path() + "/secrets", "--set",
            "admin-address=127.0.0.1:" + std::to_string(port_), "--set",
            "amqp-address=127.0.0.1:0", "--set", "http-address=127.0.0.1:0", "--set",
            "public-address=127.0.0.1:0"},
        folder_.path() + "/log");
    while (!is_ready(port_)) {
      if (!process_->running() || Clock::now() > begun + kGiveUp) {
        throw std::runtime_error("the hub did not become ready: " +
                                 read_file(folder_.path() + "/log"));
      }
      std::this_thread::sleep_for(kPoll);
    }
    milliseconds_ = std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
    cpu_seconds_ = process_->cpu_seconds();
  }

  double milliseconds() const { return milliseconds_; }
  double cpu_seconds() const { return cpu_seconds_; }
  Process& process() { return *process_; }

 private:
  TemporaryFolder folder_;
  int port_;
  std::unique_ptr<Process> process_;
  double milliseconds_ = 0;
  double cpu_seconds_ = 0;
};

}  // namespace

Figure measure_start(const Options& options) {
  Figure figure;
  figure.name = "start-to-ready";
  figure.unit = "milliseconds";
  figure.goal = Goal::figure_below;
  figure.goal_value = 100;
  std::vector<double> times;
  std::vector<double> cpu;
  for (int at = 0; at < kStarts; ++at) {
    StartedHub hub(options);
    times.push_back(hub.milliseconds());
    cpu.push_back(hub.cpu_seconds());
    figure.peak_rss_mb = hub.process().peak_rss_mb();
  }
  figure.figure = median(times);
  figure.p50_ms = figure.figure;
  figure.p99_ms = quantile(times, 0.99);
  figure.more = {{"starts", kStarts}, {"cpu_ms", median(cpu) * 1000}};
  return figure;
}

Figure measure_idle(const Options& options) {
  Figure figure;
  figure.name = "idle-memory";
  figure.unit = "MB resident ten seconds after start";
  figure.goal = Goal::figure_below;
  figure.goal_value = 40;
  StartedHub hub(options);
  const double before = hub.process().cpu_seconds();
  std::this_thread::sleep_for(kIdle);
  figure.figure = hub.process().rss_mb();
  figure.peak_rss_mb = hub.process().peak_rss_mb();
  figure.more = {{"cpu_ms_per_second",
                  (hub.process().cpu_seconds() - before) * 1000 / kIdle.count()}};
  return figure;
}

}  // namespace masar::bench
