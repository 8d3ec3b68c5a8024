#include "connectors/http/client_tls.h"

#include "connectors/http/client_exchange.h"
#include "connectors/tls/live.h"

namespace masar::http {

namespace {

using Poco::Net::Context;

/// Poco's context, set up by OpenSSL's: Poco by itself takes common names for names of hosts, and
/// with its default VERIFY_RELAXED skips the name of a host on 127.x (TRAPS).
Context::Ptr poco_context(const tls::Settings& settings, const tls::Material& material,
                          const std::string& host) {
  Context::Ptr context(
      new Context(Context::TLS_CLIENT_USE, "", Context::VERIFY_STRICT, 9, false));
  context->enableExtendedCertificateVerification(false);
  tls::apply(context->sslContext(), tls::Side::client, settings, material, host);
  return context;
}

}  // namespace

ClientTls::ClientTls(tls::Settings settings, const std::string& host, const std::string& endpoint,
                     const connector::Context& context, tls::InUse* in_use)
    : name_(settings.name.empty() ? host : settings.name),
      contexts_(settings, {"endpoint", endpoint}, context, in_use,
                [settings, host](const tls::Material& material) {
                  return poco_context(settings, material, host);
                }) {}

Context::Ptr ClientTls::of_system(const std::string& host) { return poco_context({}, {}, host); }

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
