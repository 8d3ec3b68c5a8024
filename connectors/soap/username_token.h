#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/soap/envelope.h"
#include "connectors/soap/nonces.h"
#include "core/base/clock.h"

namespace masar::soap {

/// How a UsernameToken says its password (OASIS UsernameToken Profile 1.0, 3.1).
enum class PasswordType {
  any,     ///< inbound only
  digest,  ///< base64 of SHA-1 over nonce, Created and password
  text,
};

struct TokenSettings {
  std::string user;
  std::string password;
  PasswordType type = PasswordType::any;
  std::chrono::milliseconds age{300'000};  ///< a Created older than this is expired
  std::chrono::milliseconds skew{60'000};  ///< how far the sender's clock may be off, both ways
  std::size_t nonces_max = 100'000;        ///< remembered at once; beyond it: come again
};

/// The door-keeper of an inbound endpoint: one `wsse:Security` with a `wsu:Timestamp` that is fresh
/// and one `wsse:UsernameToken` with our partner's name and password, its nonce (which a digest
/// needs) never seen before. By the clock of the host. Any thread.
class TokenGate {
 public:
  TokenGate(TokenSettings settings, const BusinessClock& host, const SteadyClock& steady);

  /// Throws BadEnvelope with a fault of WS-Security 1.0, 12: `wsse:InvalidSecurity` (no Security,
  /// or an unsound one), `wsu:MessageExpired` (too old, or of the future),
  /// `wsse:UnsupportedSecurityToken`, `wsse:InvalidSecurityToken` (an unsound or repeated token),
  /// `wsse:FailedAuthentication`.
  void check(pugi::xml_node header, Version version) const;

 private:
  struct Token;
  void check_token(pugi::xml_node element) const;
  Token read_token(pugi::xml_node element) const;
  void remember(const std::string& nonce) const;

  const TokenSettings settings_;
  const BusinessClock& host_;
  const SteadyClock& steady_;
  const std::unique_ptr<Nonces> nonces_;
};

/// Whether a reply's `wsse:Security`, where it has one for us, is fresh in its Timestamp. Throws
/// BadEnvelope as TokenGate does; no Security is no fault.
void check_reply_security(pugi::xml_node header, Version version, const TokenSettings& settings,
                          Instant now);

/// `<wsse:Security>` for one attempt: a Timestamp that is good for `settings.age`, and a token with
/// a nonce of its own.
std::string write_security(const TokenSettings& settings, Instant now);

}  // namespace masar::soap
