#include "connectors/http/peers.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <sstream>

#include "core/base/error.h"

namespace masar::http {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr int kMappedBits = 96;

[[noreturn]] void refuse(const std::string& word, const std::string& why) {
  throw Error(ErrorKind::config, "bad-peers", "\"" + word + "\" " + why);
}

/// Whether both begin with the same `bits` bits.
bool same_bits(const std::uint8_t* one, const std::uint8_t* other, int bits) {
  const int whole = bits / 8, rest = bits % 8;
  if (std::memcmp(one, other, static_cast<std::size_t>(whole)) != 0) return false;
  return rest == 0 || (one[whole] ^ other[whole]) >> (8 - rest) == 0;
}

bool is_mapped(const std::array<std::uint8_t, 16>& bytes) {
  return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

/// The address of `address:port`, without the scope of a link-local one.
std::string host_of(std::string_view peer) {
  std::string_view host = peer.substr(0, peer.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host.substr(0, host.find('%')));
}

}  // namespace

std::optional<Peers::Address> Peers::read(const std::string& text) {
  Address address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.v4 = true;
    return address;
  }
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

Peers::Network Peers::network(const std::string& word) {
  const auto slash = word.find('/');
  const auto address = read(word.substr(0, slash));
  if (!address) refuse(word, "is no address: write 10.0.0.0/8, 192.168.1.7 or ::1");
  Network network{*address, address->v4 ? 32 : 128};
  if (slash != std::string::npos) {
    const char* end = word.data() + word.size();
    const int most = network.bits;
    const auto [stop, error] = std::from_chars(word.data() + slash + 1, end, network.bits);
    if (error != std::errc() || stop != end || network.bits < 0 || network.bits > most) {
      refuse(word, "has no length from 0 to " + std::to_string(most) + " after its /");
    }
  }
  if (!network.address.v4 && network.bits >= kMappedBits && is_mapped(network.address.bytes)) {
    std::copy_n(address->bytes.begin() + kMapped.size(), 4, network.address.bytes.begin());
    network.address.v4 = true;
    network.bits -= kMappedBits;
  }
  std::array<std::uint8_t, 16> last = network.address.bytes;
  const int size = network.address.v4 ? 32 : 128;
  for (int bit = network.bits; bit < size; ++bit) {
    last[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80 >> bit % 8));
  }
  // 10.0.0.1/8 is 10.0.0.0/8 or 10.0.0.1: who wrote it should say which.
  if (!same_bits(last.data(), network.address.bytes.data(), size)) {
    refuse(word, "has bits beyond its length");
  }
  return network;
}

Peers::Peers(std::string_view list) {
  std::istringstream words{std::string(list)};
  for (std::string word; words >> word;) networks_.push_back(network(word));
  if (networks_.empty()) refuse(std::string(list), "names no address");
}

bool Peers::admit(std::string_view peer) const {
  if (networks_.empty()) return true;
  auto address = read(host_of(peer));
  if (!address) return false;
  if (!address->v4 && is_mapped(address->bytes)) {
    std::copy_n(address->bytes.begin() + kMapped.size(), 4, address->bytes.begin());
    address->v4 = true;
  }
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return network.address.v4 == address->v4 &&
           same_bits(network.address.bytes.data(), address->bytes.data(), network.bits);
  });
}

}  // namespace masar::http
