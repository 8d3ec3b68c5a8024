#include "tests/support/cutting_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace masar {

CuttingProxy::CuttingProxy(std::string server_socket) : server_socket_(std::move(server_socket)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto* const place = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || ::bind(listener_, place, length) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, place, &length) != 0 || ::pipe2(wake_, O_CLOEXEC) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

CuttingProxy::~CuttingProxy() {
  ::close(wake_[1]);
  acceptor_.join();
  for (std::thread& carrier : carriers_) carrier.join();
  ::close(listener_);
  ::close(wake_[0]);
}

void CuttingProxy::cut_at(std::string bytes) {
  const std::lock_guard lock(mutex_);
  cut_at_ = std::move(bytes);
  cut_request_ = false;
}

void CuttingProxy::cut_request_at(std::string bytes) {
  const std::lock_guard lock(mutex_);
  cut_at_ = std::move(bytes);
  cut_request_ = true;
}

void CuttingProxy::accept_all() {
  for (;;) {
    pollfd waiting[] = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
    ::poll(waiting, 2, -1);
    if (waiting[1].revents != 0) return;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const std::lock_guard lock(mutex_);
    carriers_.emplace_back([this, client] { carry(client); });
  }
}

void CuttingProxy::carry(int client) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, server_socket_.c_str(), sizeof address.sun_path - 1);
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    for (bool going = true; going;) {
      pollfd waiting[] = {{client, POLLIN, 0}, {server, POLLIN, 0}, {wake_[0], POLLIN, 0}};
      ::poll(waiting, 3, -1);
      going = waiting[2].revents == 0 && (waiting[0].revents == 0 || pass(client, server, false)) &&
              (waiting[1].revents == 0 || pass(server, client, true));
    }
  }
  ::close(server);
  ::close(client);
}

/// How many of the bytes may pass; fewer than all: the connection ends there.
std::size_t CuttingProxy::cut(std::string_view bytes, bool answer) {
  const std::lock_guard lock(mutex_);
  if (cut_at_.empty() || answer == cut_request_) return bytes.size();
  const std::size_t found = bytes.find(cut_at_);
  if (found == std::string_view::npos) return bytes.size();
  cut_at_.clear();
  ++cuts_;
  return answer ? 0 : found;
}

/// False: the connection ends here.
bool CuttingProxy::pass(int from, int to, bool answer) {
  char bytes[65536];
  const ssize_t count = ::recv(from, bytes, sizeof bytes, 0);
  if (count <= 0) return false;
  const std::size_t all = static_cast<std::size_t>(count);
  const std::size_t passing = cut({bytes, all}, answer);
  for (std::size_t sent = 0; sent < passing;) {
    const ssize_t more = ::send(to, bytes + sent, passing - sent, MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += static_cast<std::size_t>(more);
  }
  return passing == all;
}

}  // namespace masar
