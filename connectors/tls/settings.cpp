#include "connectors/tls/settings.h"

#include "core/config/fields.h"

namespace masar::tls {
namespace {

using config::ElementTable;
using config::Kind;

const config::Field kNewest{
    "version", Kind::choice, false, "1.2", "the oldest version of TLS", {"1.2", "1.3"}};

const ElementTable kServer{
    "tls",
    "The listener speaks TLS and nothing else.",
    {{"certificate",
      Kind::secret,
      true,
      "",
      "its certificate and those between it and its authority, PEM, secret:NAME",
      {}},
     {"key", Kind::secret, true, "", "the certificate's private key, PEM, secret:NAME", {}},
     {"clients",
      Kind::choice,
      false,
      "none",
      "whether a client shows a certificate",
      {"none", "wanted", "required"}},
     {"trust",
      Kind::secret,
      false,
      "",
      "authorities of the clients' certificates, and no others, PEM, secret:NAME",
      {}},
     kNewest},
    {}};

const ElementTable kClient{
    "tls",
    "The connection speaks TLS and nothing else.",
    {{"trust",
      Kind::secret,
      false,
      "",
      "authorities of the server's certificate, and no others, PEM, secret:NAME; none: the "
      "system's",
      {}},
     {"name", Kind::text, false, "", "that the server's certificate has; empty: the host", {}},
     {"certificate",
      Kind::secret,
      false,
      "",
      "the hub's certificate and those between it and its authority, PEM, secret:NAME",
      {}},
     {"key", Kind::secret, false, "", "the certificate's private key, PEM, secret:NAME", {}},
     kNewest},
    {}};

}  // namespace

std::optional<Settings> read(const config::Element& parent, Side side,
                             config::Diagnostics& diagnostics) {
  const config::Element* own = parent.element("tls");
  if (own == nullptr) return std::nullopt;
  const config::Values values(side == Side::server ? kServer : kClient, *own, diagnostics);
  Settings settings;
  settings.certificate = values.text("certificate");
  settings.key = values.text("key");
  settings.trust = values.text("trust");
  settings.newest_only = values.text("version") == "1.3";
  if (side == Side::client) {
    settings.name = values.text("name");
    if (settings.certificate.empty() != settings.key.empty()) {
      diagnostics.add(own->place, "<tls> has a certificate without its key, or the reverse",
                      "write certificate=\"secret:…\" and key=\"secret:…\"");
    }
    return settings;
  }
  const std::string& clients = values.text("clients");
  if (clients == "wanted") settings.clients = Settings::Clients::wanted;
  if (clients == "required") settings.clients = Settings::Clients::required;
  if (settings.clients != Settings::Clients::none && settings.trust.empty()) {
    diagnostics.add(values.place("clients"),
                    "the clients' certificates are asked for, and nobody says whose are good",
                    "write trust=\"secret:…\"");
  }
  return settings;
}

}  // namespace masar::tls
