#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace masar::bench {

/// What a load run does: a sender and a receiver on their own connections, one thread, Proton's C
/// engine. It serves the raw relay and the hub alike. Run it in another process than what is
/// measured, so that the CPU time of both stays apart.
struct LoadSettings {
  std::string address;      ///< host:port
  std::string in = "in";    ///< the target sent to
  std::string out = "out";  ///< the source received from; empty: no receiver
  std::string user;         ///< of the sender; empty: SASL ANONYMOUS
  std::string password;
  std::string out_user;  ///< of the receiver; empty: the sender's
  std::string out_password;
  std::uint64_t messages = 100'000;
  std::uint64_t in_flight = 500;  ///< sent and not settled at most
  int receiver_credit = 1000;
  std::vector<std::string> bodies;  ///< sent in turn; one of 1 KiB where empty
};

struct LoadResult {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  ///< any other outcome
  std::uint64_t received = 0;
  double seconds = 0;  ///< from the first message to the last settlement (and the last received)
  double p50_ms = 0;   ///< from sending to settlement
  double p99_ms = 0;
  std::string error;  ///< of a connection or link that ended early; empty: none
};

/// Sends all messages, waits until each is settled and, with a receiver, until as many were
/// received as were accepted. Ids are `<prefix>-<number>`, unique in the run.
LoadResult run_load(const LoadSettings& settings, const std::string& prefix = "m");

}  // namespace masar::bench
