#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace masar::http {

/// From which addresses an endpoint may be called: `10.0.0.0/8 192.168.1.7 ::1`, addresses and
/// networks in CIDR (RFC 4632, RFC 4291), divided by white space. Immutable; any thread.
///
/// IPv4 in IPv6's mapped form (`::ffff:10.0.0.1`) is the IPv4 address, in the list and of a peer;
/// no network of IPv6 has it.
class Peers {
 public:
  /// Nobody is asked where he comes from.
  Peers() = default;
  /// Throws Error(config, "bad-peers") naming the word and what is wrong with it.
  explicit Peers(std::string_view list);

  bool empty() const noexcept { return networks_.empty(); }
  /// Whether a socket's peer, as Request::peer has it (`10.0.0.1:4711`, `[::1]:4711`), may call.
  /// False for what is no address, unless the list is empty.
  bool admit(std::string_view peer) const;

 private:
  struct Address {
    bool v4 = false;
    std::array<std::uint8_t, 16> bytes{};  ///< IPv4: the first four
  };
  struct Network {
    Address address;
    int bits = 0;
  };
  static std::optional<Address> read(const std::string& text);
  static Network network(const std::string& word);
  std::vector<Network> networks_;
};

}  // namespace masar::http
