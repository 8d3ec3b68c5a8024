#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

struct pg_conn;

namespace masar {

/// A PostgreSQL server of the tests' own: made in a temporary folder, reached by a socket in it
/// only, with fsync on, as a user that is not root. Ends with its owner, or with the process where
/// that is killed. Throws std::runtime_error with the server's log.
class PostgresCluster {
 public:
  PostgresCluster();
  ~PostgresCluster();
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;

  /// The one of this test executable: made when it is first asked for.
  static PostgresCluster& shared();

  /// A conninfo; what is created lands in a new schema of its own.
  std::string new_schema();
  std::string socket() const;  ///< the path of the socket
  /// The same place through another host and port.
  static std::string through(const std::string& connection, const std::string& host, int port);

  void execute(const std::string& sql, const std::string& connection = {});
  std::string query(const std::string& sql, const std::string& connection = {});

  /// What all its processes have used, those that have ended included: user and system.
  double cpu_seconds() const;

  void start();                 ///< returns when it answers
  void kill();                  ///< SIGKILL, and its processes with it
  void freeze(bool stop);       ///< SIGSTOP or SIGCONT to all its processes
  void take_all_connections();  ///< until the server has no more
  void give_connections_back();

 private:
  std::string tool(const std::string& name) const;
  pid_t launch(const std::string& program, const std::string& arguments) const;
  bool answers() const;
  [[noreturn]] void fail(const std::string& what) const;

  std::filesystem::path folder_;
  pid_t server_ = 0;
  int schemas_ = 0;
  std::vector<pg_conn*> taken_;
};

}  // namespace masar
