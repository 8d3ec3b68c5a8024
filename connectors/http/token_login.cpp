#include "connectors/http/token_login.h"

#include <algorithm>
#include <charconv>

#include "connectors/http/client_tls.h"
#include "connectors/http/json_object.h"
#include "connectors/http/server.h"
#include "core/base/error.h"

namespace masar::http {

using config::Kind;
using connector::Outcome;
using connector::OutcomeKind;
using std::chrono::seconds;

namespace {

namespace json = boost::json;

constexpr std::string_view kBearer = "Bearer ";
constexpr ObjectLimits kReplyLimits{8, 64};
constexpr std::size_t kReplyBytesMax = 64u << 10;
constexpr std::chrono::hours kLifetimeMax{24};

const config::ElementTable& token_table() {
  static const config::ElementTable table{
      "token",
      "Where the tokens come from that calls present as Bearer.",
      {{"url", Kind::url, true, "", "where a token is asked for", {}},
       {"form", Kind::choice, false, "oauth",
        "of the request: OAuth 2.0's client credentials, or a JSON object", {"oauth", "json"}},
       {"user", Kind::text, true, "", "our user there, or client id", {}},
       {"password", Kind::secret, true, "", "our password there, or client secret", {}},
       {"scope", Kind::text, false, "", "the scope that is asked for; oauth only", {}},
       {"user-member", Kind::name, false, "username", "the JSON member of the user", {}},
       {"password-member", Kind::name, false, "password", "the JSON member of the password", {}},
       {"member", Kind::name, false, "access_token", "the answer's member with the token", {}},
       {"lifetime", Kind::duration, false, "PT1M",
        "how long a token is valid where its answer has no expires_in", {}}},
      {"tls"}};
  return table;
}

bool is_bearer(const json::object& object) {
  return !object.contains("token_type") || lower(text_of(object, "token_type")) == "bearer";
}

std::string token_in(const json::object& object, std::string_view member) {
  std::string_view token = text_of(object, member);
  if (token.starts_with(kBearer)) token.remove_prefix(kBearer.size());
  if (token.size() > kTokenBytesMax || !is_visible(token)) return {};
  return std::string(token);
}

/// A number, or a text of digits, as some servers write it.
std::optional<seconds> lifetime_in(const json::object& object) {
  const json::value* value = object.if_contains("expires_in");
  std::int64_t number = 0;
  if (value && value->is_int64()) {
    number = value->get_int64();
  } else {
    const std::string_view text = text_of(object, "expires_in");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  }
  if (number <= 0) return std::nullopt;
  return std::min<seconds>(seconds(number), kLifetimeMax);
}

FetchedToken without(std::string code, std::string text,
                     std::optional<seconds> retry_after = {}) {
  return {{}, {OutcomeKind::unavailable, std::move(code), std::move(text), {}, retry_after}, {}};
}

ClientSettings client_settings(const config::Values& values, const config::Element& token,
                               const connector::EndpointSpec& spec,
                               const connector::Context& context, const std::string& proxy,
                               tls::InUse* in_use) {
  ClientSettings settings;
  settings.concurrency = 1;  // one login at a time, for all who wait
  settings.reply_bytes_max = kReplyBytesMax;
  settings.proxy = proxy;
  settings.tls = client_tls(token, values.text("url"), spec.id + "/token", context, in_use);
  return settings;
}

config::Values values_of(const config::Element& token) {
  config::Diagnostics checked;
  return {token_table(), token, checked};
}

}  // namespace

std::string login_json(std::string_view user_member, std::string_view user,
                       std::string_view password_member, std::string_view password) {
  return json::serialize(json::object{{user_member, user}, {password_member, password}});
}

FetchedToken token_of(const CallResult& result, std::string_view member) {
  if (result.kind != CallResult::Kind::replied)
    return without("no-token", "no token: " + result.text);
  const std::string status = std::to_string(result.status);
  const std::string said = "the login for a token answered " + status;
  if (result.status / 100 == 4 && result.status != 408 && result.status != 429)
    return without("login-" + status, said, result.retry_after());
  if (result.status / 100 != 2) return without("no-token", said, result.retry_after());
  const auto object = read_object(result.body, kReplyLimits);
  std::string token = object && is_bearer(*object) ? token_in(*object, member) : std::string();
  if (token.empty()) return without("no-token", said + ", without a token", result.retry_after());
  return {std::move(token), {}, lifetime_in(*object)};
}

void check_token(const config::Element& token, config::Diagnostics& diagnostics) {
  const config::Values values(token_table(), token, diagnostics);
  const std::string& url = values.text("url");
  if (values.has("url") && !is_callable_url(url)) {
    diagnostics.add(values.place("url"), "the URL cannot be called", "write https://host/path");
  }
  check_client_tls(token, url, diagnostics);
  if (values.duration("lifetime") < seconds(1)) {
    diagnostics.add(values.place("lifetime"), "a token is valid for a second at least",
                    "write what the partner says, as PT5M");
  }
  const bool json = values.text("form") == "json";
  for (const char* name : {"user-member", "password-member"}) {
    if (!json && values.has(name))
      diagnostics.add(values.place(name), "only a JSON object has members", "write form=\"json\"");
  }
  if (json && values.has("scope"))
    diagnostics.add(values.place("scope"), "only OAuth has scopes", "take it away");
}

TokenLogin::TokenLogin(const config::Element& token, const connector::EndpointSpec& spec,
                       const connector::Context& context, const std::string& proxy,
                       tls::InUse* in_use)
    : TokenLogin(values_of(token), token, spec, context, proxy, in_use) {}

TokenLogin::TokenLogin(const config::Values& values, const config::Element& token,
                       const connector::EndpointSpec& spec, const connector::Context& context,
                       const std::string& proxy, tls::InUse* in_use)
    : secrets_(context.secrets),
      url_(values.text("url")),
      json_(values.text("form") == "json"),
      user_(values.text("user")),
      password_(values.text("password")),
      user_member_(values.text("user-member")),
      password_member_(values.text("password-member")),
      member_(values.text("member")),
      scope_(values.text("scope")),
      lifetime_(std::chrono::duration_cast<std::chrono::milliseconds>(values.duration("lifetime"))),
      timeout_(spec.timeout),
      client_(client_settings(values, token, spec, context, proxy, in_use)) {
  secrets_.get(password_);  // that is there from the start
}

void TokenLogin::fetch(const TokenKeeper::Use& use) {
  Call call;
  try {
    call = login();
  } catch (const Error& error) {
    return use(without(error.code(), error.what()));
  }
  client_.call(std::move(call), timeout_,
               [this, use](const CallResult& result) { use(token_of(result, member_)); });
}

Call TokenLogin::login() const {
  const std::string password = secrets_.get(password_);
  Call call;
  call.url = url_;
  call.headers.emplace_back("Accept", "application/json");
  if (json_) {
    call.headers.emplace_back("Content-Type", "application/json");
    call.body = login_json(user_member_, user_, password_member_, password);
    return call;
  }
  // RFC 6749, 2.3.1: both are encoded before they become Basic's.
  call.headers.emplace_back("Authorization", basic_authorization(encode_percent(user_),
                                                                 encode_percent(password)));
  call.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  call.body = "grant_type=client_credentials";
  if (!scope_.empty()) call.body += "&scope=" + encode_percent(scope_);
  return call;
}

}  // namespace masar::http
