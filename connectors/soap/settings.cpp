#include "connectors/soap/settings.h"

#include <algorithm>
#include <sstream>

#include "connectors/http/client_tls.h"
#include "core/base/error.h"

namespace masar::soap {

using config::Kind;

namespace {

std::vector<config::Field> security_fields(std::vector<std::string_view> types,
                                           std::string_view type) {
  return {{"user", Kind::text, false, "", "the user, for HTTP Basic or the UsernameToken", {}},
          {"password", Kind::secret, false, "", "the user's password", {}},
          {"security",
           Kind::choice,
           false,
           "basic",
           "how user and password are said: HTTP Basic, or WS-Security",
           {"basic", "username-token"}},
          {"password-type", Kind::choice, false, type, "the type of a UsernameToken's Password",
           std::move(types)},
          {"age", Kind::duration, false, "PT5M", "how long a Timestamp is good for", {}}};
}

config::ElementTable with(config::ElementTable table, std::vector<config::Field> fields) {
  for (config::Field& field : fields) {
    const auto there = [&](const auto& one) { return one.name == field.name; };
    if (std::none_of(table.fields.begin(), table.fields.end(), there))
      table.fields.push_back(std::move(field));
  }
  return table;
}

const config::ElementTable& in_table() {
  static const config::ElementTable table = [] {
    config::ElementTable made{"soap",
                              "Where a partner posts SOAP requests to the hub, 1.1 or 1.2.",
                              http::door_fields(),
                              {"operation", "header"}};
    made = with(std::move(made), security_fields({"any", "digest", "text"}, "any"));
    return with(
        std::move(made),
        {{"skew", Kind::duration, false, "PT1M", "how far the partner's clock may be off", {}},
         {"nonces-max", Kind::integer, false, "100000", "nonces remembered at once", {}},
         {"public-url", Kind::url, false, "",
          "the address that the WSDL says; without it that of the Host that is asked", {}}});
  }();
  return table;
}

const config::ElementTable& in_operation_table() {
  static const config::ElementTable table{
      "operation",
      "A request that this endpoint takes.",
      {{"name", Kind::name, true, "", "the request's element, without prefix", {}},
       {"action", Kind::text, true, "", "its action", {}},
       {"reply", Kind::name, false, "", "the reply's element, for the WSDL; without it none", {}}},
      {}};
  return table;
}

const config::ElementTable& in_header_table() {
  static const config::ElementTable table{
      "header",
      "A block of the Header that is repeated in the answer.",
      {{"name", Kind::name, true, "", "its element, with a prefix of hub.xml", {}},
       {"as", Kind::name, false, "", "the message's header that gets its text, in lower case", {}},
       {"required", Kind::boolean, false, "false", "whether a request without it is refused", {}}},
      {}};
  return table;
}

const config::ElementTable& out_table() {
  static const config::ElementTable table = with(
      {"soap",
       "Where the hub posts SOAP requests to a partner.",
       {{"url", Kind::url, true, "", "where to", {}},
        {"version", Kind::choice, false, "1.1", "of SOAP", {"1.1", "1.2"}},
        {"fault-code",
         Kind::text,
         false,
         "",
         "where a typed fault's code stands below its detail: p:Fault/p:Code",
         {}},
        {"proxy", Kind::address, false, "", "host:port of a proxy", {}},
        {"reply-bytes", Kind::bytes, false, "1048576", "limit of a reply, in bytes", {}}},
       {"operation", "header", "tls"}},
      security_fields({"digest", "text"}, "digest"));
  return table;
}

const config::ElementTable& out_operation_table() {
  static const config::ElementTable table{
      "operation",
      "A request that the partner takes.",
      {{"name", Kind::name, true, "", "the name by which routes call it", {}},
       {"action", Kind::text, true, "", "its action", {}},
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

const config::ElementTable& out_header_table() {
  static const config::ElementTable table{
      "header",
      "A block of the Header that goes with every request.",
      {{"name", Kind::name, true, "", "its element, with a prefix of hub.xml", {}},
       {"value", Kind::text, false, "", "its text", {}},
       {"from", Kind::name, false, "", "the message's header that it gets, in lower case", {}},
       {"is",
        Kind::choice,
        false,
        "",
        "the id of the effect, the same in every attempt, or the time of the attempt",
        {"effect-id", "now"}}},
      {}};
  return table;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> result;
  for (std::string word; in >> word;) result.push_back(word);
  return result;
}

std::chrono::milliseconds milliseconds(Duration length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length);
}

PasswordType password_type(const std::string& name) {
  if (name == "digest") return PasswordType::digest;
  return name == "text" ? PasswordType::text : PasswordType::any;
}

}  // namespace

SettingsReader::SettingsReader(const connector::EndpointSpec& spec, const Prefixes& prefixes)
    : spec_(spec), prefixes_(prefixes), own_(spec.root->element("soap")) {}

const config::Element& SettingsReader::own() const {
  if (!own_)
    throw Error(ErrorKind::config, "no-element", "endpoint " + spec_.id + " has no <soap>");
  return *own_;
}

bool SettingsReader::authenticated() const {
  return own_ && (own_->attribute("user") || own_->attribute("subject"));
}

void SettingsReader::check(config::Diagnostics& diagnostics) const {
  if (!own_)
    return diagnostics.add(spec_.root->place, "an endpoint of the connector soap needs <soap>");
  check_operations(diagnostics);
  check_headers(diagnostics);
  if (spec_.inbound) return check_inbound(diagnostics);
  check_outbound(diagnostics);
}

void SettingsReader::check_inbound(config::Diagnostics& diagnostics) const {
  const config::Values values(in_table(), *own_, diagnostics);
  http::check_door(values, diagnostics);
  check_security(values, diagnostics);
  if (values.has("nonces-max") && values.integer("nonces-max") < 1)
    diagnostics.add(values.place("nonces-max"), "at least one nonce is remembered",
                    "write 1 or more");
  const std::string& url = values.text("public-url");
  if (url.find_first_of("?#") != std::string::npos)
    diagnostics.add(values.place("public-url"), "the address has a query", "end it before the ?");
  check_described(diagnostics);
}

void SettingsReader::check_outbound(config::Diagnostics& diagnostics) const {
  const config::Values values(out_table(), *own_, diagnostics);
  if (values.has("url") && !values.text("url").empty() &&
      !http::is_callable_url(values.text("url"))) {
    diagnostics.add(values.place("url"), "the URL cannot be called", "write http://host:port/path");
  }
  if (values.has("user") != values.has("password"))
    diagnostics.add(own_->place, "user and password belong together");
  http::check_client_tls(*own_, values.text("url"), diagnostics);
  check_security(values, diagnostics);
  if (own_->elements("operation").empty())
    diagnostics.add(own_->place, "the endpoint has no <operation>");
  std::istringstream path(values.text("fault-code"));
  for (std::string step; std::getline(path, step, '/');)
    check_prefix(step, values.place("fault-code"), diagnostics);
}

void SettingsReader::check_security(const config::Values& values,
                                    config::Diagnostics& diagnostics) const {
  if (values.text("security") == "username-token") {
    if (!values.has("user"))
      diagnostics.add(values.place("security"), "a UsernameToken has a user and a password",
                      "add user=\"NAME\" password=\"secret:NAME\"");
    return;
  }
  for (const char* name : {"password-type", "age", "skew", "nonces-max"}) {
    if (!own_->attribute(name)) continue;
    diagnostics.add(own_->attribute(name)->place,
                    "\"" + std::string(name) + "\" belongs to a UsernameToken",
                    "add security=\"username-token\", or leave it out");
  }
}

void SettingsReader::check_prefix(const std::string& name, const config::Place& place,
                                  config::Diagnostics& diagnostics) const {
  const auto colon = name.find(':');
  if (colon == std::string::npos) return;
  std::vector<std::string> known;
  for (const auto& entry : prefixes_) known.push_back(entry.second);
  const std::string prefix = name.substr(0, colon);
  if (std::find(known.begin(), known.end(), prefix) != known.end()) return;
  diagnostics.add(place, "there is no namespace prefix \"" + prefix + "\"",
                  config::suggest(prefix, known));
}

void SettingsReader::check_operations(config::Diagnostics& diagnostics) const {
  std::vector<std::string> seen;
  for (const config::Element* one : own_->elements("operation")) {
    const config::Values values(spec_.inbound ? in_operation_table() : out_operation_table(), *one,
                                diagnostics);
    const std::string& id = values.text("name");
    if (!id.empty() && std::find(seen.begin(), seen.end(), id) != seen.end()) {
      diagnostics.add(values.place("name"), "there are two operations \"" + id + "\"");
    }
    seen.push_back(id);
    check_prefix(values.text("reply"), values.place("reply"), diagnostics);
    if (!spec_.inbound) check_codes(values, diagnostics);
  }
}

void SettingsReader::check_codes(const config::Values& operation,
                                 config::Diagnostics& diagnostics) const {
  const auto unavailable = words(operation.text("unavailable"));
  for (const std::string& code : words(operation.text("rejected"))) {
    if (std::find(unavailable.begin(), unavailable.end(), code) != unavailable.end()) {
      diagnostics.add(operation.place("rejected"),
                      "\"" + code + "\" is both rejected and unavailable");
    }
  }
  if (!(operation.text("rejected") + operation.text("unavailable")).empty() &&
      own_->value("fault-code").empty()) {
    diagnostics.add(own_->place, "fault codes are declared, but not where they stand",
                    "add fault-code=\"p:Fault/p:Code\"");
  }
}

/// The WSDL would refer to what is not there.
void SettingsReader::check_described(config::Diagnostics& diagnostics) const {
  const auto names = spec_.schemas ? names_of(*spec_.schemas, spec_.schema) : std::nullopt;
  if (!names) return;
  const auto check_element = [&](const config::Attribute* attribute) {
    if (!attribute) return;
    const QualifiedName name = qualified(attribute->value, names->uri);
    const auto& known = names->elements;
    if (name.uri != names->uri || std::find(known.begin(), known.end(), name.local) != known.end())
      return;
    diagnostics.add(attribute->value_place,
                    spec_.schema + " declares no element \"" + name.local + "\"",
                    config::suggest(name.local, known));
  };
  for (const config::Element* one : own_->elements("operation")) {
    check_element(one->attribute("name"));
    check_element(one->attribute("reply"));
  }
}

void SettingsReader::check_headers(config::Diagnostics& diagnostics) const {
  std::vector<std::string> seen;
  for (const config::Element* one : own_->elements("header")) {
    const config::Values values(spec_.inbound ? in_header_table() : out_header_table(), *one,
                                diagnostics);
    const std::string& name = values.text("name");
    check_prefix(name, values.place("name"), diagnostics);
    if (!name.empty() && name.find(':') == std::string::npos)
      diagnostics.add(values.place("name"), "a header block is in a namespace",
                      "write it as prefix:" + name);
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      diagnostics.add(values.place("name"), "there are two header blocks \"" + name + "\"");
    seen.push_back(name);
    const char* field = spec_.inbound ? "as" : "from";
    const std::string& header = values.text(field);
    if (std::any_of(header.begin(), header.end(),
                    [](unsigned char c) { return std::isupper(c) || c == ':'; })) {
      diagnostics.add(values.place(field), "a header's name is in lower case");
    }
    if (spec_.inbound) continue;
    if (values.has("value") + values.has("from") + values.has("is") != 1)
      diagnostics.add(one->place, "a header block has one source", "write value=, from= or is=");
  }
}

QualifiedName SettingsReader::qualified(const std::string& name,
                                        const std::string& otherwise) const {
  const auto colon = name.find(':');
  if (colon == std::string::npos) return {otherwise, name};
  for (const auto& [uri, prefix] : prefixes_) {
    if (prefix == name.substr(0, colon)) return {uri, name.substr(colon + 1)};
  }
  return {otherwise, name.substr(colon + 1)};  // check() has complained
}

std::vector<std::string> SettingsReader::understood() const {
  std::vector<std::string> names;
  for (const config::Element* one : own().elements("header"))
    names.emplace_back(one->value("name"));
  if (own().value("security") == "username-token") names.emplace_back("wsse:Security");
  return names;
}

std::optional<TokenSettings> SettingsReader::token_of(const config::Values& values,
                                                      const connector::Secrets& secrets) const {
  if (values.text("security") != "username-token") return std::nullopt;
  TokenSettings token;
  token.user = values.text("user");
  token.password = secrets.get(values.text("password"));
  token.type = password_type(values.text("password-type"));
  token.age = milliseconds(values.duration("age"));
  if (spec_.inbound) {
    token.skew = milliseconds(values.duration("skew"));
    token.nonces_max = static_cast<std::size_t>(values.integer("nonces-max"));
  }
  return token;
}

SettingsReader::In SettingsReader::inbound(const connector::Context& context,
                                           connector::Intake& intake) const {
  config::Diagnostics checked;
  const config::Values values(in_table(), own(), checked);
  In in;
  in.listener = values.text("listener");
  in.token = token_of(values, context.secrets);
  in.settings.public_url = values.text("public-url");
  in.settings.door = http::door_of(values, spec_, context, intake);
  for (const config::Element* one : own().elements("operation")) {
    in.settings.actions.emplace(one->value("name"), one->value("action"));
  }
  for (const config::Element* one : own().elements("header")) {
    const config::Values block(in_header_table(), *one, checked);
    in.settings.blocks.push_back({block.text("name"), block.text("as"), block.boolean("required")});
  }
  in.settings.description = description();
  return in;
}

std::shared_ptr<const Description> SettingsReader::description() const {
  const auto operations = own().elements("operation");
  const auto names = spec_.schemas ? names_of(*spec_.schemas, spec_.schema) : std::nullopt;
  if (operations.empty() || !names) return nullptr;
  Described described;
  described.endpoint = spec_.id;
  described.schema = spec_.schema;
  described.uri = names->uri;
  for (const config::Element* one : operations) {
    described.operations.push_back({std::string(one->value("name")),
                                    std::string(one->value("action")),
                                    qualified(reply_of(*one), names->uri)});
  }
  if (!spec_.inbound) describe_fault(*names, described);
  for (const config::Element* one : own().elements("header"))
    described.headers.push_back(qualified(std::string(one->value("name")), {}));
  return std::make_shared<const Description>(std::move(described), *spec_.schemas);
}

/// The element of an operation's reply; empty: none comes.
std::string SettingsReader::reply_of(const config::Element& operation) const {
  const std::string reply(operation.value("reply"));
  if (spec_.inbound || !reply.empty()) return reply;
  return operation.value("one-way") == "true" ? ""
                                              : std::string(operation.value("name")) + "Response";
}

/// The partner's typed fault, where its schema declares one, and the version that the hub speaks.
void SettingsReader::describe_fault(const SchemaNames& names, Described& described) const {
  const std::string path(own().value("fault-code"));
  QualifiedName fault = qualified(path.substr(0, path.find('/')), names.uri);
  const bool known = fault.uri == names.uri &&
                     std::find(names.elements.begin(), names.elements.end(), fault.local) !=
                         names.elements.end();
  described.fault = known ? std::move(fault) : QualifiedName{};
  described.soap12 = own().value("version") == "1.2";
  described.soap11 = !described.soap12;
}

SettingsReader::Said SettingsReader::said() const {
  config::Diagnostics checked;
  const config::Values values(spec_.inbound ? in_table() : out_table(), own(), checked);
  Said said;
  said.url = values.text(spec_.inbound ? "public-url" : "url");
  said.user = values.text("user");
  said.token = values.text("security") == "username-token";
  said.password_type = values.text("password-type");
  said.age = milliseconds(values.duration("age"));
  if (spec_.inbound) {
    said.skew = milliseconds(values.duration("skew"));
  } else {
    said.version = values.text("version");
    said.fault_code = values.text("fault-code");
  }
  for (const config::Element* one : own().elements("operation")) {
    const auto text = [one](const char* name) { return std::string(one->value(name)); };
    said.operations.push_back({text("name"), text("action"), reply_of(*one), text("rejected"),
                               text("unavailable")});
  }
  for (const config::Element* one : own().elements("header")) {
    std::string about;
    if (spec_.inbound) {
      about = one->value("required") == "true" ? "required" : "optional";
    } else if (one->attribute("value")) {
      about = "\"" + std::string(one->value("value")) + "\"";
    } else if (one->attribute("from")) {
      about = "the message's " + std::string(one->value("from")) + ", where it has one";
    } else {
      about = one->value("is") == "now" ? "the time of the attempt"
                                        : "the message's id, the same in every repetition";
    }
    said.blocks.push_back({std::string(one->value("name")), std::move(about)});
  }
  return said;
}

OutboundSettings SettingsReader::outbound(const connector::Secrets& secrets) const {
  config::Diagnostics checked;
  const config::Values values(out_table(), own(), checked);
  OutboundSettings settings;
  settings.url = values.text("url");
  settings.version = values.text("version") == "1.2" ? Version::v12 : Version::v11;
  settings.token = token_of(values, secrets);
  if (values.has("user") && !settings.token) {
    settings.authorization =
        http::basic_authorization(values.text("user"), secrets.get(values.text("password")));
  }
  settings.fault_code = values.text("fault-code");
  settings.timeout = spec_.timeout;
  settings.client.concurrency = spec_.concurrency;
  settings.client.reuse = spec_.idempotent;
  settings.client.reply_bytes_max = static_cast<std::size_t>(values.integer("reply-bytes"));
  settings.client.proxy = values.text("proxy");
  for (const config::Element* one : own().elements("operation")) {
    const config::Values said(out_operation_table(), *one, checked);
    settings.operations.emplace(
        said.text("name"),
        Operation{said.text("action"), said.text("reply"), said.boolean("one-way"),
                  words(said.text("rejected")), words(said.text("unavailable"))});
  }
  for (const config::Element* one : own().elements("header")) {
    const config::Values said(out_header_table(), *one, checked);
    const QualifiedName name = qualified(said.text("name"), {});
    using Source = SentBlock::Source;
    const Source source = said.has("value")             ? Source::value
                          : said.has("from")            ? Source::header
                          : said.text("is") == "now" ? Source::time
                                                        : Source::effect;
    settings.blocks.push_back({name.local, name.uri, source,
                               source == Source::header ? said.text("from") : said.text("value")});
  }
  return settings;
}

}  // namespace masar::soap
