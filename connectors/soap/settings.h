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
  std::shared_ptr<const Description> description() const;

  const connector::EndpointSpec& spec_;
  const Prefixes& prefixes_;
  const config::Element* own_;
};

}  // namespace masar::soap
