#include "connectors/amqp/login.h"

#include <memory>
#include <sstream>
#include <string_view>

#include <proton/sasl.h>
#include <proton/sasl_plugin.h>
#include <proton/ssl.h>
#include <proton/transport.h>

#include "core/base/hash.h"

namespace masar::amqp {
namespace {

constexpr const char* kPlain = "PLAIN";
constexpr const char* kExternal = "EXTERNAL";

/// One transport's login; owned by the transport, which frees it through free_login().
struct Login {
  const Logins* logins;
  std::string mechanisms;
  std::string user;
};

Login* login_of(pn_transport_t* transport) {
  return static_cast<Login*>(pnx_sasl_get_context(transport));
}

void free_login(pn_transport_t* transport) { std::unique_ptr<Login>(login_of(transport)); }

const char* mechanisms(pn_transport_t* transport) {
  return login_of(transport)->mechanisms.c_str();
}

bool init_server(pn_transport_t* transport) {
  pnx_sasl_set_desired_state(transport, SASL_POSTED_MECHANISMS);
  return true;
}

/// RFC 4616: authorization identity NUL user NUL password. The authorization identity, where there
/// is one, is the user: nobody acts for another.
bool is_known(Login& login, std::string_view response) {
  const std::size_t first = response.find('\0');
  if (first == std::string_view::npos) return false;
  const std::size_t second = response.find('\0', first + 1);
  if (second == std::string_view::npos) return false;
  const std::string_view authorization = response.substr(0, first);
  const std::string_view user = response.substr(first + 1, second - first - 1);
  const std::string_view password = response.substr(second + 1);
  if (user.empty() || password.empty() || (!authorization.empty() && authorization != user))
    return false;
  const auto found = login.logins->passwords.find(user);
  const bool known = found != login.logins->passwords.end();
  // An unknown user costs a comparison too, so that time does not tell which users there are.
  const bool same =
      equal_in_constant_time(known ? std::string_view(found->second) : password, password);
  if (!known || !same) return false;
  login.user = user;
  return true;
}

/// RFC 4422, appendix A: the response is empty, or the identity to act as. The identity is the
/// certificate's, which TLS has verified before the first byte of SASL.
bool is_shown(Login& login, pn_transport_t* transport, std::string_view response) {
  if (!pn_transport_is_encrypted(transport)) return false;
  const char* subject = pn_ssl_get_remote_subject(pn_ssl(transport));
  if (subject == nullptr) return false;
  const auto found = login.logins->users.find(std::string_view(subject));
  if (found == login.logins->users.end()) return false;
  if (!response.empty() && response != found->second) return false;
  login.user = found->second;
  return true;
}

void process_init(pn_transport_t* transport, const char* mechanism, const pn_bytes_t* bytes) {
  Login& login = *login_of(transport);
  const std::string_view name(mechanism);
  const std::string_view response(bytes->start ? bytes->start : "", bytes->size);
  if ((name == kPlain && is_known(login, response)) ||
      (name == kExternal && is_shown(login, transport, response))) {
    pnx_sasl_set_succeeded(transport, login.user.c_str(), nullptr);
  } else {
    pnx_sasl_set_failed(transport);
  }
  pnx_sasl_set_desired_state(transport, SASL_POSTED_OUTCOME);
}

// Neither has a challenge: a response without one is answered like a bad login.
void process_response(pn_transport_t* transport, const pn_bytes_t*) {
  pnx_sasl_set_failed(transport);
  pnx_sasl_set_desired_state(transport, SASL_POSTED_OUTCOME);
}

/// The client's side of one transport.
struct Answer {
  std::string mechanism;
  std::string response;  // lives until it is written
};

Answer* answer_of(pn_transport_t* transport) {
  return static_cast<Answer*>(pnx_sasl_get_context(transport));
}

void free_answer(pn_transport_t* transport) { std::unique_ptr<Answer>(answer_of(transport)); }

const char* own_mechanism(pn_transport_t* transport) {
  return answer_of(transport)->mechanism.c_str();
}

bool init_client(pn_transport_t*) { return true; }

bool choose(pn_transport_t* transport, const char* offered) {
  Answer& answer = *answer_of(transport);
  std::istringstream list(offered ? offered : "");
  for (std::string mechanism; list >> mechanism;) {
    if (mechanism != answer.mechanism) continue;
    pnx_sasl_set_selected_mechanism(transport, answer.mechanism.c_str());
    pnx_sasl_set_bytes_out(transport, pn_bytes(answer.response.size(), answer.response.data()));
    pnx_sasl_set_desired_state(transport, SASL_POSTED_INIT);
    return true;
  }
  return false;
}

void give_up(pn_transport_t* transport, const pn_bytes_t*) {  // no challenge belongs to these
  pnx_sasl_set_desired_state(transport, SASL_ERROR);
}

// The other side and the security layer: these implementations have neither.
void nothing(pn_transport_t*) {}
void nothing(pn_transport_t*, const pn_bytes_t*) {}
void nothing(pn_transport_t*, const char*, const pn_bytes_t*) {}
bool never(pn_transport_t*) { return false; }
bool never(pn_transport_t*, const char*) { return false; }
ssize_t none(pn_transport_t*) { return 0; }
ssize_t none(pn_transport_t*, pn_bytes_t, pn_bytes_t*) { return 0; }

const pnx_sasl_implementation kServer{
    free_login, mechanisms, init_server, never, nothing, process_init, process_response,
    never,      nothing,    nothing,     never, none,    none,         none};

const pnx_sasl_implementation kClient{
    free_answer, own_mechanism, never,   init_client, nothing, nothing, nothing,
    choose,      give_up,       nothing, never,       none,    none,    none};

}  // namespace

void require_login(pn_transport_t* transport, const Logins& logins) {
  std::string offered;
  if (!logins.users.empty()) offered = kExternal;
  if (!logins.passwords.empty()) offered += offered.empty() ? kPlain : std::string(" ") + kPlain;
  pn_sasl_t* sasl = pn_sasl(transport);
  pn_sasl_allowed_mechs(sasl, offered.c_str());
  pnx_sasl_set_implementation(transport, &kServer, new Login{&logins, std::move(offered), {}});
  pn_transport_require_auth(transport, true);
}

namespace {

void log_in(pn_transport_t* transport, const char* mechanism, std::string response) {
  pn_sasl_t* sasl = pn_sasl(transport);
  pnx_sasl_set_implementation(transport, &kClient, new Answer{mechanism, std::move(response)});
  pn_sasl_allowed_mechs(sasl, mechanism);
}

}  // namespace

void log_in_plain(pn_transport_t* transport, const std::string& user,
                  const std::string& password) {
  std::string response(1, '\0');  // RFC 4616: no authorization identity
  response += user;
  response += '\0';
  response += password;
  log_in(transport, kPlain, std::move(response));
}

void log_in_external(pn_transport_t* transport) { log_in(transport, kExternal, {}); }

}  // namespace masar::amqp
