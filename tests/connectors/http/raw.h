#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace masar::test {

/// A plain TCP socket that says exactly what it is told: the hostile peer of the HTTP tests. Reads
/// give up after 10 s so that a hung server fails a test and does not stop it.
class RawSocket {
 public:
  explicit RawSocket(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const auto colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      throw std::runtime_error("cannot connect to " + address);
    }
  }
  explicit RawSocket(int fd) : fd_(fd) {}
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawSocket& operator=(RawSocket&&) = delete;
  ~RawSocket() { close(); }

  /// False where the peer has closed meanwhile.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// Closes so that the peer sees a reset.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

  /// Everything until the peer closes. "<reset>" is appended where it closed with a reset.
  std::string read_all() {
    while (more()) {
    }
    return std::exchange(got_, {});
  }
  /// One response by its Content-Length (or none), later bytes stay for the next.
  std::string read_response() {
    for (;;) {
      const auto end = got_.find("\r\n\r\n");
      if (end != std::string::npos) {
        std::size_t size = end + 4;
        const auto length = got_.find("Content-Length: ");
        if (length != std::string::npos && length < end)
          size += std::stoul(got_.substr(length + 16));
        if (got_.size() >= size) {
          std::string one = got_.substr(0, size);
          got_.erase(0, size);
          return one;
        }
      }
      if (!more()) return std::exchange(got_, {});
    }
  }
  /// Reads until `text` has come; what came so far stays for the next read.
  bool wait_for(std::string_view text) {
    while (got_.find(text) == std::string::npos) {
      if (!more()) return false;
    }
    return true;
  }

 private:
  bool more() {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, 10'000) != 1) return false;
    char piece[16384];
    const auto size = ::recv(fd_, piece, sizeof piece, 0);
    if (size < 0) got_ += "<reset>";
    if (size <= 0) return false;
    got_.append(piece, static_cast<std::size_t>(size));
    return true;
  }

  int fd_;
  std::string got_;
};

/// A listener that answers each connection by a script: the hostile partner of the client's tests.
/// The script runs on the listener's one thread, connection after connection.
class RawServer {
 public:
  using Script = void (*)(RawSocket&, int connection);
  template <typename Act>
  explicit RawServer(Act act) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(fd_, 16) != 0) {
      throw std::runtime_error("cannot listen");
    }
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
    thread_ = std::thread([this, act] {
      for (int number = 0;; ++number) {
        const int one = ::accept(fd_, nullptr, nullptr);
        if (one < 0) return;
        RawSocket socket(one);
        act(socket, number);
      }
    });
  }
  ~RawServer() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  const std::string& address() const { return address_; }

 private:
  int fd_;
  std::string address_;
  std::thread thread_;
};

inline std::string status_of(const std::string& response) {
  return response.size() > 12 ? response.substr(9, 3) : "none";
}
inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace masar::test
