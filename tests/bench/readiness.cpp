#include "tests/bench/readiness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace masar::bench {

std::string admin_answer(int port, const std::string& path, const std::string& token) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  std::string answer;
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" +
                                std::to_string(port) + "\r\nAuthorization: Bearer " + token +
                                "\r\nConnection: close\r\n\r\n";
    (void)!::write(socket, request.data(), request.size());
    char bytes[4096];
    for (ssize_t count = 0; (count = ::read(socket, bytes, sizeof bytes)) > 0;)
      answer.append(bytes, static_cast<std::size_t>(count));
  }
  ::close(socket);
  return answer;
}

bool is_ready(int port) { return admin_answer(port, "/ready", "-").starts_with("HTTP/1.1 200"); }

}  // namespace masar::bench
