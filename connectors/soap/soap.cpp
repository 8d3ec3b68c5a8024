#include "connectors/soap/soap.h"

#include <atomic>
#include <map>

#include "connectors/http/client_tls.h"
#include "connectors/soap/guide.h"
#include "connectors/soap/settings.h"

namespace masar::soap {

using connector::EndpointSpec;
using connector::Intake;

namespace {

class SoapConnector final : public connector::Connector {
 public:
  SoapConnector(const connector::Context& context, http::Listeners& listeners)
      : context_(context), listeners_(listeners) {}

  std::string_view name() const override { return "soap"; }
  void check(const EndpointSpec& spec, config::Diagnostics& diagnostics) const override;
  void add_inbound(const EndpointSpec& spec, Intake& intake) override;
  std::unique_ptr<connector::Outbound> add_outbound(const EndpointSpec& spec,
                                                    Intake& intake) override;

  // The listeners are the http connector's to start and stop.
  void start() override {}
  void stop_accepting() override {}
  void stop() override {}
  std::map<std::string, std::string> addresses() const override { return {}; }
  connector::Guide guide(const connector::GuideRequest& request) const override {
    return soap::guide(request, context_.prefixes, listeners_);
  }
  void pause(const std::string& endpoint, bool paused) override {
    const auto found = paused_.find(endpoint);
    if (found != paused_.end()) *found->second = paused;
  }

 private:
  const connector::Context context_;
  const SystemBusinessClock host_{};  ///< for partners' Timestamps: never moved
  http::Listeners& listeners_;
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> paused_;
};

void SoapConnector::check(const EndpointSpec& spec, config::Diagnostics& diagnostics) const {
  const SettingsReader reader(spec, context_.prefixes);
  reader.check(diagnostics);
  if (spec.inbound && reader.element())
    listeners_.check_use(*reader.element(), reader.authenticated(), diagnostics);
}

void SoapConnector::add_inbound(const EndpointSpec& spec, Intake& intake) {
  const SettingsReader reader(spec, context_.prefixes);
  SettingsReader::In in = reader.inbound(context_, intake);
  if (in.token)
    in.settings.gate = std::make_shared<const TokenGate>(*in.token, host_, context_.steady);
  paused_[spec.id] = in.settings.door.paused;
  const auto inbound = std::make_shared<const Inbound>(
      std::move(in.settings), EnvelopeReader(context_.prefixes, spec.xml, reader.understood()));
  http::Server& server = listeners_.at(in.listener);
  for (http::Handler& handler : Inbound::handlers(inbound)) server.route(std::move(handler));
  listeners_.refusals_to(intake);
}

std::unique_ptr<connector::Outbound> SoapConnector::add_outbound(const EndpointSpec& spec,
                                                                 Intake&) {
  const SettingsReader reader(spec, context_.prefixes);
  OutboundSettings settings = reader.outbound(context_.secrets);
  settings.client.tls = http::client_tls(*reader.element(), settings.url, spec.id, context_,
                                         listeners_.certificates());
  XmlLimits limits = spec.xml;
  limits.bytes_max = settings.client.reply_bytes_max;
  return std::make_unique<SoapOutbound>(
      std::move(settings), EnvelopeReader(context_.prefixes, limits, reader.understood()), host_,
      context_.executor);
}

}  // namespace

std::unique_ptr<connector::Connector> make_soap(const connector::Context& context,
                                                http::Listeners& listeners) {
  return std::make_unique<SoapConnector>(context, listeners);
}

}  // namespace masar::soap
