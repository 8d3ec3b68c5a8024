#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "connectors/http/client.h"
#include "connectors/http/listeners.h"
#include "core/connector/connector.h"

namespace masar::sms {

/// One `<sms>` element, secrets resolved.
struct Settings {
  std::string url;
  std::string user;
  std::string password;
  std::string from;
  std::string report_listener;
  std::string report_path;
  std::string report_url;  ///< empty: where the listener is bound
  std::string report_key;
  std::size_t parts_max = 3;
  std::chrono::milliseconds timeout{10'000};
};

/// Sends one text by Kannel's sendsms. What Kannel would change or cut without a word is rejected
/// before any connection. `context` and `listeners` outlive it. Threads as Outbound.
std::unique_ptr<connector::Outbound> make_outbound(Settings settings, http::ClientSettings client,
                                                   const connector::Context& context,
                                                   const http::Listeners& listeners);

}  // namespace masar::sms
