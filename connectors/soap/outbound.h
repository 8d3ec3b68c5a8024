#pragma once

#include <map>
#include <string>
#include <vector>

#include "connectors/http/client.h"
#include "connectors/soap/envelope.h"
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
  std::string authorization;  ///< empty: none
  std::string fault_code;     ///< where a typed fault's code stands below its detail
  std::map<std::string, Operation> operations;
  std::chrono::milliseconds timeout{10'000};
  http::ClientSettings client;
};

/// One outbound SOAP endpoint (ENGINE.md 18). Threads as connector::Outbound says.
class SoapOutbound final : public connector::Outbound {
 public:
  SoapOutbound(OutboundSettings settings, EnvelopeReader reader, Executor& executor);
  void send(connector::Attempt attempt, Done done) override;

 private:
  connector::Outcome outcome_of(http::CallResult result, const Operation& operation,
                                const std::string& reply_name, const std::string& reply_uri) const;
  connector::Outcome fault_outcome(pugi::xml_node fault, const Operation& operation,
                                   const http::CallResult& result) const;

  const OutboundSettings settings_;
  const EnvelopeReader reader_;
  Executor& executor_;
  http::Client client_;  // last: its threads use what stands above
};

}  // namespace masar::soap
