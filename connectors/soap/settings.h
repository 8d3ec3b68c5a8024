#pragma once

#include "connectors/soap/inbound.h"
#include "connectors/soap/outbound.h"
#include "core/config/fields.h"
#include "core/connector/connector.h"

namespace masar::soap {

/// Reads and judges `<soap>` of an endpoint: the only file of the connector that knows its
/// attributes. `prefixes` are the hub's.
class SettingsReader {
 public:
  SettingsReader(const connector::EndpointSpec& spec, const Prefixes& prefixes);

  /// Findings about all but the listener, which is `<soap>`'s.
  void check(config::Diagnostics& diagnostics) const;
  /// Whether an inbound endpoint asks who is there.
  bool authenticated() const;
  /// Null where the endpoint has no `<soap>`; the readers below throw Error(config, "no-element").
  const config::Element* element() const noexcept { return own_; }

  struct In {
    InboundSettings settings;  ///< without gate
    std::string listener;
    std::optional<TokenSettings> token;
  };
  In inbound(const connector::Context& context, connector::Intake& intake) const;
  OutboundSettings outbound(const connector::Secrets& secrets) const;
  /// Names of the header blocks that the endpoint understands, for EnvelopeReader.
  std::vector<std::string> understood() const;
  /// Of an endpoint with a schema and operations; else null. Of an outbound one it says what the
  /// hub expects of its partner.
  std::shared_ptr<const Description> description() const;

  /// What is agreed with the partner, for people: nothing of a secret.
  struct Said {
    struct Operation {
      std::string name, action;
      std::string reply;  ///< its element; empty: there is none
      std::string rejected, unavailable;
    };
    struct Block {
      std::string name, about;
    };
    std::string url;       ///< outbound: where to; inbound: public-url, may be empty
    std::string version;   ///< outbound: of SOAP
    std::string user;
    bool token = false;    ///< WS-Security in place of HTTP Basic
    std::string password_type;
    std::chrono::milliseconds age{}, skew{};
    std::string fault_code;
    std::vector<Operation> operations;
    std::vector<Block> blocks;
  };
  Said said() const;

 private:
  const config::Element& own() const;
  void check_inbound(config::Diagnostics& diagnostics) const;
  void check_outbound(config::Diagnostics& diagnostics) const;
  void check_operations(config::Diagnostics& diagnostics) const;
  void check_codes(const config::Values& operation, config::Diagnostics& diagnostics) const;
  void check_described(config::Diagnostics& diagnostics) const;
  void check_headers(config::Diagnostics& diagnostics) const;
  void check_security(const config::Values& values, config::Diagnostics& diagnostics) const;
  void check_prefix(const std::string& name, const config::Place& place,
                    config::Diagnostics& diagnostics) const;
  QualifiedName qualified(const std::string& name, const std::string& otherwise) const;
  std::optional<TokenSettings> token_of(const config::Values& values,
                                        const connector::Secrets& secrets) const;
  std::string reply_of(const config::Element& operation) const;
  void describe_fault(const SchemaNames& names, Described& described) const;

  const connector::EndpointSpec& spec_;
  const Prefixes& prefixes_;
  const config::Element* own_;
};

}  // namespace masar::soap
