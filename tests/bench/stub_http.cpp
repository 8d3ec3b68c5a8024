#include "tests/bench/stub_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

namespace masar::bench {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr int kBacklog = 256;
constexpr int kEventsAtOnce = 64;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t at = 0; at < a.size(); ++at) {
    if (std::tolower(static_cast<unsigned char>(a[at])) != b[at]) return false;
  }
  return true;
}

/// The value of a field; `name` in lower case.
std::string_view field(std::string_view head, std::string_view name) {
  for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    const auto colon = head.find(':', at);
    if (colon == std::string_view::npos) return {};
    if (!same(head.substr(at, colon - at), name)) continue;
    const auto begin = head.find_first_not_of(' ', colon + 1);
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  return {};
}

std::size_t body_length(std::string_view head) {
  return static_cast<std::size_t>(
      std::strtoul(std::string(field(head, "content-length")).c_str(), nullptr, 10));
}

void no_delay(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// A caller's connection, made anew where the hub has closed it.
class Connection {
 public:
  explicit Connection(const std::string& address) : host_(address) {}
  ~Connection() { drop(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::string call(const std::string& method, const std::string& target, const std::string& body) {
    std::string request = method + " " + target + " HTTP/1.1\r\nHost: " + host_ + "\r\n";
    if (!body.empty()) {
      request += "Content-Type: application/xml\r\nContent-Length: " + std::to_string(body.size()) +
                 "\r\n";
    }
    request += "\r\n" + body;
    std::string reply;
    if (!exchange(request, reply) && !exchange(request, reply)) {
      throw std::runtime_error("no answer to " + target);
    }
    const auto status = std::string_view(reply).substr(9, 3);
    if (!status.starts_with('2')) throw std::runtime_error(target + " was answered " + reply);
    return reply.substr(reply.find(kEndOfHead) + kEndOfHead.size());
  }

 private:
  bool exchange(const std::string& request, std::string& reply) {
    if (socket_ < 0) socket_ = connect_loopback(host_);
    write_all(socket_, request);
    reply.clear();
    for (char bytes[16384];;) {
      const ssize_t count = ::read(socket_, bytes, sizeof bytes);
      if (count <= 0) {
        drop();
        return false;
      }
      reply.append(bytes, static_cast<std::size_t>(count));
      const auto whole = message_length(reply);
      if (!whole || reply.size() < *whole) continue;
      const std::string_view head = std::string_view(reply).substr(0, reply.find(kEndOfHead) + 2);
      if (same(field(head, "connection"), "close")) drop();
      return true;
    }
  }

  void drop() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  const std::string host_;
  int socket_ = -1;
};

}  // namespace

StubServer::StubServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(listener_, kBacklog) != 0) {
    throw std::runtime_error("a stub cannot listen");
  }
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  end_ = ::eventfd(0, EFD_CLOEXEC);
  for (const int source : {listener_, end_}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = source;
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, source, &event);
  }
  thread_ = std::thread([this] { run(); });
}

StubServer::~StubServer() {
  const std::uint64_t one = 1;
  (void)!::write(end_, &one, sizeof one);
  thread_.join();
  for (const auto& [socket, input] : inputs_) ::close(socket);
  for (const int source : {listener_, poll_, end_}) ::close(source);
}

std::string StubServer::address() const { return "127.0.0.1:" + std::to_string(port_); }

void StubServer::run() {
  for (epoll_event events[kEventsAtOnce];;) {
    const int count = ::epoll_wait(poll_, events, kEventsAtOnce, -1);
    for (int at = 0; at < count; ++at) {
      const int socket = events[at].data.fd;
      if (socket == end_) return;
      if (socket == listener_) {
        accept();
      } else if (!read(socket)) {
        inputs_.erase(socket);
        ::close(socket);
      }
    }
  }
}

void StubServer::accept() {
  const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket < 0) return;
  no_delay(socket);
  inputs_[socket];
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = socket;
  ::epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &event);
}

bool StubServer::read(int socket) {
  char bytes[16384];
  const ssize_t count = ::recv(socket, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count <= 0) return count < 0 && (errno == EAGAIN || errno == EINTR);
  std::string& input = inputs_[socket];
  input.append(bytes, static_cast<std::size_t>(count));
  while (answer(socket, input)) continue;
  return true;
}

bool StubServer::answer(int socket, std::string& input) {
  const auto length = message_length(input);
  if (!length || input.size() < *length) return false;
  const std::size_t whole = *length;
  const auto end = input.find(kEndOfHead);
  const std::string_view head = std::string_view(input).substr(0, end + 2);
  const auto begin = head.find(' ') + 1;
  Request request{head, head.substr(begin, head.find(' ', begin) - begin),
                  std::string_view(input).substr(end + kEndOfHead.size(),
                                                 whole - end - kEndOfHead.size())};
  const Reply reply = handler_(request);
  write_all(socket, "HTTP/1.1 " + std::to_string(reply.status) +
                        " Said\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: " +
                        std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body);
  input.erase(0, whole);
  return true;
}

StubCallers::StubCallers(const std::string& address, int threads) : address_(address) {
  for (int at = 0; at < threads; ++at) threads_.emplace_back([this] { run(); });
}

StubCallers::~StubCallers() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
}

void StubCallers::post(Job job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  changed_.notify_one();
}

std::string StubCallers::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

void StubCallers::run() {
  Connection connection(address_);
  const Call call = [&connection](const auto& method, const auto& target, const auto& body) {
    return connection.call(method, target, body);
  };
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ended_ || !jobs_.empty(); });
      if (ended_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    try {
      job(call);
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      if (error_.empty()) error_ = error.what();
    }
  }
}

std::string decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size()) {
      out += static_cast<char>(std::strtoul(std::string(text.substr(at + 1, 2)).c_str(), nullptr,
                                            16));
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

int connect_loopback(const std::string& address) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in to = loopback(std::atoi(address.c_str() + address.rfind(':') + 1));
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ::close(socket);
    throw std::runtime_error("cannot connect to " + address);
  }
  no_delay(socket);
  return socket;
}

void write_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::optional<std::size_t> message_length(std::string_view bytes) {
  const auto end = bytes.find(kEndOfHead);
  if (end == std::string_view::npos) return std::nullopt;
  return end + kEndOfHead.size() + body_length(bytes.substr(0, end + 2));
}

}  // namespace masar::bench
