#include "connectors/http/outbound.h"

#include <map>
#include <optional>

#include "connectors/http/client.h"
#include "connectors/http/client_tls.h"
#include "connectors/http/inbound.h"
#include "connectors/http/payload.h"
#include "connectors/http/token_calls.h"
#include "connectors/http/token_login.h"
#include "core/base/error.h"
#include "core/message/xml_writer.h"

namespace masar::http {

using config::Kind;
using connector::Attempt;
using connector::EndpointSpec;
using connector::Outbound;
using connector::Outcome;
using connector::OutcomeKind;

namespace {

const config::ElementTable& out_table() {
  static const config::ElementTable table = [] {
    config::ElementTable made{
        "http",
        "Where the hub posts to a partner.",
        {{"url", Kind::url, true, "", "where to; an operation that begins with / is appended", {}},
         {"method", Kind::choice, false, "POST", "the method", {"POST", "PUT"}},
         {"user", Kind::text, false, "", "our user for HTTP Basic", {}},
         {"password", Kind::secret, false, "", "our password for HTTP Basic", {}},
         {"content-type", Kind::text, false, "", "the media type of what is sent", {}},
         {"code-member", Kind::name, false, "", "the member of a JSON reply that <code> reads", {}},
         {"proxy", Kind::address, false, "", "host:port of a proxy", {}},
         {"reply-bytes", Kind::bytes, false, "1048576", "limit of a reply, in bytes", {}}},
        {"status", "code", "header", "token", "tls"}};
    for (auto& field : payload_fields()) made.fields.push_back(std::move(field));
    return made;
  }();
  return table;
}

config::Field means_field() {
  return {"means",
          Kind::choice,
          true,
          "",
          "how the attempt ended",
          {"delivered", "rejected", "unavailable", "unknown"}};
}

const config::ElementTable& status_table() {
  static const config::ElementTable table{
      "status",
      "What a status of this partner means.",
      {{"code", Kind::integer, true, "", "the HTTP status, 200 to 599", {}}, means_field()},
      {}};
  return table;
}

const config::ElementTable& code_table() {
  static const config::ElementTable table{
      "code",
      "What a code in this partner's reply means.",
      {{"value", Kind::text, true, "", "the code, as it is spelled there", {}}, means_field()},
      {}};
  return table;
}

const config::ElementTable& header_table() {
  static const config::ElementTable table{
      "header",
      "A header of every request, as a gateway's API key.",
      {{"name", Kind::text, true, "", "its name", {}},
       {"value", Kind::text, false, "", "its value", {}},
       {"secret", Kind::secret, false, "", "its value, from a secret", {}}},
      {}};
  return table;
}

OutcomeKind outcome_named(const std::string& name) {
  if (name == "delivered") return OutcomeKind::delivered;
  if (name == "rejected") return OutcomeKind::rejected;
  if (name == "unavailable") return OutcomeKind::unavailable;
  return OutcomeKind::unknown;
}

/// The text of a member of the JSON object at the root, where it is a string or a number.
std::optional<std::string> member(const pugi::xml_document& json, const std::string& name) {
  const auto found = json.document_element().find_child_by_attribute("key", name.c_str());
  const std::string_view kind = found.name();
  if (kind != "string" && kind != "number") return std::nullopt;
  return found.child_value();
}

class HttpOutbound final : public Outbound {
 public:
  HttpOutbound(const config::Values& values, const config::Element& own, const EndpointSpec& spec,
               const connector::Context& context, std::shared_ptr<ClientTls> secure,
               tls::InUse* in_use)
      : url_(values.text("url")),
        method_(values.text("method")),
        code_member_(values.text("code-member")),
        timeout_(spec.timeout),
        payload_(values, spec.xml, context.prefixes),
        executor_(context.executor),
        client_(settings_of(values, spec, std::move(secure))) {
    if (const config::Element* token = own.element("token")) {
      login_ = std::make_unique<TokenLogin>(*token, spec, context, values.text("proxy"), in_use);
      token_calls_ = std::make_unique<TokenCalls>(
          TokenKeeper::Settings{login_->lifetime()}, client_, context,
          [this](const TokenKeeper::Use& use) { login_->fetch(use); },
          [this](CallResult result) { return outcome_of(std::move(result)); });
    }
    if (values.has("user")) {
      headers_.emplace_back("Authorization",
                            basic_authorization(values.text("user"),
                                                context.secrets.get(values.text("password"))));
    }
    config::Diagnostics checked;
    for (const config::Element* one : own.elements("header")) {
      const config::Values header(header_table(), *one, checked);
      headers_.emplace_back(header.text("name"), header.has("secret")
                                                     ? context.secrets.get(header.text("secret"))
                                                     : header.text("value"));
    }
    for (const config::Element* one : own.elements("status")) {
      const config::Values status(status_table(), *one, checked);
      statuses_[static_cast<int>(status.integer("code"))] = outcome_named(status.text("means"));
    }
    for (const config::Element* one : own.elements("code")) {
      const config::Values code(code_table(), *one, checked);
      codes_[code.text("value")] = outcome_named(code.text("means"));
    }
  }

  // Whoever waits for a token is told first, so that nothing comes to a client that is gone.
  ~HttpOutbound() override {
    if (login_) login_->stop();
    client_.stop();
  }

  void send(Attempt attempt, Done done) override {
    Call call;
    call.method = method_;
    call.url = attempt.operation.starts_with("/") ? url_ + attempt.operation : url_;
    call.headers = partner_headers(attempt);
    call.headers.emplace_back("Content-Type", payload_.content_type());
    call.headers.emplace_back("Message-Id", attempt.effect_id);
    call.headers.emplace_back("Idempotency-Key", attempt.effect_id);
    call.headers.insert(call.headers.end(), headers_.begin(), headers_.end());
    try {
      call.body = payload_.body_of(std::move(attempt.body));
    } catch (const Error& error) {
      Outcome outcome;
      outcome.kind = OutcomeKind::rejected;  // nothing was sent, and it stays so
      outcome.code = error.code();
      outcome.text = error.what();
      return executor_.post([done = std::move(done), outcome] { done(outcome); });
    }
    if (token_calls_) return token_calls_->call(std::move(call), timeout_, std::move(done));
    client_.call(std::move(call), timeout_, [this, done = std::move(done)](CallResult result) {
      done(outcome_of(std::move(result)));
    });
  }

 private:
  static ClientSettings settings_of(const config::Values& values, const EndpointSpec& spec,
                                    std::shared_ptr<ClientTls> secure) {
    ClientSettings settings;
    settings.tls = std::move(secure);
    settings.concurrency = spec.concurrency;
    settings.reuse = spec.idempotent;
    settings.reply_bytes_max = static_cast<std::size_t>(values.integer("reply-bytes"));
    settings.proxy = values.text("proxy");
    return settings;
  }

  Outcome outcome_of(CallResult result) const {
    if (result.kind != CallResult::Kind::replied) return without_reply(std::move(result));
    Outcome outcome;
    outcome.body = std::move(result.body);
    outcome.code = std::to_string(result.status);
    outcome.text = "the partner answered " + outcome.code;
    outcome.retry_after = result.retry_after();
    const auto declared = statuses_.find(result.status);
    if (declared != statuses_.end()) {
      outcome.kind = declared->second;
    } else if (result.status / 100 == 2) {
      outcome.kind = OutcomeKind::delivered;
    } else if (result.status == 429 || result.status == 503) {
      outcome.kind = OutcomeKind::unavailable;
    }
    if (outcome.kind == OutcomeKind::delivered) read_reply(result.header("content-type"), outcome);
    return outcome;
  }

  // What a reply says beside its status. A reply that cannot be read leaves the outcome unknown,
  // and its bytes where they are.
  void read_reply(std::string_view content_type, Outcome& outcome) const {
    if (!payload_.is_json() || (outcome.body.empty() && code_member_.empty())) return;
    try {
      if (!payload_.takes(content_type))
        throw Error(ErrorKind::rejected, "reply-type", "the reply is not JSON by its Content-Type");
      const Document json = payload_.json_of(outcome.body);
      if (!code_member_.empty()) read_code(*json, outcome);
      if (outcome.kind == OutcomeKind::delivered) outcome.body = write_xml(*json);
    } catch (const Error& error) {
      outcome.kind = OutcomeKind::unknown;
      outcome.code = error.code();
      outcome.text = error.what();
    }
  }

  void read_code(const pugi::xml_document& json, Outcome& outcome) const {
    const auto code = member(json, code_member_);
    const auto declared = code ? codes_.find(*code) : codes_.end();
    if (declared == codes_.end())
      throw Error(ErrorKind::rejected, "reply-code",
                  "the reply's " + code_member_ + " is missing or not one that is declared");
    outcome.kind = declared->second;
    outcome.code = *code;
    outcome.text = "the partner answered code " + *code;
  }

  const std::string url_;
  const std::string method_;
  const std::string code_member_;
  const std::chrono::milliseconds timeout_;
  const Payload payload_;
  Executor& executor_;
  Pairs headers_;
  std::map<int, OutcomeKind> statuses_;
  std::map<std::string, OutcomeKind> codes_;
  std::unique_ptr<TokenCalls> token_calls_;
  std::unique_ptr<TokenLogin> login_;  ///< null: no tokens
  Client client_;  // last: its threads use what stands above
};

void check_codes(const config::Element& own, const config::Values& values,
                 config::Diagnostics& diagnostics) {
  bool delivers = false;
  for (const config::Element* one : own.elements("code")) {
    const config::Values code(code_table(), *one, diagnostics);
    delivers = delivers || code.text("means") == "delivered";
  }
  const bool reads = values.has("code-member");
  if (reads != !own.elements("code").empty()) {
    diagnostics.add(own.place, "code-member and <code> belong together",
                    "write code-member=\"NAME\" and <code value=… means=…/>");
  } else if (reads && values.text("payload") != "json") {
    diagnostics.add(values.place("code-member"), "only a JSON reply has members",
                    "write payload=\"json\"");
  } else if (reads && !delivers) {
    diagnostics.add(values.place("code-member"), "no code means delivered",
                    "say which one does: <code value=… means=\"delivered\"/>");
  }
}

bool is_login(const config::Values& header) {
  return lower(header.text("name")) == "authorization";
}

void check_logins(const config::Element& own, const config::Values& values,
                  config::Diagnostics& diagnostics) {
  std::size_t logins = values.has("user") ? 1 : 0;
  if (const config::Element* token = own.element("token")) {
    check_token(*token, diagnostics);
    ++logins;
  }
  config::Diagnostics checked;
  for (const config::Element* one : own.elements("header"))
    logins += is_login(config::Values(header_table(), *one, checked)) ? 1 : 0;
  if (logins > 1) {
    diagnostics.add(own.place, "a call has one Authorization",
                    "write user, <token> or <header name=\"Authorization\">");
  }
}

void check_header(const config::Element& element, config::Diagnostics& diagnostics) {
  const config::Values header(header_table(), element, diagnostics);
  if (header.has("value") == header.has("secret")) {
    diagnostics.add(element.place, "<header> has a value or a secret",
                    "write value=\"…\" or secret=\"secret:NAME\"");
  }
  const bool login = is_login(header);
  if (login && !header.has("secret")) {
    diagnostics.add(header.place("name"), "what Authorization says is a secret",
                    "write secret=\"secret:NAME\"");
  }
  if (header.has("name") && !login && !is_partner_header(header.text("name"))) {
    diagnostics.add(header.place("name"), "this header cannot be set here",
                    "its name is no HTTP token, or the transport's own");
  }
}

}  // namespace

Outcome without_reply(CallResult result) {
  Outcome outcome;
  const bool not_sent = result.kind == CallResult::Kind::not_sent;
  outcome.kind = not_sent ? OutcomeKind::unavailable : OutcomeKind::unknown;
  outcome.code = std::move(result.code);
  outcome.text = std::move(result.text);
  outcome.body = std::move(result.body);
  return outcome;
}

void check_outbound(const config::Element& own, config::Diagnostics& diagnostics) {
  const config::Values values(out_table(), own, diagnostics);
  if (values.has("url") && !values.text("url").empty() && !is_callable_url(values.text("url"))) {
    diagnostics.add(values.place("url"), "the URL cannot be called", "write http://host:port/path");
  }
  if (values.has("user") != values.has("password")) {
    diagnostics.add(own.place, "user and password belong together");
  }
  check_client_tls(own, values.text("url"), diagnostics);
  check_logins(own, values, diagnostics);
  check_payload(values, diagnostics);
  for (const config::Element* one : own.elements("status")) {
    const config::Values status(status_table(), *one, diagnostics);
    if (status.has("code") && (status.integer("code") < 200 || status.integer("code") > 599)) {
      diagnostics.add(status.place("code"), "there is no such status of a reply",
                      "write 200 to 599");
    }
  }
  check_codes(own, values, diagnostics);
  for (const config::Element* one : own.elements("header")) check_header(*one, diagnostics);
}

std::unique_ptr<Outbound> make_outbound(const config::Element& own, const EndpointSpec& spec,
                                        const connector::Context& context, tls::InUse* in_use) {
  config::Diagnostics checked;
  const config::Values values(out_table(), own, checked);
  return std::make_unique<HttpOutbound>(
      values, own, spec, context,
      client_tls(own, values.text("url"), spec.id, context, in_use), in_use);
}

}  // namespace masar::http
