#include "tests/faults/workers.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <thread>

namespace masar::faults {
namespace {

struct Worker {
  pid_t process = -1;
  int output = -1;
};

[[noreturn]] void run(int output, int index, const std::function<std::string(int)>& work) {
  int status = EXIT_FAILURE;
  try {
    const std::string said = work(index);
    std::size_t written = 0;
    while (written < said.size()) {
      const ssize_t more = ::write(output, said.data() + written, said.size() - written);
      if (more < 0) throw std::runtime_error("it cannot be written");
      written += static_cast<std::size_t>(more);
    }
    status = EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  std::fflush(nullptr);
  ::_exit(status);  // what the parent has is the parent's to clean up
}

Worker begin(int index, const std::function<std::string(int)>& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t parent = ::getpid();
  const pid_t process = ::fork();
  if (process < 0) throw std::runtime_error("no process");
  if (process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(EXIT_FAILURE);
    ::close(ends[0]);
    run(ends[1], index, work);
  }
  ::close(ends[1]);
  return {process, ends[0]};
}

std::string read_all(int from) {
  std::string all;
  char piece[4096];
  for (ssize_t got = 0; (got = ::read(from, piece, sizeof piece)) > 0;)
    all.append(piece, static_cast<std::size_t>(got));
  ::close(from);
  return all;
}

}  // namespace

std::vector<std::string> in_processes(int count, const std::function<std::string(int)>& work) {
  std::fflush(nullptr);  // what is not written yet would be written by each
  std::vector<Worker> workers;
  for (int index = 0; index < count; ++index) workers.push_back(begin(index, work));
  std::vector<std::string> said;
  bool failed = false;
  for (const Worker& worker : workers) {
    said.push_back(read_all(worker.output));
    int status = 0;
    failed = ::waitpid(worker.process, &status, 0) != worker.process || status != 0 || failed;
  }
  if (failed) throw std::runtime_error("a process did not come to its end");
  return said;
}

int processors() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

}  // namespace masar::faults
