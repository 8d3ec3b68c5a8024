#pragma once

// Proton's C engine as the connector's private sources use it: owners for what is ours to free, and
// the few phrases that would repeat. Included by no public header.

#include <memory>
#include <string>

#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/delivery.h>
#include <proton/disposition.h>
#include <proton/event.h>
#include <proton/link.h>
#include <proton/listener.h>
#include <proton/netaddr.h>
#include <proton/proactor.h>
#include <proton/sasl.h>
#include <proton/session.h>
#include <proton/terminus.h>
#include <proton/transport.h>

namespace masar::amqp {

struct FreeProactor {
  void operator()(pn_proactor_t* proactor) const noexcept { pn_proactor_free(proactor); }
};
using ProactorPtr = std::unique_ptr<pn_proactor_t, FreeProactor>;

/// Condition names of AMQP 1.0, part 2.8, that the connector says.
namespace condition {
inline constexpr const char* kUnauthorized = "amqp:unauthorized-access";
inline constexpr const char* kNotFound = "amqp:not-found";
inline constexpr const char* kNotImplemented = "amqp:not-implemented";
inline constexpr const char* kLimit = "amqp:resource-limit-exceeded";
inline constexpr const char* kTooLarge = "amqp:link:message-size-exceeded";
inline constexpr const char* kForced = "amqp:connection:forced";
inline constexpr const char* kDecode = "amqp:decode-error";
}  // namespace condition

/// A peer shows descriptions to people; longer ones are cut.
inline constexpr std::size_t kDescriptionBytesMax = 1024;

inline void set(pn_condition_t* target, const char* name, const std::string& description) {
  pn_condition_set_name(target, name);
  pn_condition_set_description(target, description.substr(0, kDescriptionBytesMax).c_str());
}

inline std::string text_or(const char* text, const char* otherwise) {
  return text ? text : otherwise;
}

}  // namespace masar::amqp
