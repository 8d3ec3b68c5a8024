#include "tests/support/postgres_cluster.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace masar {
namespace {

namespace fs = std::filesystem;

// PostgreSQL refuses to run as root.
const passwd* server_user() {
  if (::geteuid() != 0) return nullptr;
  const passwd* user = ::getpwnam("postgres");
  return user != nullptr ? user : ::getpwnam("nobody");
}

void wait_a_little() { ::poll(nullptr, 0, 20); }

// Waits for what should happen; a minute is for ever here.
template <typename Happened>
bool wait_for(const Happened& happened) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!happened()) {
    if (std::chrono::steady_clock::now() > end) return false;
    wait_a_little();
  }
  return true;
}

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};

/// The children of a process, from /proc.
std::vector<pid_t> children(pid_t parent) {
  std::vector<pid_t> found;
  const std::string pid = std::to_string(parent);
  std::ifstream list("/proc/" + pid + "/task/" + pid + "/children");
  for (pid_t child = 0; list >> child;) found.push_back(child);
  return found;
}

/// Clock ticks of a process, and of those children that it has waited for, where they are asked.
double cpu_ticks(pid_t process, bool with_ended_children) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(stat), {}};
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0, system = 0, ended_user = 0, ended_system = 0;
  fields >> user >> system >> ended_user >> ended_system;
  return user + system + (with_ended_children ? ended_user + ended_system : 0);
}

}  // namespace

PostgresCluster::PostgresCluster() {
  std::string pattern = (fs::temp_directory_path() / "masar-pg-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  folder_ = pattern;
  if (const passwd* user = server_user()) {
    if (::chown(pattern.c_str(), user->pw_uid, user->pw_gid) != 0) fail("chown");
  }
  const pid_t made = launch("initdb", "-D " + pattern +
                                          "/data -A trust -U masar -E UTF8 --no-locale --no-sync "
                                          "--no-instructions");
  int status = 0;
  ::waitpid(made, &status, 0);
  if (status != 0) fail("initdb");
  start();
}

PostgresCluster::~PostgresCluster() {
  for (PGconn* const connection : taken_) PQfinish(connection);
  kill();
  std::error_code error;
  fs::remove_all(folder_, error);
}

PostgresCluster& PostgresCluster::shared() {
  static const auto cluster = std::make_unique<PostgresCluster>();
  return *cluster;
}

std::string PostgresCluster::tool(const std::string& name) const {
  std::set<fs::path> versions;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    if (fs::exists(entry.path() / "bin" / name)) versions.insert(entry.path() / "bin" / name);
  }
  if (versions.empty()) throw std::runtime_error(name + " is not there: run ops/setup");
  return versions.rbegin()->string();
}

pid_t PostgresCluster::launch(const std::string& program, const std::string& arguments) const {
  std::vector<std::string> words{tool(program)};
  std::istringstream list(arguments);
  for (std::string word; list >> word;) words.push_back(word);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const std::string log = folder_ / "log";
  const passwd* user = server_user();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (user != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
                          ::setuid(user->pw_uid) != 0)) {
    ::_exit(126);
  }
  // Of a group of its own: a Ctrl-C of the tests is not its. It goes when they are killed.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent) ::_exit(126);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(file, 1);
  ::dup2(file, 2);
  if (::chdir("/") != 0) ::_exit(126);
  ::execv(pointers[0], pointers.data());
  ::_exit(127);
}

void PostgresCluster::start() {
  const auto launch_server = [this] {
    server_ = launch("postgres", "-D " + (folder_ / "data").string() + " -k " + folder_.string() +
                                     " -c listen_addresses= -c fsync=on -c shared_buffers=64MB"
                                     " -c max_connections=40 -c log_min_messages=fatal");
  };
  launch_server();
  const bool up = wait_for([&] {
    if (answers()) return true;
    // Killed before, its last processes may still hold the shared memory: it gives up at once.
    if (::waitpid(server_, nullptr, WNOHANG) == server_) launch_server();
    return false;
  });
  if (!up) fail("the server does not answer");
}

void PostgresCluster::kill() {
  if (server_ == 0) return;
  const std::vector<pid_t> processes = children(server_);
  ::kill(server_, SIGKILL);
  for (const pid_t process : processes) ::kill(process, SIGKILL);
  ::waitpid(server_, nullptr, 0);
  server_ = 0;
}

double PostgresCluster::cpu_seconds() const {
  double ticks = cpu_ticks(server_, true);
  for (const pid_t child : children(server_)) ticks += cpu_ticks(child, false);
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void PostgresCluster::freeze(bool stop) {
  // The parent first and last, so that it makes no child that goes on.
  if (stop) ::kill(server_, SIGSTOP);
  for (const pid_t process : children(server_)) ::kill(process, stop ? SIGSTOP : SIGCONT);
  if (!stop) ::kill(server_, SIGCONT);
}

void PostgresCluster::take_all_connections() {
  const std::string own =
      "host=" + folder_.string() + " user=masar dbname=postgres application_name=taken";
  for (;;) {
    PGconn* const connection = PQconnectdb(own.c_str());
    if (PQstatus(connection) != CONNECTION_OK) return PQfinish(connection);
    taken_.push_back(connection);
  }
}

void PostgresCluster::give_connections_back() {
  if (taken_.empty()) return;
  for (PGconn* const connection : taken_) PQfinish(connection);
  taken_.clear();
  const bool given = wait_for([this] {  // the server takes its time
    try {
      return query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'taken'").empty();
    } catch (const std::runtime_error&) {
      return false;
    }
  });
  if (!given) fail("the connections are still taken");
}

bool PostgresCluster::answers() const {
  return PQping(("host=" + folder_.string() + " user=masar dbname=postgres").c_str()) == PQPING_OK;
}

std::string PostgresCluster::socket() const { return folder_ / ".s.PGSQL.5432"; }

std::string PostgresCluster::new_schema() {
  const std::string name = "t" + std::to_string(++schemas_);
  execute("CREATE SCHEMA " + name);
  return "host=" + folder_.string() + " user=masar dbname=postgres options=-csearch_path=" + name;
}

std::string PostgresCluster::through(const std::string& connection, const std::string& host,
                                     int port) {
  return connection + " host=" + host + " port=" + std::to_string(port);
}

void PostgresCluster::execute(const std::string& sql, const std::string& connection) {
  query(sql, connection);
}

std::string PostgresCluster::query(const std::string& sql, const std::string& connection) {
  const std::string own = "host=" + folder_.string() + " user=masar dbname=postgres";
  const std::unique_ptr<PGconn, Finish> connected(
      PQconnectdb(connection.empty() ? own.c_str() : connection.c_str()));
  PQsetNoticeProcessor(
      connected.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, Finish> result(PQexec(connected.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    fail(PQerrorMessage(connected.get()));
  }
  std::string text;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    text += PQgetvalue(result.get(), row, 0);
    text += '\n';
  }
  return text;
}

void PostgresCluster::fail(const std::string& what) const {
  std::ostringstream log;
  log << std::ifstream(folder_ / "log").rdbuf();
  throw std::runtime_error("PostgreSQL: " + what + '\n' + log.str());
}

}  // namespace masar
