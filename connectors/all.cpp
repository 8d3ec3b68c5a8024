#include "connectors/all.h"

#include "connectors/amqp/amqp.h"
#include "connectors/http/http.h"
#include "connectors/mfep/mfep.h"
#include "connectors/sms/sms.h"
#include "connectors/soap/soap.h"

namespace masar {

connector::Connector* Connectors::find(std::string_view name) const {
  for (const auto& one : all) {
    if (one->name() == name) return one.get();
  }
  return nullptr;
}

Connectors make_connectors(const connector::Context& context) {
  Connectors connectors;
  connectors.certificates = std::make_unique<tls::InUse>();
  connectors.listeners = std::make_unique<http::Listeners>(connectors.certificates.get());
  http::Listeners& listeners = *connectors.listeners;
  connectors.all.push_back(amqp::make_amqp(context, connectors.certificates.get()));
  connectors.all.push_back(soap::make_soap(context, listeners));
  connectors.all.push_back(mfep::make_mfep(context, listeners));
  connectors.all.push_back(sms::make_sms(context, listeners));
  connectors.all.push_back(http::make_http(context, listeners));
  return connectors;
}

}  // namespace masar
