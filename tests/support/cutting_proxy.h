#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace masar {

/// Stands between clients on 127.0.0.1 and a server's local socket, and passes on what comes; told
/// to, it cuts a connection instead of passing something on. Owned by a test.
class CuttingProxy {
 public:
  explicit CuttingProxy(std::string server_socket);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  int port() const noexcept { return port_; }
  /// The next connection on which the server sends `bytes` ends there: they do not arrive.
  void cut_at(std::string bytes);
  /// The next connection on which the client sends `bytes` ends there: what it has sent before them
  /// arrives.
  void cut_request_at(std::string bytes);
  int cuts() const noexcept { return cuts_; }

 private:
  void accept_all();
  void carry(int client);
  bool pass(int from, int to, bool answer);
  std::size_t cut(std::string_view bytes, bool answer);

  const std::string server_socket_;
  int listener_ = -1;
  int port_ = 0;
  int wake_[2] = {-1, -1};  // closed to end all threads
  std::atomic<int> cuts_{0};
  std::mutex mutex_;  // protects what follows
  std::string cut_at_;
  bool cut_request_ = false;
  std::vector<std::thread> carriers_;
  std::thread acceptor_;
};

}  // namespace masar
