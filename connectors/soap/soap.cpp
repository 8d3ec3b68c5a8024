#include "connectors/soap/soap.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "connectors/http/client_tls.h"
#include "connectors/soap/inbound.h"
#include "connectors/soap/outbound.h"
#include "core/base/error.h"

namespace masar::soap {

using config::Kind;
using connector::EndpointSpec;
using connector::Intake;

namespace {

const config::ElementTable& in_table() {
  static const config::ElementTable table{"soap",
                                          "Where a partner posts SOAP 1.1 requests to the hub.",
                                          http::door_fields(),
                                          {"operation"}};
  return table;
}

const config::ElementTable& in_operation_table() {
  static const config::ElementTable table{
      "operation",
      "A request that this endpoint takes, where its SOAPAction is to be exact.",
      {{"name", Kind::name, true, "", "the request's element, without prefix", {}},
       {"action", Kind::text, true, "", "its SOAPAction", {}}},
      {}};
  return table;
}

const config::ElementTable& out_table() {
  static const config::ElementTable table{
      "soap",
      "Where the hub posts SOAP 1.1 requests to a partner.",
      {{"url", Kind::url, true, "", "where to", {}},
       {"user", Kind::text, false, "", "our user for HTTP Basic", {}},
       {"password", Kind::secret, false, "", "our password for HTTP Basic", {}},
       {"fault-code",
        Kind::text,
        false,
        "",
        "where a typed fault's code stands below its detail: p:Fault/p:Code",
        {}},
       {"proxy", Kind::address, false, "", "host:port of a proxy", {}},
       {"reply-bytes", Kind::bytes, false, "1048576", "limit of a reply, in bytes", {}}},
      {"operation", "tls"}};
  return table;
}

const config::ElementTable& operation_table() {
  static const config::ElementTable table{
      "operation",
      "A request that the partner takes.",
      {{"name", Kind::name, true, "", "the name by which routes call it", {}},
       {"action", Kind::text, true, "", "its SOAPAction", {}},
       {"reply",
        Kind::name,
        false,
        "",
        "the reply's element; without it the request's name + Response",
        {}},
       {"one-way", Kind::boolean, false, "false", "whether an empty 2xx is its answer", {}},
       {"rejected",
        Kind::text,
        false,
        "",
        "codes of typed faults that are refusals, with spaces between",
        {}},
       {"unavailable",
        Kind::text,
        false,
        "",
        "codes of typed faults that mean: not done, try again",
        {}}},
      {}};
  return table;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> result;
  for (std::string word; in >> word;) result.push_back(word);
  return result;
}

/// `<soap>` of an endpoint. Throws where check() would have complained.
const config::Element& own_element(const EndpointSpec& spec) {
  const config::Element* own = spec.root->element("soap");
  if (!own) throw Error(ErrorKind::config, "no-element", "endpoint " + spec.id + " has no <soap>");
  return *own;
}

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
  void pause(const std::string& endpoint, bool paused) override {
    const auto found = paused_.find(endpoint);
    if (found != paused_.end()) *found->second = paused;
  }

 private:
  void check_operations(const config::Element& own, bool inbound,
                        config::Diagnostics& diagnostics) const;
  void check_names(const config::Values& values, config::Diagnostics& diagnostics) const;
  void check_prefix(const std::string& name, const config::Place& place,
                    config::Diagnostics& diagnostics) const;

  const connector::Context context_;
  http::Listeners& listeners_;
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> paused_;
};

void SoapConnector::check(const EndpointSpec& spec, config::Diagnostics& diagnostics) const {
  const config::Element* own = spec.root->element("soap");
  if (!own)
    return diagnostics.add(spec.root->place, "an endpoint of the connector soap needs <soap>");
  const config::Values values(spec.inbound ? in_table() : out_table(), *own, diagnostics);
  check_operations(*own, spec.inbound, diagnostics);
  if (spec.inbound) {
    http::check_door(values, diagnostics);
    return listeners_.check_use(*own, http::has_login(values), diagnostics);
  }
  if (values.has("url") && !values.text("url").empty() &&
      !http::is_callable_url(values.text("url"))) {
    diagnostics.add(values.place("url"), "the URL cannot be called", "write http://host:port/path");
  }
  if (values.has("user") != values.has("password")) {
    diagnostics.add(own->place, "user and password belong together");
  }
  http::check_client_tls(*own, values.text("url"), diagnostics);
  if (own->elements("operation").empty())
    diagnostics.add(own->place, "the endpoint has no <operation>");
  check_names(values, diagnostics);
}

void SoapConnector::check_names(const config::Values& values,
                                config::Diagnostics& diagnostics) const {
  std::istringstream path(values.text("fault-code"));
  for (std::string step; std::getline(path, step, '/');)
    check_prefix(step, values.place("fault-code"), diagnostics);
}

void SoapConnector::check_prefix(const std::string& name, const config::Place& place,
                                 config::Diagnostics& diagnostics) const {
  const auto colon = name.find(':');
  if (colon == std::string::npos) return;
  std::vector<std::string> known;
  for (const auto& entry : context_.prefixes) known.push_back(entry.second);
  const std::string prefix = name.substr(0, colon);
  if (std::find(known.begin(), known.end(), prefix) != known.end()) return;
  diagnostics.add(place, "there is no namespace prefix \"" + prefix + "\"",
                  config::suggest(prefix, known));
}

void SoapConnector::check_operations(const config::Element& own, bool inbound,
                                     config::Diagnostics& diagnostics) const {
  std::vector<std::string> seen;
  for (const config::Element* one : own.elements("operation")) {
    const config::Values values(inbound ? in_operation_table() : operation_table(), *one,
                                diagnostics);
    const std::string& id = values.text("name");
    if (!id.empty() && std::find(seen.begin(), seen.end(), id) != seen.end()) {
      diagnostics.add(values.place("name"), "there are two operations \"" + id + "\"");
    }
    seen.push_back(id);
    if (inbound) continue;
    check_prefix(values.text("reply"), values.place("reply"), diagnostics);
    const auto unavailable = words(values.text("unavailable"));
    for (const std::string& code : words(values.text("rejected"))) {
      if (std::find(unavailable.begin(), unavailable.end(), code) != unavailable.end()) {
        diagnostics.add(values.place("rejected"),
                        "\"" + code + "\" is both rejected and unavailable");
      }
    }
    if (!(values.text("rejected") + values.text("unavailable")).empty() &&
        own.value("fault-code").empty()) {
      diagnostics.add(own.place, "fault codes are declared, but not where they stand",
                      "add fault-code=\"p:Fault/p:Code\"");
    }
  }
}

void SoapConnector::add_inbound(const EndpointSpec& spec, Intake& intake) {
  config::Diagnostics checked;
  const config::Values values(in_table(), own_element(spec), checked);
  http::Door door = http::door_of(values, spec, context_, intake);
  std::map<std::string, std::string> actions;
  for (const config::Element* one : own_element(spec).elements("operation")) {
    actions.emplace(one->value("name"), one->value("action"));
  }
  paused_[spec.id] = door.paused;
  const auto inbound = std::make_shared<const Inbound>(
      std::move(door), EnvelopeReader(context_.prefixes, spec.xml), std::move(actions));
  listeners_.at(values.text("listener")).route(Inbound::handler(inbound));
  listeners_.refusals_to(intake);
}

std::unique_ptr<connector::Outbound> SoapConnector::add_outbound(const EndpointSpec& spec,
                                                                 Intake&) {
  config::Diagnostics checked;
  const config::Values values(out_table(), own_element(spec), checked);
  OutboundSettings settings;
  settings.url = values.text("url");
  if (values.has("user")) {
    settings.authorization = http::basic_authorization(
        values.text("user"), context_.secrets.get(values.text("password")));
  }
  settings.fault_code = values.text("fault-code");
  settings.timeout = spec.timeout;
  settings.client.threads = spec.concurrency;
  settings.client.reuse = spec.idempotent;
  settings.client.reply_bytes_max = static_cast<std::size_t>(values.integer("reply-bytes"));
  settings.client.proxy = values.text("proxy");
  settings.client.tls = http::client_tls(own_element(spec), settings.url, spec.id, context_,
                                         listeners_.certificates());
  for (const config::Element* one : own_element(spec).elements("operation")) {
    const config::Values own(operation_table(), *one, checked);
    Operation operation;
    operation.action = own.text("action");
    operation.reply = own.text("reply");
    operation.one_way = own.boolean("one-way");
    operation.rejected = words(own.text("rejected"));
    operation.unavailable = words(own.text("unavailable"));
    settings.operations.emplace(own.text("name"), std::move(operation));
  }
  XmlLimits limits = spec.xml;
  limits.bytes_max = settings.client.reply_bytes_max;
  return std::make_unique<SoapOutbound>(
      std::move(settings), EnvelopeReader(context_.prefixes, limits), context_.executor);
}

}  // namespace

std::unique_ptr<connector::Connector> make_soap(const connector::Context& context,
                                                http::Listeners& listeners) {
  return std::make_unique<SoapConnector>(context, listeners);
}

}  // namespace masar::soap
