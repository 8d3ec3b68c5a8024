#pragma once

#include <map>
#include <string>
#include <vector>

#include "connectors/http/client.h"
#include "connectors/soap/envelope.h"
#include "connectors/soap/header_blocks.h"
#include "connectors/soap/username_token.h"
#include "core/connector/connector.h"

namespace masar::soap {

struct Operation {
  std::string action;
  std::string reply;  ///< `prefix:Name` or a local name in the request's namespace; empty: request
                      ///< + Response
  bool one_way = false;               ///< no reply belongs to it
  std::vector<std::string> rejected;  ///< codes of typed faults
  std::vector<std::string> unavailable;
};

/// What an outbound endpoint needs, without its configuration.
struct OutboundSettings {
  std::string url;
  Version version = Version::v11;
  std::string authorization;           ///< empty: none
  std::optional<TokenSettings> token;  ///< of the UsernameToken that each attempt has
  std::vector<SentBlock> blocks;
  std::string fault_code;     ///< where a typed fault's code stands below its detail
  std::map<std::string, Operation> operations;
  std::chrono::milliseconds timeout{10'000};
  http::ClientSettings client;
};

/// One outbound SOAP endpoint (ENGINE.md 18). Threads as connector::Outbound says.
class SoapOutbound final : public connector::Outbound {
 public:
  /// `host`: the clock of Timestamps.
  SoapOutbound(OutboundSettings settings, EnvelopeReader reader, const BusinessClock& host,
               Executor& executor);
  void send(connector::Attempt attempt, Done done) override;

 private:
  struct Expected {
    const Operation& operation;
    std::string name, uri;  ///< of the reply's element; a name with a prefix stands for both
  };
  http::Call call_of(const connector::Attempt& attempt, const Operation& operation) const;
  connector::Outcome outcome_of(http::CallResult result, const Expected& expected) const;
  Opened open(const std::string& reply) const;
  bool fits(const Opened& opened, const Expected& expected) const;
  connector::Outcome fault_outcome(const Opened& opened, const Operation& operation,
                                   const http::CallResult& result) const;

  const OutboundSettings settings_;
  const EnvelopeReader reader_;
  const BusinessClock& host_;
  Executor& executor_;
  http::Client client_;  // last: its threads use what stands above
};

}  // namespace masar::soap
