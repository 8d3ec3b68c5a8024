#pragma once

#include <map>
#include <memory>
#include <string>

#include "connectors/http/inbound.h"
#include "connectors/soap/envelope.h"

namespace masar::soap {

/// One inbound SOAP endpoint: envelopes in, payloads to Intake, replies and faults out. Immutable;
/// any thread.
class Inbound {
 public:
  /// `actions`: payload element (local name) → its SOAPAction.
  Inbound(http::Door door, EnvelopeReader reader, std::map<std::string, std::string> actions);

  /// What the server is to be given. The handler keeps `me` alive.
  static http::Handler handler(const std::shared_ptr<const Inbound>& me);

 private:
  void serve(http::Request request, const http::Respond& respond) const;
  Opened open(const http::Request& request) const;
  static http::Response answer_of(const http::Door& door, const connector::IntakeAnswer& parts);

  http::Door door_;
  EnvelopeReader reader_;
  std::map<std::string, std::string> actions_;
};

}  // namespace masar::soap
