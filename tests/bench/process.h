#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/workload.h"

namespace masar::bench {

/// A program that is measured from outside. Its standard output comes back through line(); its
/// standard error goes to a file. The destructor ends it.
class Process {
 public:
  Process(const std::vector<std::string>& command, const std::string& errors);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Its next line of output; empty at the end.
  std::string line();
  pid_t pid() const noexcept { return pid_; }
  bool running();
  double cpu_seconds() const;   ///< all threads, user and system; to the nanosecond
  double peak_rss_mb() const;
  double rss_mb() const;
  void stop();                  ///< SIGTERM, then waits
  void kill();                  ///< SIGKILL, then waits

 private:
  void end(int signal);
  pid_t pid_ = -1;
  int output_ = -1;
};

double peak_rss_mb();           ///< of this process
void forget_peak_rss();         ///< begins the measuring of it anew

/// A folder that goes with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// `masar run` on a configuration.
class RunningHub {
 public:
  struct Start {
    std::string config;
    std::map<std::string, std::string> secrets;    ///< name → contents
    std::map<std::string, std::string> settings;
    std::string state = {};  ///< its state folder; empty: one of its own
  };
  /// Waits until it has written its addresses. Throws std::runtime_error with what it said.
  RunningHub(const Options& options, const Start& start);

  Process& process() noexcept { return *process_; }
  /// `host:port` of a listener, or of `admin`.
  std::string address(const std::string& listener) const;
  int admin_port() const;
  std::string metrics() const;  ///< what its `/metrics` says, with the answer's head
  std::string log() const;

 private:
  TemporaryFolder folder_;
  std::string state_;
  std::unique_ptr<Process> process_;
  std::map<std::string, std::string> addresses_;
};

/// The benchmark's own configuration, running.
RunningHub::Start bench_installation(const Options& options);

}  // namespace masar::bench
