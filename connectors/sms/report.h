#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace masar::sms {

/// The last segment of a report's address: the effect's id and a MAC that nobody can guess.
std::string report_segment(std::string_view key, std::string_view effect_id);
/// The effect's id where the segment is one of ours.
std::optional<std::string> effect_of_segment(std::string_view key, std::string_view segment);

/// Kannel's `%d` in words: delivered, failed, buffered, accepted, rejected, expired, unknown. Empty
/// for what is none of its codes.
std::string_view state_of(std::string_view code);

}  // namespace masar::sms
