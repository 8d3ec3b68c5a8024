#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "connectors/http/peers.h"
#include "connectors/http/server.h"
#include "core/config/fields.h"
#include "core/connector/connector.h"
#include "core/connector/live_secret.h"

namespace masar::http {

/// The passwords that count at the moment, a line each in the secret: the old one and the new one
/// while a partner changes over. At least one, at most four.
using Passwords = std::vector<std::string>;

/// What every inbound endpoint that partners reach by HTTP has in common: path, method, addresses,
/// certificate, HTTP Basic, pause, limits, audit. A connector gets it by door_of() and completes
/// the handler that it makes.
struct Door {
  std::string endpoint;
  std::string partner;
  std::string path;
  std::string method = "POST";
  Peers peers;          ///< whose sockets may call
  std::string subject;  ///< of the certificate that may call; empty: any, and none
  std::string user;  ///< empty: anybody
  std::shared_ptr<connector::LiveSecret<Passwords>> passwords;  ///< of `user`
  std::size_t body_bytes_max = 1 << 20;
  std::chrono::milliseconds timeout{10'000};
  connector::Intake* intake = nullptr;
  std::shared_ptr<std::atomic<bool>> paused = std::make_shared<std::atomic<bool>>(false);
  std::function<Response(const Problem&, std::string_view content_type)>
      error;  ///< empty: problem_json

  /// Everything but `handle`: 403 to a peer that is not in the list or has not the certificate, 401
  /// without the right user and password, 503 while paused, and an audit row for what is refused.
  /// The 403 is problem_json: that is no partner, and no answer is signed for him.
  /// Any thread.
  Handler handler() const;
  /// A request as Intake gets it, without its id and its body.
  connector::Received message(const Request& request) const;
  Response answer(const Problem& problem, std::string_view content_type = {}) const {
    return error ? error(problem, content_type) : problem_json(problem);
  }
};

/// The attributes `listener path peers subject user password` of an inbound element: path beginning
/// with '/', readable peers, user and password together. To be called beside the element's own
/// table, which holds door_fields().
void check_door(const config::Values& values, config::Diagnostics& diagnostics);
/// The fields of a door, for an element's table.
std::vector<config::Field> door_fields();
/// Whether they say who may call: by a user or by a certificate.
bool has_login(const config::Values& values);
/// The door that such an element and its endpoint describe. Throws Error(config).
Door door_of(const config::Values& values, const connector::EndpointSpec& spec,
             const connector::Context& context, connector::Intake& intake);

/// The one answer for a message whose parts were answered: retry_later before replied before
/// accepted before refused.
connector::PartAnswer whole(const connector::IntakeAnswer& answer);

/// The attempt's headers that may go to a partner: valid names, none that the transport owns.
Pairs partner_headers(const connector::Attempt& attempt);
bool is_partner_header(std::string_view name);
/// The headers that reach Intake: content-type, message-id, correlation-id, traceparent,
/// tracestate.
Pairs allowed_headers(const Request& request);
/// The media type of a Content-Type value in lower case, and whether its charset, where it has one,
/// is UTF-8.
std::string media_type(std::string_view content_type);
/// A parameter's value (`name` in lower case), without quotes; empty where there is none.
std::string media_parameter(std::string_view content_type, std::string_view name);
bool is_utf8_or_unsaid(std::string_view content_type);

}  // namespace masar::http
