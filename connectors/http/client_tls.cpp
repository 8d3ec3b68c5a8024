#include "connectors/http/client_tls.h"

#include "connectors/http/client_message.h"

namespace masar::http {

ClientTls::ClientTls(tls::Settings settings, const std::string& host, const std::string& endpoint,
                     const connector::Context& context, tls::InUse* in_use)
    : name_(settings.name.empty() ? host : settings.name),
      contexts_(settings, {"endpoint", endpoint}, context, in_use,
                [settings, host](const tls::Material& material) {
                  return tls::make_context(tls::Side::client, settings, material, host);
                }) {}

void check_client_tls(const config::Element& own, const std::string& url,
                      config::Diagnostics& diagnostics) {
  if (!tls::read(own, tls::Side::client, diagnostics)) return;
  if (!url.starts_with("https://")) {
    diagnostics.add(own.element("tls")->place, "<tls> is for a URL that begins with https");
  }
}

std::shared_ptr<ClientTls> client_tls(const config::Element& own, const std::string& url,
                                      const std::string& endpoint,
                                      const connector::Context& context, tls::InUse* in_use) {
  const CallUrl parts = split_url(url);
  if (!parts.tls) return nullptr;
  config::Diagnostics checked;
  return std::make_shared<ClientTls>(
      tls::read(own, tls::Side::client, checked).value_or(tls::Settings{}), parts.host, endpoint,
      context, in_use);
}

}  // namespace masar::http
