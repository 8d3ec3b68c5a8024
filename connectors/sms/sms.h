#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/http/listeners.h"
#include "core/connector/connector.h"

namespace masar::sms {

/// Text messages through Kannel's HTTP interface (PARTNERS.md, SMS): outbound, with delivery reports that
/// come back to a listener of the http connector. `listeners` outlives it.
std::unique_ptr<connector::Connector> make_sms(const connector::Context& context, http::Listeners& listeners);

/// The last segment of a report's address: the effect's id and a MAC that nobody can guess.
std::string report_segment(std::string_view key, std::string_view effect_id);
/// The effect's id where the segment is one of ours.
std::optional<std::string> effect_of_segment(std::string_view key, std::string_view segment);

}  // namespace masar::sms
