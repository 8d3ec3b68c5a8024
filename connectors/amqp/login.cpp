#include "connectors/amqp/login.h"

#include <memory>
#include <string_view>

#include <proton/sasl.h>
#include <proton/sasl_plugin.h>
#include <proton/transport.h>

#include "core/base/hash.h"

namespace masar::amqp {
namespace {

constexpr const char* kPlain = "PLAIN";

/// One transport's login; owned by the transport, which frees it through free_login().
struct Login {
  const Logins* logins;
  std::string user;
};

Login* login_of(pn_transport_t* transport) {
  return static_cast<Login*>(pnx_sasl_get_context(transport));
}

void free_login(pn_transport_t* transport) { std::unique_ptr<Login>(login_of(transport)); }

const char* mechanisms(pn_transport_t*) { return kPlain; }

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
  const auto found = login.logins->find(user);
  const bool known = found != login.logins->end();
  // An unknown user costs a comparison too, so that time does not tell which users there are.
  const bool same =
      equal_in_constant_time(known ? std::string_view(found->second) : password, password);
  if (!known || !same) return false;
  login.user = user;
  return true;
}

void decide(pn_transport_t* transport, const pn_bytes_t* response) {
  Login& login = *login_of(transport);
  if (is_known(login, std::string_view(response->start ? response->start : "", response->size))) {
    pnx_sasl_set_succeeded(transport, login.user.c_str(), nullptr);
  } else {
    pnx_sasl_set_failed(transport);
  }
  pnx_sasl_set_desired_state(transport, SASL_POSTED_OUTCOME);
}

void process_init(pn_transport_t* transport, const char* mechanism, const pn_bytes_t* response) {
  if (std::string_view(mechanism) != kPlain) {
    pnx_sasl_set_failed(transport);
    pnx_sasl_set_desired_state(transport, SASL_POSTED_OUTCOME);
  } else {
    decide(transport, response);
  }
}

// PLAIN has no challenge: a response without one is answered like a bad login.
void process_response(pn_transport_t* transport, const pn_bytes_t*) {
  pnx_sasl_set_failed(transport);
  pnx_sasl_set_desired_state(transport, SASL_POSTED_OUTCOME);
}

// The client's side and the security layer: this implementation has neither.
void nothing(pn_transport_t*) {}
void nothing(pn_transport_t*, const pn_bytes_t*) {}
bool never(pn_transport_t*) { return false; }
bool never(pn_transport_t*, const char*) { return false; }
ssize_t none(pn_transport_t*) { return 0; }
ssize_t none(pn_transport_t*, pn_bytes_t, pn_bytes_t*) { return 0; }

const pnx_sasl_implementation kServerPlain{
    free_login, mechanisms, init_server, never, nothing, process_init, process_response,
    never,      nothing,    nothing,     never, none,    none,         none};

}  // namespace

void require_plain(pn_transport_t* transport, const Logins& logins) {
  pn_sasl_t* sasl = pn_sasl(transport);
  pnx_sasl_set_implementation(transport, &kServerPlain, new Login{&logins, {}});
  pn_sasl_allowed_mechs(sasl, kPlain);
  pn_transport_require_auth(transport, true);
}

}  // namespace masar::amqp
