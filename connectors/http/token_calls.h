#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "connectors/http/client.h"
#include "connectors/http/token.h"
#include "core/connector/connector.h"

namespace masar::http {

/// The calls of one outbound endpoint that present a token (Authorization: Bearer, RFC 6750, 2.1).
/// A call whose token was refused with 401 is made once more with a fresh one: who does not know
/// the caller has done nothing for it.
///
/// Owned by the endpoint; outlives its clients. `client` and `context` are used by call() only.
/// Any thread.
class TokenCalls {
 public:
  using Read = std::function<connector::Outcome(CallResult)>;  ///< what a result means

  TokenCalls(TokenKeeper::Settings settings, Client& client, const connector::Context& context,
             TokenKeeper::Fetch fetch, Read read);

  /// Within `timeout`, the token's fetch included. `done` as Outbound::send()'s.
  void call(Call call, std::chrono::milliseconds timeout, connector::Outbound::Done done);

 private:
  struct Sending {
    Call call;
    connector::Outbound::Done done;
    SteadyClock::TimePoint end;
    bool may_renew = true;
  };

  void present(Sending sending);
  void send(const Sending& sending, const std::string& token, std::chrono::milliseconds left);
  void fail(const Sending& sending, connector::Outcome failure);

  Client& client_;
  const SteadyClock& steady_;
  Executor& executor_;
  const Read read_;
  TokenKeeper keeper_;
};

}  // namespace masar::http
