#include "connectors/http/inbound.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"

namespace masar::http {

using connector::PartAnswer;

namespace {

constexpr std::size_t kPasswordsMax = 4;
constexpr std::size_t kShownSubjectMax = 200;  ///< bytes of it in an audit row

Passwords read_passwords(const std::string& text) {
  Passwords found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) found.push_back(line);
  }
  if (!found.empty() && found.size() <= kPasswordsMax) return found;
  throw Error(ErrorKind::config, "bad-password",
              "it has to hold 1 to " + std::to_string(kPasswordsMax) + " passwords, a line each");
}

bool knows(const Door& door, std::string_view authorization, const Passwords& passwords) {
  bool found = false;
  for (const auto& one : passwords) found |= basic_matches(authorization, door.user, one);
  return found;
}

/// Also with a password that came into the secret a moment ago.
bool is_authorized(const Door& door, std::string_view authorization) {
  if (door.user.empty()) return true;
  const auto known = door.passwords->current();
  if (knows(door, authorization, *known)) return true;
  const auto changed = door.passwords->refreshed(known);
  return changed && knows(door, authorization, *changed);
}

/// The right certificate, or the answer.
std::optional<Response> refuse_certificate(const Door& door, const std::string& shown) {
  if (door.subject.empty() || shown == door.subject) return std::nullopt;
  const bool none = shown.empty();
  const std::string code = none ? "certificate-required" : "certificate-not-allowed";
  door.intake->refused(door.endpoint, code,
                       none ? "the call showed no certificate"
                            : "the call showed the certificate of " +
                                  shown.substr(0, kShownSubjectMax));
  return problem_json({403, code,
                       none ? "a certificate is required" : "your certificate is not taken here"});
}

}  // namespace

Handler Door::handler() const {
  Handler handler;
  handler.path = path;
  handler.methods = {method};
  handler.body_bytes_max = body_bytes_max;
  handler.answer_within = timeout;
  handler.error = error;
  handler.on_refused = [to = intake, id = endpoint](const Problem& problem) {
    to->refused(id, problem.code, problem.text);
  };
  handler.admit = [door = *this](const Request& request) -> std::optional<Response> {
    if (!door.peers.admit(request.peer)) {
      door.intake->refused(door.endpoint, "peer-not-allowed",
                           "the call came from " + request.peer + ", which is not in peers");
      return problem_json({403, "peer-not-allowed", "calls from your address are not taken"});
    }
    if (auto refusal = refuse_certificate(door, request.subject)) return refusal;
    if (!is_authorized(door, request.header("authorization"))) {
      door.intake->refused(door.endpoint, "unauthorized", "user or password is missing or wrong");
      Response response = door.answer({401, "unauthorized", "user and password are required"},
                                      request.header("content-type"));
      response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"masar\", charset=\"UTF-8\"");
      return response;
    }
    if (*door.paused) {
      return door.answer({503, "paused", "the endpoint is paused"}, request.header("content-type"));
    }
    return std::nullopt;
  };
  return handler;
}

std::vector<config::Field> door_fields() {
  using config::Kind;
  return {
      {"listener", Kind::name, true, "", "the HTTP listener, by its id in hub.xml", {}},
      {"path", Kind::text, true, "", "the path that the partner posts to, beginning with /", {}},
      {"peers", Kind::text, false, "", "addresses and networks (CIDR) that may call", {}},
      {"subject",
       Kind::text,
       false,
       "",
       "the subject of the partner's certificate, as CN=roads,O=GAM (RFC 2253)",
       {}},
      {"user", Kind::text, false, "", "the partner's user for HTTP Basic", {}},
      {"password", Kind::secret, false, "", "the partner's passwords for HTTP Basic, a line each",
       {}}};
}

bool has_login(const config::Values& values) {
  return values.has("user") || values.has("subject");
}

Door door_of(const config::Values& values, const connector::EndpointSpec& spec,
             const connector::Context& context, connector::Intake& intake) {
  Door door;
  door.endpoint = spec.id;
  door.partner = spec.partner;
  door.path = values.text("path");
  if (values.has("peers")) door.peers = Peers(values.text("peers"));
  door.subject = values.text("subject");
  door.user = values.text("user");
  if (!door.user.empty()) {
    door.passwords = std::make_shared<connector::LiveSecret<Passwords>>(
        context.secrets, values.text("password"), context.steady, context.log, &read_passwords);
  }
  door.body_bytes_max = spec.xml.bytes_max;
  door.timeout = spec.timeout;
  door.intake = &intake;
  return door;
}

void check_door(const config::Values& values, config::Diagnostics& diagnostics) {
  const std::string& path = values.text("path");
  if (values.has("path") &&
      (path.empty() || path[0] != '/' || path.find_first_of("?# ") != std::string::npos)) {
    diagnostics.add(values.place("path"), "\"" + path + "\" is not a path",
                    "write it as /name/name");
  }
  if (values.has("peers")) {
    try {
      const Peers readable(values.text("peers"));
    } catch (const Error& error) {
      diagnostics.add(values.place("peers"), error.what());
    }
  }
  if (values.has("subject") && values.text("subject").empty()) {
    diagnostics.add(values.place("subject"), "an empty subject would let anybody in");
  }
  if (values.has("user") && values.text("user").empty()) {
    diagnostics.add(values.place("user"), "an empty user would let anybody in");
  }
  if (values.has("user") != values.has("password")) {
    diagnostics.add(values.place(values.has("user") ? "user" : "password"),
                    "user and password belong together",
                    values.has("user") ? "add password=\"secret:NAME\"" : "add user=\"NAME\"");
  }
}

PartAnswer whole(const connector::IntakeAnswer& answer) {
  constexpr std::array kOrder{PartAnswer::Kind::retry_later, PartAnswer::Kind::replied,
                              PartAnswer::Kind::accepted, PartAnswer::Kind::refused};
  for (const PartAnswer::Kind kind : kOrder) {
    const auto found = std::find_if(answer.begin(), answer.end(),
                                    [&](const PartAnswer& one) { return one.kind == kind; });
    if (found != answer.end()) return *found;
  }
  return {};
}

bool is_partner_header(std::string_view name) {
  constexpr std::array<std::string_view, 9> kOwned{
      "host",          "content-length", "content-type", "connection", "transfer-encoding",
      "authorization", "expect",         "soapaction",   "trailer"};
  return is_token(name) && std::find(kOwned.begin(), kOwned.end(), lower(name)) == kOwned.end();
}

Pairs partner_headers(const connector::Attempt& attempt) {
  Pairs result;
  for (const auto& [name, value] : attempt.headers)
    if (is_partner_header(name)) result.emplace_back(name, value);
  return result;
}

connector::Received Door::message(const Request& request) const {
  connector::Received received;
  received.endpoint = endpoint;
  received.sender = partner;
  received.headers = allowed_headers(request);
  return received;
}

Pairs allowed_headers(const Request& request) {
  constexpr std::array<std::string_view, 5> kAllowed{"content-type", "message-id", "correlation-id",
                                                     "traceparent", "tracestate"};
  Pairs result;
  for (const auto& [name, value] : request.headers) {
    if (std::find(kAllowed.begin(), kAllowed.end(), name) != kAllowed.end() && is_utf8(value)) {
      result.emplace_back(name, clean_text(value));
    }
  }
  return result;
}

std::string media_type(std::string_view content_type) {
  return lower(trim(content_type.substr(0, content_type.find(';'))));
}

std::string media_parameter(std::string_view content_type, std::string_view name) {
  // RFC 9110, 5.6.6: parameters after ';', a value is a token or a quoted string with \ escapes.
  std::size_t at = content_type.find(';');
  while (at < content_type.size()) {
    const auto equals = content_type.find('=', ++at);
    if (equals == std::string_view::npos) return {};
    at = content_type.rfind(';', equals) + 1;  // beyond what has no value
    const bool wanted = lower(trim(content_type.substr(at, equals - at))) == name;
    std::string value;
    at = equals + 1;
    if (at < content_type.size() && content_type[at] == '"') {
      for (++at; at < content_type.size() && content_type[at] != '"'; ++at) {
        if (content_type[at] == '\\' && at + 1 < content_type.size()) ++at;
        value += content_type[at];
      }
      at = content_type.find(';', at);
    } else {
      const auto end = std::min(content_type.find(';', at), content_type.size());
      value = std::string(trim(content_type.substr(at, end - at)));
      at = end;
    }
    if (wanted) return value;
  }
  return {};
}

bool is_utf8_or_unsaid(std::string_view content_type) {
  const std::string charset = lower(media_parameter(content_type, "charset"));
  return charset.empty() || charset == "utf-8" || charset == "utf8" || charset == "us-ascii";
}

}  // namespace masar::http
