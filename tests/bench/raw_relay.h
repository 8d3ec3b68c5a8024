#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace masar::bench {

/// The ceiling of pass-through: a relay on Proton's C engine and nothing else. It listens on one
/// address; what a sender sends to the target `in` goes, as encoded bytes, to the receiver of the
/// source `out`, and the receiver's outcome goes back. One thread, one sender and one receiver at a
/// time; SASL ANONYMOUS. Frame size, session window and credit are those of the hub's defaults, so
/// that only the work differs.
///
/// Owned by the benchmark; its thread's CPU time is what the ratio divides by.
class RawRelay {
 public:
  struct Settings {
    std::string address = "127.0.0.1:0";
    int credit = 1000;
    std::uint32_t frame_bytes = 64 << 10;
    std::size_t session_bytes = 1 << 20;
  };
  explicit RawRelay(Settings settings);  ///< listens; throws std::runtime_error
  ~RawRelay();                           ///< stop()
  RawRelay(const RawRelay&) = delete;
  RawRelay& operator=(const RawRelay&) = delete;

  const std::string& address() const noexcept { return address_; }
  std::uint64_t relayed() const noexcept;
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::string address_;
  std::thread thread_;
};

/// CPU seconds that this process has used, all threads, user and system.
double cpu_seconds();

}  // namespace masar::bench
