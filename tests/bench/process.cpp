#include "tests/bench/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <boost/json.hpp>

#include "tests/bench/readiness.h"

namespace masar::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStartMax{20};
constexpr std::chrono::milliseconds kPoll{2};

double status_mb(const std::string& process, const std::string& name) {
  std::ifstream in("/proc/" + process + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name + ":")) return std::atof(line.c_str() + name.size() + 1) / 1024;
  }
  return 0;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::string& errors) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    const int file = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file >= 0) ::dup2(file, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  output_ = ends[0];
  if (pid_ < 0) throw std::runtime_error("cannot start " + command[0]);
}

Process::~Process() {
  stop();
  ::close(output_);
}

std::string Process::line() {
  std::string text;
  for (char c = 0; ::read(output_, &c, 1) == 1 && c != '\n';) text += c;
  return text;
}

bool Process::running() {
  if (pid_ < 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

void Process::stop() { end(SIGTERM); }
void Process::kill() { end(SIGKILL); }

void Process::end(int signal) {
  if (!running()) return;
  ::kill(pid_, signal);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
}

double Process::cpu_seconds() const {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double Process::peak_rss_mb() const { return status_mb(std::to_string(pid_), "VmHWM"); }
double Process::rss_mb() const { return status_mb(std::to_string(pid_), "VmRSS"); }
double peak_rss_mb() { return status_mb("self", "VmHWM"); }
void forget_peak_rss() { std::ofstream("/proc/self/clear_refs") << "5"; }

TemporaryFolder::TemporaryFolder() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base ? base : "/tmp") + "/masar-bench-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

RunningHub::RunningHub(const Options& options, const Start& start)
    : state_(start.state.empty() ? folder_.path() + "/state" : start.state) {
  const std::string& home = folder_.path();
  fs::create_directory(home + "/secrets");
  for (const auto& [name, contents] : start.secrets) {
    std::ofstream(home + "/secrets/" + name) << contents << '\n';
  }
  std::vector<std::string> command{options.masar,     "run",
                                   start.config,      "--state",
                                   state_,            "--secrets",
                                   home + "/secrets", "--addresses",
                                   home + "/addresses.json"};
  for (const auto& [name, value] : start.settings) {
    command.push_back("--set");
    command.push_back(name + "=" + value);
  }
  process_ = std::make_unique<Process>(command, home + "/log");
  const auto until = Clock::now() + kStartMax;
  while (!fs::exists(home + "/addresses.json")) {
    if (!process_->running() || Clock::now() > until) {
      throw std::runtime_error("the hub did not start: " + log());
    }
    std::this_thread::sleep_for(kPoll);
  }
  const auto all = boost::json::parse(read_file(home + "/addresses.json")).as_object();
  for (const auto& one : all) addresses_[std::string(one.key())] = one.value().as_string().c_str();
}

std::string RunningHub::address(const std::string& listener) const {
  return addresses_.at(listener);
}

int RunningHub::admin_port() const {
  const std::string admin = address("admin");
  return std::stoi(admin.substr(admin.rfind(':') + 1));
}

std::string RunningHub::metrics() const {
  std::string token = read_file(state_ + "/admin.token");
  token.erase(token.find_last_not_of('\n') + 1);
  return admin_answer(admin_port(), "/metrics", token);
}

std::string RunningHub::log() const { return read_file(folder_.path() + "/log"); }

RunningHub::Start bench_installation(const Options& options) {
  return {options.sources + "/tests/bench/installation/config",
          {{"sender", "sender-password"}, {"receiver", "receiver-password"}},
          {{"amqp-address", "127.0.0.1:0"}, {"admin-address", "127.0.0.1:0"}}};
}

}  // namespace masar::bench
