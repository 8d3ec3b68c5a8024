#pragma once

// Heavy: for the few source files that read a partner's small answers.

#include <cstddef>
#include <optional>
#include <string_view>

#include <boost/json.hpp>

namespace masar::http {

struct ObjectLimits {
  std::size_t depth_max = 1;  ///< 1: its members hold no object and no array
  std::size_t members_max = 16;
};

/// The JSON object that `body` is, strictly; none where it is anything else, empty, or over a
/// limit. A member that stands twice has its last value. Any thread.
std::optional<boost::json::object> read_object(std::string_view body, ObjectLimits limits);

/// The text of a member; empty where it is no string, or not there.
std::string_view text_of(const boost::json::object& object, std::string_view member);

}  // namespace masar::http
