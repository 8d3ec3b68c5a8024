#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/http/client.h"
#include "connectors/http/token.h"
#include "connectors/tls/in_use.h"
#include "core/config/element.h"
#include "core/config/fields.h"
#include "core/connector/connector.h"

namespace masar::http {

inline constexpr std::size_t kTokenBytesMax = 4096;

/// The login of a user by a JSON object of two members.
std::string login_json(std::string_view user_member, std::string_view user,
                       std::string_view password_member, std::string_view password);

/// What came of a login: the token is the text of `member` of a JSON object, visible ASCII, with or
/// without `Bearer ` before it; its life is `expires_in` in seconds where that is there, a day at
/// most (RFC 6749, 5.1). Everything else is unavailable, "no-token", and a refusal of the login
/// "login-STATUS": nothing of a call has left.
FetchedToken token_of(const CallResult& result, std::string_view member);

/// Lint of an outbound element's `<token>`.
void check_token(const config::Element& token, config::Diagnostics& diagnostics);

/// Where an outbound endpoint's tokens come from, by its `<token>`, which check_token() found
/// nothing wrong with: the client credentials of OAuth 2.0 (RFC 6749, 4.4), or a JSON object with
/// user and password. The password is read for each login, so that a changed secret counts at once.
///
/// Owned by the endpoint. fetch() from any thread; stop() and the destructor by one.
class TokenLogin {
 public:
  /// Throws Error(config, "no-secret" or "bad-certificate"). `proxy` as ClientSettings has it;
  /// `in_use` may be null.
  TokenLogin(const config::Element& token, const connector::EndpointSpec& spec,
             const connector::Context& context, const std::string& proxy, tls::InUse* in_use);

  std::chrono::milliseconds lifetime() const noexcept { return lifetime_; }
  /// As TokenKeeper::Fetch.
  void fetch(const TokenKeeper::Use& use);
  void stop() { client_.stop(); }

 private:
  TokenLogin(const config::Values& values, const config::Element& token,
             const connector::EndpointSpec& spec, const connector::Context& context,
             const std::string& proxy, tls::InUse* in_use);
  Call login() const;

  const connector::Secrets& secrets_;
  const std::string url_;
  const bool json_;
  const std::string user_;
  const std::string password_;  ///< the secret's name
  const std::string user_member_;
  const std::string password_member_;
  const std::string member_;
  const std::string scope_;
  const std::chrono::milliseconds lifetime_;
  const std::chrono::milliseconds timeout_;
  Client client_;  // last: its threads use what stands above
};

}  // namespace masar::http
