#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/http/inbound.h"
#include "connectors/soap/description.h"
#include "connectors/soap/envelope.h"
#include "connectors/soap/header_blocks.h"
#include "connectors/soap/username_token.h"

namespace masar::soap {

/// What an inbound endpoint needs, without its configuration.
struct InboundSettings {
  http::Door door;
  std::map<std::string, std::string> actions;  ///< payload element (local name) → its action
  std::vector<KnownBlock> blocks;
  std::string public_url;  ///< for the description; empty: by the Host that is asked
  std::shared_ptr<const TokenGate> gate;           ///< null: no UsernameToken is asked for
  std::shared_ptr<const Description> description;  ///< null: none is served
};

/// One inbound SOAP endpoint: envelopes in, payloads to Intake, replies and faults out, in the
/// version of the request. Immutable; any thread.
class Inbound {
 public:
  Inbound(InboundSettings settings, EnvelopeReader reader);

  /// What the server is to be given: the endpoint, and its description where it has one. The
  /// handlers keep `me` alive.
  static std::vector<http::Handler> handlers(const std::shared_ptr<const Inbound>& me);

 private:
  /// What an answer needs of its request.
  struct Said {
    Version version = Version::v11;
    std::string repeated;  ///< header blocks
  };
  void serve(http::Request request, const http::Respond& respond) const;
  connector::Received read(const http::Request& request, Said& said) const;
  Opened open(const http::Request& request) const;
  http::Response describe(const http::Request& request) const;
  static http::Response answer_of(const Said& said, const connector::IntakeAnswer& parts);

  InboundSettings settings_;
  EnvelopeReader reader_;
};

}  // namespace masar::soap
