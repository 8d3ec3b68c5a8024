#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/connector/connector.h"
#include "core/store/store.h"
#include "tests/bench/workload.h"

namespace masar::bench {

/// The hub's engine in this process, on one kind of store, with the hub's executor; only the
/// connector is missing, for the store is what is compared: in its place run() hands in what `make`
/// makes, a thousand under way, and waits until each is accepted. One thread. Throws
/// std::runtime_error.
class IntakeHub {
 public:
  using Open = std::function<std::unique_ptr<store::Store>(const BusinessClock&)>;
  /// The message of that number, counted from 1.
  using Make = std::function<connector::Received(std::uint64_t number)>;
  /// `config`: a folder whose endpoints are those of the connectors amqp and mfep.
  IntakeHub(const std::string& config, const Open& open, Make make);
  ~IntakeHub();
  IntakeHub(const IntakeHub&) = delete;
  IntakeHub& operator=(const IntakeHub&) = delete;

  struct Result {
    double count = 0;
    double seconds = 0;
    double cpu = 0;     ///< seconds, of this process
    double groups = 0;  ///< commits of the writer
  };
  Result run(double seconds);
  /// The next `count` messages, however long it takes.
  Result run_messages(std::uint64_t count);
  std::vector<double> latencies();  ///< milliseconds; those since the last time

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The ceiling: a writer by the database's own interface and nothing else.
class RawWriter {
 public:
  virtual ~RawWriter() = default;
  virtual void write_group(std::size_t messages) = 0;  ///< one commit of so many messages
};
IntakeHub::Result write_groups(RawWriter& raw, std::size_t group, double seconds);

/// A new place for the rows of one round.
struct IntakePlace {
  IntakeHub::Open open;
  /// On a copy's tables; the hub has stopped, and has written so many messages.
  std::function<std::unique_ptr<RawWriter>(std::uint64_t messages)> raw;
  std::function<double()> server_cpu;  ///< seconds, of a database in processes of its own
};

/// What every round reached, hub and ceiling in turns: messages per second and CPU-second.
struct IntakeRounds {
  std::vector<double> per_cpu, per_second, group;
  std::vector<double> raw_per_cpu, raw_per_second;
  std::vector<double> full_per_second;  ///< the ceiling in groups as large as they may be
  std::vector<double> server_cpu, raw_server_cpu;  ///< CPU-seconds of the server per 1,000
  std::vector<double> latencies;                   ///< milliseconds
};
IntakeRounds measure_rounds(const Options& options, const std::string& config,
                            const IntakeHub::Make& make,
                            const std::function<IntakePlace(int round)>& place);

}  // namespace masar::bench
