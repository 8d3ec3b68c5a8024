#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <proton/event.h>
#include <proton/types.h>

namespace masar::bench {

/// Partners on AMQP, each with a connection, a receiver and a sender of its own; all on one thread
/// and Proton's C engine. What they are told leads at once to what they send.
class StubPeers {
 public:
  struct Login {
    std::string user;
    std::string password;  ///< sends to `<user>.in`, receives from `<user>.out`
  };
  /// On the thread; may send().
  struct Hooks {
    std::function<void()> ready;  ///< all links are open
    std::function<void(std::size_t peer, const std::string& body)> message;
  };
  StubPeers(const std::string& address, const std::vector<Login>& logins, Hooks hooks);
  ~StubPeers();
  StubPeers(const StubPeers&) = delete;
  StubPeers& operator=(const StubPeers&) = delete;

  /// Only on the thread: from a hook. What has no credit yet waits.
  void send(std::size_t peer, const std::string& id, const std::string& correlation,
            std::string body);
  std::string error() const { return error_; }  ///< after the destructor's join; for messages
  /// Messages that the hub did not accept.
  std::size_t refused() const { return refused_; }

 private:
  struct Peer {
    Login login;
    pn_link_t* in = nullptr;   ///< we send
    pn_link_t* out = nullptr;  ///< we receive
    std::deque<std::string> waiting;
  };
  void run();
  void connect(std::size_t at, const std::string& address);
  bool handle(pn_event_t* event);
  void receive(std::size_t at, pn_delivery_t* delivery);
  void flush(std::size_t at);

  const Hooks hooks_;
  pn_proactor_t* proactor_;
  std::vector<Peer> peers_;
  std::size_t open_ = 0;
  std::uint64_t sent_ = 0;
  std::size_t refused_ = 0;
  std::string error_;
  std::thread thread_;
};

}  // namespace masar::bench
